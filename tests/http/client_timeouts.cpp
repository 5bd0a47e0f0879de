// Each timeout strikes where it should, by its name, and no other does.
#include <format>
#include <future>
#include <thread>

#include <gmock/gmock.h>

#include "http/client_fixture.hpp"

namespace skein::http::test {
namespace {

using ::testing::HasSubstr;

constexpr auto brief = 80ms;

struct timeout_case {
  const char* name;
  std::string bytes;  // the server's answer, after which it is silent; "tls": silent from the start
  timeouts with;
  std::string before = {};
};

constexpr auto none = 0ms;

class ClientTimeout : public ::testing::TestWithParam<std::tuple<timeout_case, unsigned>> {};

TEST_P(ClientTimeout, Strikes) {
  const auto& [c, threads] = GetParam();
  const bool tls = c.bytes == "tls";
  raw_server server([&](peer& p) {
    if (!tls) {
      p.request();
      p.write(c.bytes);
    }
    p.until_closed();
  });
  auto o = options_for_test();
  o.timeouts = c.with;
  client cl(o);
  auto url = server.url();
  if (tls) url.insert(4, "s");
  std::string got;
  auto pull = [&]() -> task<> {
    auto x = cl.send({.url = url});
    while (auto piece = co_await x.next()) got += *piece;
  };
  auto work = [&]() -> task<thrown> { co_return to_thrown(co_await as_result(pull())); };
  asio_runtime rt(threads);
  const auto began = std::chrono::steady_clock::now();
  const auto failure = sync_wait(rt, work());
  EXPECT_GE(std::chrono::steady_clock::now() - began, brief);
  std::string option(c.name);
  option.resize(option.find("In"));
  EXPECT_EQ(failure.type, option == "connect" ? "timeout_connect" : "timeout");
  EXPECT_THAT(failure.text, HasSubstr(std::format("timeouts.{}.", option)));
  EXPECT_THAT(failure.text, HasSubstr("within 80 ms"));
  EXPECT_EQ(got, c.before);
  EXPECT_EQ(cl.open_connections(), 0U);
  EXPECT_TRUE(server.wait_for([](const auto& n) { return n.open == 0; }));
}

const std::string two_of_ten = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nab";

INSTANTIATE_TEST_SUITE_P(
    Stages, ClientTimeout,
    ::testing::Combine(
        ::testing::Values(
            timeout_case{"connectInTls",
                         "tls",
                         {.connect = brief, .first_byte = none, .idle = none, .total = none}},
            timeout_case{"first_byteInHead",
                         "",
                         {.connect = 20s, .first_byte = brief, .idle = 20s, .total = none}},
            timeout_case{"idleInHead",
                         "HTTP/1.1 200 OK\r\n",
                         {.connect = 20s, .first_byte = 20s, .idle = brief, .total = none}},
            timeout_case{"idleInBody",
                         two_of_ten,
                         {.connect = 20s, .first_byte = 20s, .idle = brief, .total = none},
                         "ab"},
            timeout_case{"totalInTls",
                         "tls",
                         {.connect = 20s, .first_byte = 20s, .idle = 20s, .total = brief}},
            timeout_case{"totalInHead",
                         "",
                         {.connect = none, .first_byte = none, .idle = none, .total = brief}},
            timeout_case{"totalInBody",
                         two_of_ten,
                         {.connect = 20s, .first_byte = 20s, .idle = 20s, .total = brief},
                         "ab"}),
        ::testing::Values(1U, 4U)),
    [](const auto& test) {
      return std::string(std::get<0>(test.param).name) + std::to_string(std::get<1>(test.param));
    });

SKEIN_HTTP_SUITE(ClientTimes);

TEST_P(ClientTimes, BytesKeepTheIdleTimeoutAway) {
  testing::model_server server([](const auto&) {
    return testing::scripted_turn{.chunks = std::vector<std::string>(30, "abc"),
                                  .chunk_delay = 20ms};
  });
  auto o = options_for_test();
  o.timeouts.idle = 200ms;
  client c(o);
  EXPECT_TRUE(run(fetch(c, chat_request(server))).ends_with("data: [DONE]\n\n"));
}

TEST_P(ClientTimes, WhatLiesReadyWhenTheProgramWasBusyIsReadFirst) {
  std::promise<void> asked;
  std::promise<void> sent;
  raw_server server([&](peer& p) {
    p.request();
    p.write("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nab");
    asked.get_future().wait();
    p.write("cd");
    sent.set_value();
  });
  auto o = options_for_test();
  o.timeouts.idle = 60ms;
  client c(o);
  auto work = [&]() -> task<std::string> {
    auto x = c.send({.url = server.url()});
    EXPECT_EQ(co_await x.next(), "ab");
    asked.set_value();
    sent.get_future().wait();
    std::this_thread::sleep_for(120ms);  // is the busy program
    co_return co_await read_all(x);
  };
  EXPECT_EQ(run(work()), "cd");
}

}  // namespace
}  // namespace skein::http::test
