// Clients, runtimes and exchanges may go in any order.
#include <optional>

#include "http/client_fixture.hpp"

namespace skein::http::test {
namespace {

raw_server::script keep_answering() {
  return [](peer& p) {
    while (!p.request().empty()) p.write(answer("abc"));
  };
}
raw_server::script half_an_answer() {
  return [](peer& p) {
    p.request();
    p.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nab");
    p.until_closed();
  };
}
task<exchange> begun(client& c, std::string url) {
  auto x = c.send({.url = std::move(url)});
  co_await x.head();
  co_return x;
}
task<thrown> pull(exchange& x) {
  auto all = [](exchange& from) -> task<> {
    while (co_await from.next()) {}
  };
  co_return to_thrown(co_await as_result(all(x)));
}

TEST(ClientLifetime, OneClientServesRuntimesOneAfterAnother) {
  raw_server server(keep_answering());
  client c(options_for_test());
  for (unsigned threads : {1U, 4U, 1U, 4U}) {
    asio_runtime rt(threads);
    EXPECT_EQ(sync_wait(rt, fetch(c, {.url = server.url()})), "abc");
    EXPECT_EQ(sync_wait(rt, fetch(c, {.url = server.url()})), "abc");
    EXPECT_EQ(c.open_connections(), 1U);
  }
  EXPECT_TRUE(server.wait_for([](const auto& n) { return n.open == 0; }));
  EXPECT_EQ(server.counts().accepted, 4U);
}

TEST(ClientLifetime, OneClientServesRuntimesSideBySide) {
  raw_server server(keep_answering());
  client c(options_for_test());
  std::vector<std::jthread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      asio_runtime rt;
      for (int k = 0; k < 20; ++k) EXPECT_EQ(sync_wait(rt, fetch(c, {.url = server.url()})), "abc");
    });
  }
  threads.clear();
  EXPECT_EQ(server.counts().accepted, 4U);
  EXPECT_EQ(c.open_connections(), 0U);
}

TEST(ClientLifetime, AnExchangeOutlivesItsRuntime) {
  raw_server server(half_an_answer());
  client c(options_for_test());
  auto x = [&] {
    asio_runtime rt;
    return sync_wait(rt, begun(c, server.url()));
  }();
  EXPECT_TRUE(server.wait_for([](const auto& n) { return n.open == 0; }));
  const auto failure = sync_wait(pull(x));
  EXPECT_EQ(failure.type, "connection_closed");
  EXPECT_NE(failure.text.find("runtime"), std::string::npos) << failure.text;
}

TEST(ClientLifetime, AnExchangeIsReadWhereItStarted) {
  raw_server server(half_an_answer());
  client c(options_for_test());
  asio_runtime first;
  auto x = sync_wait(first, begun(c, server.url()));
  EXPECT_EQ(sync_wait(pull(x)).type, "usage_error");
}

TEST(ClientLifetime, AWaitingExchangeLearnsThatItsClientIsGone) {
  raw_server server(half_an_answer());
  for (unsigned threads : {1U, 4U}) {
    std::optional<client> c(options_for_test());
    asio_runtime rt(threads);
    auto work = [&]() -> task<thrown> {
      auto x = co_await begun(*c, server.url());
      auto j = spawn(rt, pull(x));
      co_await sleep_for(20ms);
      c.reset();
      co_return co_await j;
    };
    const auto failure = sync_wait(rt, work());
    EXPECT_EQ(failure.type, "connection_closed");
    EXPECT_NE(failure.text.find("client"), std::string::npos) << failure.text;
    EXPECT_TRUE(server.wait_for([](const auto& n) { return n.open == 0; }));
  }
}

TEST(ClientLifetime, AnUnstartedExchangeOfADeadClientIsAnError) {
  std::optional<client> c(options_for_test());
  auto x = c->send({.url = "http://127.0.0.1:1/"});
  c.reset();
  EXPECT_EQ(sync_wait(pull(x)).type, "usage_error");
}

TEST(ClientLifetime, TheClientGoesBeforeOrAfterTheRuntime) {
  raw_server server(keep_answering());
  std::optional<client> c(options_for_test());
  {
    asio_runtime rt;
    EXPECT_EQ(sync_wait(rt, fetch(*c, {.url = server.url()})), "abc");
    client moved = std::move(*c);
    EXPECT_EQ(sync_wait(rt, fetch(moved, {.url = server.url()})), "abc");
    *c = client(options_for_test());
    EXPECT_EQ(sync_wait(rt, fetch(*c, {.url = server.url()})), "abc");
    EXPECT_EQ(server.counts().accepted, 2U);
  }
  c.reset();
  EXPECT_TRUE(server.wait_for([](const auto& n) { return n.open == 0; }));
}

TEST(ClientLifetime, TwoCoroutinesMayNotWaitForOneExchange) {
  raw_server server(half_an_answer());
  client c(options_for_test());
  asio_runtime rt;
  auto work = [&]() -> task<thrown> {
    auto x = co_await begun(c, server.url());
    EXPECT_EQ(co_await x.next(), "ab");
    auto first = spawn(rt, pull(x));
    co_await reschedule();
    co_return co_await pull(x);
  };
  EXPECT_EQ(sync_wait(rt, work()).type, "usage_error");
}

}  // namespace
}  // namespace skein::http::test
