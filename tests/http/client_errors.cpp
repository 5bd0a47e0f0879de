// What can go wrong has a type, and a text that says where and what to do.
#include <format>

#include <gmock/gmock.h>

#include "http/client_fixture.hpp"

namespace skein::http::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

struct bytes_case {
  const char* name;
  std::string bytes;  // what the server sends before it closes
  const char* type;
  const char* says;
  std::string before = {};  // of the body, handed out first
  limits with = {};
};

class ClientBytes : public ::testing::TestWithParam<std::tuple<bytes_case, unsigned>> {};

TEST_P(ClientBytes, HaveTheirError) {
  const auto& [c, threads] = GetParam();
  raw_server server([&](peer& p) {
    p.request();
    p.write(c.bytes);
  });
  auto o = options_for_test();
  o.limits = c.with;
  client cl(o);
  std::string got;
  auto pull = [&]() -> task<> {
    auto x = cl.send({.url = server.url()});
    while (auto piece = co_await x.next()) got += *piece;
  };
  auto work = [&]() -> task<thrown> { co_return to_thrown(co_await as_result(pull())); };
  asio_runtime rt(threads);
  const auto failure = sync_wait(rt, work());
  EXPECT_EQ(failure.type, c.type);
  EXPECT_THAT(failure.text, HasSubstr(c.says));
  EXPECT_THAT(failure.text, HasSubstr(std::format("127.0.0.1:{}: ", server.port())));
  EXPECT_EQ(got, c.before);
  EXPECT_EQ(cl.open_exchanges(), 0U);
}

std::string many_headers(int n) {
  std::string all = "HTTP/1.1 200 OK\r\n";
  for (int i = 0; i < n; ++i) all += std::format("X-{}: {}\r\n", i, i);
  return all + "Content-Length: 0\r\n\r\n";
}

