// Certificates are verified: by whom, and for whom.
#include <atomic>

#include <gmock/gmock.h>

#include "http/client_fixture.hpp"

namespace skein::http::test {
namespace {

using ::testing::HasSubstr;

testing::responder hello() {
  return [](const auto&) { return testing::scripted_turn{.text = std::string(5000, 'x')}; };
}

SKEIN_HTTP_SUITE(ClientTls);

TEST_P(ClientTls, ASelfSignedCertificateIsRefused) {
  testing::model_server server(hello(), {.tls = testing::self_signed()});
  client c(options_for_test());
  const auto failure = run(failing_fetch(c, chat_request(server)));
  EXPECT_EQ(failure.type, "tls_failed");
  EXPECT_THAT(failure.text, HasSubstr("ca_file"));
  EXPECT_EQ(server.counters().requests, 0U);
}

TEST_P(ClientTls, AnAuthorityFromTheOptionsIsTrusted) {
  const auto identity = testing::self_signed();
  testing::model_server server(hello(), {.tls = identity});
  const temporary_file ca(identity.certificate);
  auto o = options_for_test();
  o.ca_file = ca.path();
  client c(o);
  auto work = [&]() -> task<> {
    for (int i = 0; i < 3; ++i) {
      EXPECT_TRUE((co_await fetch(c, chat_request(server))).ends_with("data: [DONE]\n\n"));
    }
  };
  run(work());
  EXPECT_EQ(server.counters().accepted_connections, 1U);
}

TEST_P(ClientTls, ACertificateForAnotherHostIsRefused) {
  const auto identity = testing::self_signed("elsewhere.example");
  testing::model_server server(hello(), {.tls = identity});
  const temporary_file ca(identity.certificate);
  auto o = options_for_test();
  o.ca_file = ca.path();
  client c(o);
  const auto failure = run(failing_fetch(c, chat_request(server)));
  EXPECT_EQ(failure.type, "tls_failed");
  EXPECT_THAT(failure.text, HasSubstr("subject name"));
  EXPECT_EQ(server.counters().requests, 0U);
}

TEST_P(ClientTls, AMissingAuthorityFileIsNamed) {
  testing::model_server server(hello(), {.tls = testing::self_signed()});
  auto o = options_for_test();
  o.ca_file = "no-such-file.pem";
  client c(o);
  const auto failure = run(failing_fetch(c, chat_request(server)));
  EXPECT_EQ(failure.type, "tls_failed");
  EXPECT_THAT(failure.text, HasSubstr("no-such-file.pem"));
}

TEST_P(ClientTls, APlainServerBehindAnHttpsUrl) {
  raw_server server([](peer& p) {
    p.bytes(10);
    p.write("HTTP/1.1 400 Bad Request\r\n\r\n");
  });
  client c(options_for_test());
  auto url = server.url();
  url.insert(4, "s");
  EXPECT_EQ(run(failing_fetch(c, {.url = url})).type, "tls_failed");
}

TEST_P(ClientTls, WhatNobodyTakesIsNotReadUnderTlsEither) {
  const auto identity = testing::self_signed();
  constexpr std::size_t size = std::size_t{32} << 20;
  std::atomic<std::size_t> written = 0;
  raw_server server(
      [&](peer& p) {
        p.request();
        p.write("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(size) + "\r\n\r\n");
        const std::string part(1 << 16, 'x');
        while (written < size && p.write(part)) written += part.size();
        p.until_closed();
      },
      identity);
  const temporary_file ca(identity.certificate);
  auto o = options_for_test();
  o.ca_file = ca.path();
  client c(o);
  auto work = [&]() -> task<> {
    auto x = c.send({.url = server.url()});
    co_await x.head();
    std::size_t seen_before = 0;
    do {  // until the server stands still
      seen_before = written;
      co_await sleep_for(100ms);
    } while (written != seen_before);
    EXPECT_LT(written, size / 2);
    EXPECT_EQ((co_await read_all(x)).size(), size);
  };
  run(work());
}

}  // namespace
}  // namespace skein::http::test
