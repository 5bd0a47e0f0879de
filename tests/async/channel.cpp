// channel: order, bounds, closing, and no item lost to a stop.
#include <algorithm>
#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <skein/async/channel.hpp>
#include <skein/async/when.hpp>

#include "async/awaitables.hpp"
#include "async/probes.hpp"
#include "async/runtimes.hpp"

namespace skein::test {
namespace {

using Channel = OnEveryRuntime;

task<> send_all(channel<int>& to, int from, int until) {
  for (int i = from; i < until; ++i) EXPECT_TRUE(co_await to.send(i));
}
task<std::vector<int>> receive_all(channel<int>& from) {
  std::vector<int> all;
  while (auto v = co_await from.receive()) all.push_back(*v);
  co_return all;
}
task<bool> send_one(channel<int>& to, int v) { co_return co_await to.send(v); }
task<std::optional<int>> receive_one(channel<int>& from) { co_return co_await from.receive(); }
std::vector<int> iota(int until) {
  std::vector<int> v;
  for (int i = 0; i < until; ++i) v.push_back(i);
  return v;
}

TEST_P(Channel, GivesWhatWasSentInOrderAtAnyCapacity) {
  auto work = [&]() -> task<> {
    for (std::size_t capacity : {0U, 1U, 2U, 7U, 1000U}) {
      channel<int> c(capacity);
      auto producer = [&]() -> task<> {
        co_await send_all(c, 0, 300);
        c.close();
      };
      auto [received, sent] = co_await when_all(receive_all(c), producer());
      EXPECT_EQ(received, iota(300)) << "capacity " << capacity;
    }
  };
  run(work());
}

TEST_P(Channel, HoldsNoMoreThanItsCapacity) {
  auto work = [&]() -> task<> {
    channel<int> c(3);
    std::atomic<int> sent{0};
    auto producer = [&]() -> task<> {
      for (int i = 0; i < 10; ++i) {
        co_await c.send(i);
        ++sent;
      }
    };
    auto j = spawn(*rt, producer());
    for (int i = 0; i < 20; ++i) co_await hop();
    EXPECT_LE(sent, 3);
    for (int i = 0; i < 10; ++i) {
      EXPECT_LE(c.size(), 3U);
      EXPECT_EQ(co_await c.receive(), i);
      EXPECT_LE(sent, i + 5);
    }
    co_await j;
  };
  run(work());
}

TEST_P(Channel, ARendezvousCompletesWhenTheValueIsTaken) {
  auto work = [&]() -> task<> {
    channel<int> c(0);
    std::atomic<bool> sent{false};
    auto producer = [&]() -> task<> { sent = co_await c.send(1); };
    auto j = spawn(*rt, producer());
    for (int i = 0; i < 10; ++i) co_await hop();
    EXPECT_FALSE(sent);
    EXPECT_EQ(c.size(), 0U);
    EXPECT_EQ(co_await c.receive(), 1);
    co_await j;
    EXPECT_TRUE(sent);
  };
  run(work());
}

TEST_P(Channel, AfterCloseSendsFailAndReceivesDrain) {
  auto work = [&]() -> task<> {
    channel<int> c(2);
    EXPECT_TRUE(co_await c.send(1));
    EXPECT_TRUE(co_await c.send(2));
    auto waiting = spawn(*rt, send_one(c, 3));
    for (int i = 0; i < 5; ++i) co_await hop();
    c.close();
    c.close();
    EXPECT_FALSE(co_await waiting);
    EXPECT_FALSE(co_await c.send(4));
    EXPECT_EQ(co_await c.receive(), 1);
    EXPECT_EQ(co_await c.receive(), 2);
    EXPECT_EQ(co_await c.receive(), std::nullopt);
    EXPECT_EQ(co_await c.receive(), std::nullopt);
  };
  run(work());
}

TEST_P(Channel, CloseWakesEveryReceiver) {
  auto work = [&]() -> task<> {
    channel<int> c(1);
    std::vector<task<std::optional<int>>> receivers;
    for (int i = 0; i < 10; ++i) receivers.push_back(receive_one(c));
    auto closer = [&]() -> task<> {
      for (int i = 0; i < 5; ++i) co_await hop();
      c.close();
    };
    auto [all, closed] = co_await when_all(when_all(std::move(receivers)), closer());
    for (auto& r : all) EXPECT_EQ(r, std::nullopt);
  };
  run(work());
}

TEST_P(Channel, ManyProducersAndConsumersLoseAndDoubleNothing) {
  auto work = [&]() -> task<> {
    for (std::size_t capacity : {0U, 1U, 5U}) {
      channel<int> c(capacity);
      auto producers = [&]() -> task<> {
        std::vector<task<>> all;
        for (int p = 0; p < 8; ++p) all.push_back(send_all(c, p * 200, (p + 1) * 200));
        co_await when_all(std::move(all));
        c.close();
      };
      std::vector<task<std::vector<int>>> consumers;
      for (int k = 0; k < 5; ++k) consumers.push_back(receive_all(c));
      auto [parts, sent] = co_await when_all(when_all(std::move(consumers)), producers());
      std::vector<int> all;
      for (auto& p : parts) all.insert(all.end(), p.begin(), p.end());
      std::ranges::sort(all);
      EXPECT_EQ(all, iota(1600));
    }
  };
  run(work());
}

TEST_P(Channel, ValuesThatOnlyMove) {
  auto work = [&]() -> task<> {
    channel<std::unique_ptr<int>> c(1);
    co_await c.send(std::make_unique<int>(4));
    auto sender = [&]() -> task<> { co_await c.send(std::make_unique<int>(5)); };
    auto j = spawn(*rt, sender());
    EXPECT_EQ(**co_await c.receive(), 4);
    EXPECT_EQ(**co_await c.receive(), 5);
    co_await j;
  };
  run(work());
}

// Whatever the moment of the stops: an item was taken and its sender knows, or neither.
TEST_P(Channel, AStopLosesNoItemAndDoublesNone) {
  auto work = [&]() -> task<> {
    for (int round = 0; round < 300; ++round) {
      channel<int> c(static_cast<std::size_t>(round % 3));
      cancel_source stop_sender;
      cancel_source stop_receiver;
      auto sender = spawn(*rt, with_cancel(stop_sender, send_one(c, round)));
      auto receiver = spawn(*rt, with_cancel(stop_receiver, receive_one(c)));
      for (int i = 0; i < round % 4; ++i) co_await hop();
      if (round % 2 == 0) stop_sender.cancel();
      stop_receiver.cancel();
      auto received = co_await as_result(result_of_job(receiver));
      stop_sender.cancel();
      auto sent = co_await as_result(result_of_job(sender));
      EXPECT_EQ(sent.has_value(), received.has_value() || c.size() == 1);
      if (received) {
        EXPECT_EQ(*received, round);
        EXPECT_EQ(c.size(), 0U);
      }
    }
  };
  run(work());
}

INSTANTIATE_TEST_SUITE_P(Runtimes, Channel, ::testing::ValuesIn(worlds), world_name);

}  // namespace
}  // namespace skein::test