INSTANTIATE_TEST_SUITE_P(
    Answers, ClientBytes,
    ::testing::Combine(
        ::testing::Values(
            bytes_case{"Nothing", "", "connection_closed", "before the end of the response"},
            bytes_case{"CutHead", "HTTP/1.1 200 OK\r\nContent-", "connection_closed",
                       "before the end"},
            bytes_case{"CutLength", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc",
                       "connection_closed", "before the end", "abc"},
            bytes_case{"CutChunks",
                       "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
                       "connection_closed", "before the end", "abc"},
            bytes_case{"CutInAChunk",
                       "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nabc",
                       "connection_closed", "before the end", "abc"},
            bytes_case{"BadChunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc",
                       "connection_closed", "before the end"},
            bytes_case{"NotHttp", "SSH-2.0-OpenSSH_9\r\n\r\n", "malformed", "not HTTP"},
            bytes_case{"LongHead",
                       "HTTP/1.1 200 OK\r\nX: " + std::string(5000, 'x') + "\r\n\r\n",
                       "limit_exceeded",
                       "limits.header_bytes",
                       "",
                       {.header_bytes = 4000}},
            bytes_case{"ManyHeaders",
                       many_headers(60),
                       "limit_exceeded",
                       "limits.header_count",
                       "",
                       {.header_count = 50}},
            bytes_case{"LongBody",
                       answer(std::string(20'000, 'x')),
                       "limit_exceeded",
                       "limits.body_bytes",
                       "",
                       {.body_bytes = 1000}},
            bytes_case{"EndlessInterim",
                       "HTTP/1.1 100 Continue\r\n\r\n" + many_headers(10),
                       "limit_exceeded",
                       "limits.header_bytes",
                       "",
                       {.header_bytes = 60}}),
        ::testing::Values(1U, 4U)),
    [](const auto& test) {
      return std::string(std::get<0>(test.param).name) + std::to_string(std::get<1>(test.param));
    });

SKEIN_HTTP_SUITE(ClientErrors);

TEST_P(ClientErrors, ABodyOfExactlyTheLimitIsTaken) {
  raw_server server([&](peer& p) {
    p.request();
    p.write(answer("12345"));
  });
  auto o = options_for_test();
  o.limits.body_bytes = 5;
  client c(o);
  EXPECT_EQ(run(fetch(c, {.url = server.url()})), "12345");
}

TEST_P(ClientErrors, ReadAllHasALimitOfItsOwn) {
  raw_server server([&](peer& p) {
    while (!p.request().empty()) p.write(answer("12345"));
  });
  client c(options_for_test());
  auto read = [&](std::size_t limit) -> task<std::string> {
    auto x = c.send({.url = server.url()});
    co_return co_await read_all(x, limit);
  };
  auto work = [&]() -> task<> {
    EXPECT_EQ(co_await read(5), "12345");
    EXPECT_EQ(to_thrown(co_await as_result(read(4))).type, "limit_exceeded");
  };
  run(work());
}

TEST_P(ClientErrors, AResetInTheBody) {
  testing::model_server server([](const auto&) {
    return testing::scripted_turn{
        .text = std::string(1000, 'x'),
        .fault = testing::fault{.kind = testing::fault_kind::reset, .at = 400}};
  });
  client c(options_for_test());
  EXPECT_EQ(run(failing_fetch(c, chat_request(server))).type, "connection_closed");
}

TEST_P(ClientErrors, TheFailureStays) {
  raw_server server([&](peer& p) {
    p.request();
    p.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc");
  });
  client c(options_for_test());
  auto pull = [](exchange& x) -> task<> { co_await x.next(); };
  auto work = [&]() -> task<> {
    auto x = c.send({.url = server.url()});
    EXPECT_EQ(co_await x.next(), "abc");
    for (int i = 0; i < 2; ++i) {
      EXPECT_EQ(to_thrown(co_await as_result(pull(x))).type, "connection_closed");
    }
    EXPECT_EQ((co_await x.head()).status, 200);
  };
  run(work());
}

TEST_P(ClientErrors, NobodyListens) {
  std::uint16_t port = 0;
  {
    port = raw_server([](peer&) {}).port();
  }
  client c(options_for_test());
  auto failure =
      run(failing_fetch(c, {.url = std::format("http://user:secret@127.0.0.1:{}/", port)}));
  EXPECT_EQ(failure.type, "connect_failed");
  EXPECT_THAT(failure.text, HasSubstr(std::format("127.0.0.1:{}: ", port)));
  EXPECT_THAT(failure.text, Not(HasSubstr("secret")));
}

TEST_P(ClientErrors, TheNameIsUnknown) {
  client c(options_for_test());
  auto failure = run(failing_fetch(c, {.url = "http://no-such-host.invalid/"}));
  EXPECT_EQ(failure.type, "dns_failed");
  EXPECT_THAT(failure.text, HasSubstr("no-such-host.invalid:80: "));
}

struct unusable_case {
  const char* name;
  request what;
};
class ClientUsage : public ::testing::TestWithParam<unusable_case> {};

TEST_P(ClientUsage, ARequestThatCannotBeSentIsRefusedBeforeAnythingIs) {
  client c(options_for_test());
  try {
    auto x = c.send(GetParam().what);
    FAIL() << "was accepted";
  } catch (const usage_error& e) {
    EXPECT_THAT(e.what(), Not(HasSubstr("secret")));
  }
}

INSTANTIATE_TEST_SUITE_P(
    Requests, ClientUsage,
    ::testing::Values(
        unusable_case{"NoUrl", {}}, unusable_case{"NoScheme", {.url = "host/path"}},
        unusable_case{"File", {.url = "file:///etc/passwd"}},
        unusable_case{"BadPort", {.url = "http://u:secret@host:99999/"}},
        unusable_case{"Space", {.url = "http://u:secret@ho st/"}},
        unusable_case{"Method", {.method = "GE T", .url = "http://h/"}},
        unusable_case{"HeaderName", {.url = "http://h/", .headers = {{"a b", "c"}}}},
        unusable_case{"HeaderLine", {.url = "http://h/", .headers = {{"a", "secret\r\nb: c"}}}},
        unusable_case{"HeaderNul",
                      {.url = "http://h/", .headers = {{"a", std::string("b\0c", 3)}}}}),
    [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace skein::http::test
