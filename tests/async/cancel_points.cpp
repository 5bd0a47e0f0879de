// Every wait is a cancellation point: before it begins, while it lasts, and ever after.
#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

#include <boost/asio/steady_timer.hpp>
#include <gtest/gtest.h>

#include <skein/async/asio.hpp>
#include <skein/async/channel.hpp>
#include <skein/async/stream.hpp>
#include <skein/async/when.hpp>

#include "async/awaitables.hpp"
#include "async/probes.hpp"
#include "async/runtimes.hpp"

namespace skein::test {
namespace {

using std::chrono::hours;

// What the waits below wait for; none of it ever comes.
struct nothing {
  channel<int> full{0};
  channel<int> empty{1};
  thread_pool pool{1};
  std::optional<job<>> endless;
};

struct primitive {
  const char* name;
  task<> (*wait)(nothing&);
  friend std::ostream& operator<<(std::ostream& o, const primitive& p) { return o << p.name; }
};

const primitive primitives[] = {
    {"sleep_for", [](nothing&) -> task<> { co_await sleep_for(hours(1)); }},
    {"sleep_until",
     [](nothing&) -> task<> { co_await sleep_until(runtime::current()->now() + hours(1)); }},
    {"channel_send", [](nothing& n) -> task<> { co_await n.full.send(1); }},
    {"channel_receive", [](nothing& n) -> task<> { co_await n.empty.receive(); }},
    {"job", [](nothing& n) -> task<> { co_await *n.endless; }},
    {"task", [](nothing&) -> task<> { co_await sleeping(); }},
    {"stream",
     [](nothing&) -> task<> {
       auto body = []() -> stream<int> {
         co_await sleeping();
         co_yield 1;
       };
       auto s = body();
       co_await s.next();
     }},
    {"asio_operation",
     [](nothing&) -> task<> {
       boost::asio::steady_timer timer(runtime::current()->executor(), hours(1));
       co_await timer.async_wait(awaiting);
     }},
    {"from_asio",
     [](nothing&) -> task<> {
       auto body = []() -> boost::asio::awaitable<void> {
         boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor, hours(1));
         co_await timer.async_wait(boost::asio::use_awaitable);
       };
       co_await from_asio(body());
     }},
    {"join",
     [](nothing&) -> task<> {
       task_group group;
       group.spawn(sleeping());
       group.spawn(sleeping());
       co_await group.join();
     }},
    {"when_all", [](nothing&) -> task<> { co_await when_all(sleeping(), sleeping()); }},
    {"when_any", [](nothing&) -> task<> { co_await when_any(sleeping(), sleeping()); }},
};

class Primitive : public ::testing::TestWithParam<std::tuple<world, primitive>> {
 protected:
  void SetUp() override {
    rt = std::get<world>(GetParam()).make();
    nowhere.endless.emplace(spawn(*rt, sleeping()));
  }
  void TearDown() override {
    nowhere.endless.reset();
    if (auto* s = dynamic_cast<simulated_runtime*>(rt.get())) expect_idle(*s);
  }
  task<> wait() {
    auto m = objects.enter(0);
    co_await std::get<primitive>(GetParam()).wait(nowhere);
  }
  std::unique_ptr<runtime> rt;
  nothing nowhere;
  census objects;
};

TEST_P(Primitive, IsStoppedWhileItWaits) {
  auto work = [&]() -> task<> {
    for (int hops = 0; hops < 6; ++hops) {
      cancel_source source;
      auto j = spawn(*rt, with_cancel(source, wait()));
      for (int i = 0; i < hops; ++i) co_await hop();
      source.cancel();
      EXPECT_EQ(co_await ending_of(j), "cancelled") << "after hops: " << hops;
      EXPECT_EQ(objects.alive(), 0);
    }
  };
  sync_wait(*rt, work());
}

TEST_P(Primitive, IsStoppedByADeadline) {
  auto work = [&]() -> task<> {
    EXPECT_EQ(co_await ending_of(with_deadline(std::chrono::milliseconds(2), wait())), "deadline");
    EXPECT_EQ(objects.alive(), 0);
  };
  sync_wait(*rt, work());
}

TEST_P(Primitive, DoesNotBeginWhenAlreadyStopped) {
  auto work = [&]() -> task<> {
    cancel_scope scope;
    scope.cancel();
    for (int i = 0; i < 3; ++i) {
      EXPECT_EQ(ending(co_await as_result(std::get<primitive>(GetParam()).wait(nowhere))),
                "cancelled");
    }
  };
  auto j = spawn(*rt, work());
  auto joined = [&]() -> task<> { co_await j; };
  sync_wait(*rt, joined());
}

TEST_P(Primitive, IsStoppedFromAnotherThread) {
  auto work = [&]() -> task<> {
    cancel_source source;
    auto j = spawn(*rt, with_cancel(source, wait()));
    for (int i = 0; i < 4; ++i) co_await hop();
    std::thread([&] { source.cancel(); }).join();
    EXPECT_EQ(co_await ending_of(j), "cancelled");
  };
  sync_wait(*rt, work());
}

TEST_P(Primitive, IsForgottenWhenDestroyed) {
  auto work = [&]() -> task<> {
    for (int hops = 0; hops < 6; ++hops) {
      {
        auto j = spawn(*rt, wait());
        for (int i = 0; i < hops; ++i) co_await hop();
      }
      EXPECT_EQ(objects.alive(), 0) << "after hops: " << hops;
    }
  };
  sync_wait(*rt, work());
}

INSTANTIATE_TEST_SUITE_P(Runtimes, Primitive,
                         ::testing::Combine(::testing::ValuesIn(worlds),
                                            ::testing::ValuesIn(primitives)),
                         [](const auto& p) {
                           return std::string(std::get<0>(p.param).name) + "_" +
                                  std::get<1>(p.param).name;
                         });

using Offload = OnEveryRuntime;

TEST_P(Offload, AStoppedOneRunsToItsEndAndItsResultIsDropped) {
  thread_pool pool(1);
  census objects;
  bool told = false;
  auto work = [&]() -> task<> {
    cancel_source source;
    channel<int> began(1);
    auto blocking = [&]() -> task<census::member> {
      co_return co_await offload(pool, [&, token = source.token()] {
        auto result = objects.enter(0);
        std::mutex m;
        std::condition_variable_any stopped;
        std::unique_lock lock(m);
        auto mine = current_stop_token();
        stopped.wait(lock, mine, [] { return false; });
        told = mine.stop_requested() && token.stop_requested();
        return result;
      });
    };
    auto j = spawn(*rt, with_cancel(source, blocking()));
    for (int i = 0; i < 4; ++i) co_await hop();
    source.cancel();
    EXPECT_EQ(co_await ending_of(j), "cancelled");
    // The pool has one thread, so this runs after the work above.
    co_await offload(pool, [] {});
    EXPECT_TRUE(told || objects.born() == 0);
  };
  run(work());
  EXPECT_EQ(objects.alive(), 0);
}

// Work that ends as soon as it is told may be faster than the stop is at the wait.
TEST_P(Offload, WorkThatEndsWhenToldIsNotFasterThanTheStop) {
  thread_pool pool(1);
  auto work = [&]() -> task<> {
    for (int round = 0; round < 300; ++round) {
      cancel_source source;
      std::atomic<bool> began = false;
      auto until_told = [&]() -> task<int> {
        co_return co_await offload(pool, [&began] {
          const auto mine = current_stop_token();
          began = true;
          while (!mine.stop_requested()) std::this_thread::yield();
          return 1;
        });
      };
      auto j = spawn(*rt, with_cancel(source, until_told()));
      while (!began) co_await hop();
      source.cancel();
      EXPECT_EQ(co_await ending_of(j), "cancelled") << "round " << round;
      co_await offload(pool, [] {});
    }
  };
  run(work());
}

// In simulation blocking work is a step, so nothing can overtake it.
INSTANTIATE_TEST_SUITE_P(Runtimes, Offload, ::testing::Values(worlds[0], worlds[1]), world_name);

}  // namespace
}  // namespace skein::test
