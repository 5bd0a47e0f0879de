// Law 4 on real threads: a run may be destroyed or cancelled from anywhere at any moment. What is
// counted here is counted after the destructor has returned, so nothing may still be on its way.
#include <atomic>
#include <chrono>
#include <random>
#include <thread>
#include <vector>

#include <boost/asio/steady_timer.hpp>
#include <gtest/gtest.h>

#include <skein/async/asio.hpp>
#include <skein/async/asio_runtime.hpp>
#include <skein/async/channel.hpp>
#include <skein/async/offload.hpp>
#include <skein/async/run.hpp>
#include <skein/async/spawn.hpp>
#include <skein/async/stream.hpp>
#include <skein/async/time.hpp>
#include <skein/async/when.hpp>
#include <skein/telemetry/install.hpp>

#include "async/probes.hpp"

namespace skein::test {
namespace {

using std::chrono::microseconds;

// A run that never ends by itself and is nearly always inside an episode.
struct victim {
  census& members;
  std::atomic<int>& rounds;
  thread_pool& pool;

  task<> leaf(int context, int pause) {
    scoped current_span(static_cast<std::uint8_t>(context));
    auto member = members.enter(context);
    co_await sleep_for(microseconds(pause));
  }
  stream<int> numbers(int context) {
    scoped current_span(static_cast<std::uint8_t>(context));
    auto member = members.enter(context);
    for (int i = 0;; ++i) {
      co_await reschedule();
      co_yield i;
    }
  }
  task<> in_asio(int context) {
    scoped current_span(static_cast<std::uint8_t>(context));
    auto member = members.enter(context);
    boost::asio::steady_timer timer(runtime::current()->executor(), microseconds(5));
    co_await timer.async_wait(awaiting);
  }
  task<> channelled(int context) {
    scoped current_span(static_cast<std::uint8_t>(context));
    auto member = members.enter(context);
    channel<int> between(1);
    task_group group;
    auto send = [](victim& v, channel<int>& to, int c) -> task<> {
      scoped inner(static_cast<std::uint8_t>(c));
      auto m = v.members.enter(c);
      for (int i = 0; i < 3; ++i) co_await to.send(i);
      to.close();
    };
    group.spawn(send(*this, between, context + 1));
    while (co_await between.receive()) {}
    co_await group.join();
  }
  task<> run(int context) {
    scoped current_span(static_cast<std::uint8_t>(context));
    auto member = members.enter(context);
    auto endless = numbers(context + 1);
    for (;;) {
      co_await leaf(context + 2, 0);
      co_await endless.next();
      co_await when_all(leaf(context + 3, 1), leaf(context + 4, 0));
      co_await in_asio(context + 5);
      co_await channelled(context + 6);
      co_await offload(pool, [] { return 1; });
      ++rounds;
    }
  }
};

void pause(runtime& rt, int us) {
  sync_wait(rt, [](int n) -> task<> { co_await sleep_for(microseconds(n)); }(us));
}

enum class way { drop, cancel_then_drop, cancel_then_wait };

class Stress : public ::testing::TestWithParam<way> {};

TEST_P(Stress, jobs_end_when_told_from_any_thread) {
  telemetry::install();
  asio_runtime rt(4);
  thread_pool pool(2);
  census members;
  std::atomic<int> rounds{0};
  std::atomic<int> wrong{0};
  {
    std::vector<std::jthread> owners;
    for (int owner = 0; owner < 3; ++owner) {
      owners.emplace_back([&, owner] {
        std::minstd_rand random(static_cast<unsigned>(owner) + 1);
        for (int i = 0; i < 300; ++i) {
          victim v{members, rounds, pool};
          auto j = spawn(rt, v.run(10 * (owner + 1)));
          pause(rt, static_cast<int>(random() % 300));
          if (GetParam() != way::drop) j.cancel();
          if (GetParam() == way::cancel_then_wait && sync_wait(rt, ending_of(j)) != "cancelled") {
            ++wrong;
          }
        }
      });
    }
  }
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(members.alive(), 0);
  EXPECT_EQ(members.astray(), 0);
  EXPECT_GT(members.born(), 900);
  RecordProperty("rounds", rounds);
}

// Its episodes follow each other without a pause, and still there is room to end it.
TEST(destruction, is_not_starved_by_busy_runs) {
  asio_runtime rt(4);
  for (int i = 0; i < 200; ++i) {
    std::vector<job<>> busy;
    for (int k = 0; k < 8; ++k) {
      busy.push_back(spawn(rt, []() -> task<> {
        for (;;) co_await reschedule();
      }()));
    }
    pause(rt, 50);
    busy.clear();
  }
}

INSTANTIATE_TEST_SUITE_P(ways, Stress,
                         ::testing::Values(way::drop, way::cancel_then_drop, way::cancel_then_wait),
                         [](const auto& p) {
                           return std::string(p.param == way::drop ? "drop"
                                              : p.param == way::cancel_then_drop
                                                  ? "cancel_then_drop"
                                                  : "cancel_then_wait");
                         });

}  // namespace
}  // namespace skein::test
