// What nobody takes is not read.
#include <vector>

#include "http/client_fixture.hpp"

namespace skein::http::test {
namespace {

// Far more than the buffers of client and kernels together.
constexpr std::size_t body_size = std::size_t{48} << 20;

testing::responder flood() {
  return [](const auto&) {
    return testing::scripted_turn{.text = std::string(body_size / 4, 'x'), .chunk_size = 4000};
  };
}
client_options small_buffers() {
  auto o = options_for_test();
  o.limits.buffered_bytes = 64 << 10;
  o.limits.body_bytes = 4 * body_size;
  return o;
}

SKEIN_HTTP_SUITE(ClientPressure);

TEST_P(ClientPressure, TheServerBlocksWhenNobodyPullsAndGoesOnWhenSomebodyDoes) {
  testing::model_server server(flood(), {.send_buffer = 64 << 10});
  client c(small_buffers());
  auto work = [&]() -> task<> {
    auto x = c.send(chat_request(server));
    co_await x.head();
    EXPECT_TRUE(co_await seen([&] {
      return server.wait_for([](const auto& n) { return n.blocked_connections == 1; }, 10s);
    }));
    const auto stuck_at = server.bytes_sent();
    EXPECT_LT(stuck_at, body_size / 4);
    std::size_t got = 0;
    std::size_t largest = 0;
    while (auto piece = co_await x.next()) {
      got += piece->size();
      largest = std::max(largest, piece->size());
    }
    EXPECT_GT(got, body_size / 4);
    EXPECT_LE(largest, c.options().limits.buffered_bytes);
    EXPECT_GT(largest, c.options().limits.buffered_bytes / 2);
  };
  run(work());
  EXPECT_TRUE(server.wait_for([](const auto& n) { return n.completed_exchanges == 1; }, 10s));
}

TEST_P(ClientPressure, ABufferSmallerThanAPieceStillGoesOn) {
  testing::model_server server([](const auto&) {
    return testing::scripted_turn{.text = std::string(2'000'000, 'x'), .chunk_size = 2000};
  });
  auto o = small_buffers();
  o.limits.buffered_bytes = 1;
  client c(o);
  EXPECT_TRUE(run(fetch(c, chat_request(server))).ends_with("data: [DONE]\n\n"));
}

TEST_P(ClientPressure, WhatNobodyTookIsNotForTheNextExchange) {
  testing::model_server server([](const auto&) {
    return testing::scripted_turn{.text = std::string(50'000, 'x'), .chunk_size = 1000};
  });
  client c(options_for_test());
  constexpr std::string_view end = "data: [DONE]\n\n";
  auto work = [&]() -> task<> {
    for (std::size_t n = 1; n <= 3; ++n) {
      auto left = c.send(chat_request(server));
      co_await left.head();
      EXPECT_TRUE(co_await left.next());
      left.close();
      const auto body = co_await fetch(c, chat_request(server));
      EXPECT_TRUE(body.starts_with("data: {"));
      EXPECT_EQ(body.find(end), body.size() - end.size());
    }
  };
  run(work());
}

TEST_P(ClientPressure, TimeThatTheConsumerTakesIsNotThePeers) {
  testing::model_server server(flood(), {.send_buffer = 64 << 10});
  auto o = small_buffers();
  o.timeouts.idle = 50ms;
  client c(o);
  auto work = [&]() -> task<> {
    auto x = c.send(chat_request(server));
    co_await x.head();
    EXPECT_TRUE(co_await seen([&] {
      return server.wait_for([](const auto& n) { return n.blocked_connections == 1; }, 10s);
    }));
    co_await sleep_for(200ms);  // four times the limit
    const auto body = co_await read_all(x, 4 * body_size);
    EXPECT_TRUE(body.ends_with("data: [DONE]\n\n"));
  };
  run(work());
}

TEST_P(ClientPressure, AFullExchangeDoesNotHoldUpAnother) {
  testing::model_server server(flood(), {.send_buffer = 64 << 10});
  testing::model_server other([](const auto&) { return testing::scripted_turn{.text = "quick"}; });
  client c(small_buffers());
  auto work = [&]() -> task<> {
    auto x = c.send(chat_request(server));
    co_await x.head();
    EXPECT_TRUE(co_await seen([&] {
      return server.wait_for([](const auto& n) { return n.blocked_connections == 1; }, 10s);
    }));
    EXPECT_TRUE((co_await fetch(c, chat_request(other))).ends_with("data: [DONE]\n\n"));
    EXPECT_EQ(c.open_exchanges(), 1U);
  };
  run(work());
  EXPECT_TRUE(server.wait_for_open_connections(0, 10s));
}

}  // namespace
}  // namespace skein::http::test
