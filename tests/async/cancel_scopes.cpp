// The tree of scopes: what stops what, for which reason, and what outlives it.
#include <atomic>
#include <chrono>
#include <optional>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include <skein/async/channel.hpp>
#include <skein/async/offload.hpp>
#include <skein/async/when.hpp>

#include "async/awaitables.hpp"
#include "async/probes.hpp"
#include "async/runtimes.hpp"

namespace skein::test {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

using Scopes = OnEveryRuntime;

TEST_P(Scopes, StoppingIsSticky) {
  cancel_source source;
  int stopped = 0;
  std::atomic<bool> begun{false};
  auto body = [&]() -> task<> {
    begun = true;
    for (int i = 0; i < 4; ++i) {
      auto r = co_await as_result(sleeping());
      if (ending(r) == "cancelled") ++stopped;
    }
    source.cancel();  // again: changes nothing
    co_await sleeping();
  };
  auto work = [&]() -> task<> {
    auto j = spawn(*rt, with_cancel(source, body()));
    while (!begun) co_await hop();
    source.cancel();
    EXPECT_EQ(co_await ending_of(j), "cancelled");
  };
  run(work());
  EXPECT_EQ(stopped, 4);
}

TEST_P(Scopes, AParentStopsItsChildren) {
  auto work = [&]() -> task<> {
    cancel_source outer;
    std::string inner_end;
    std::string grandchild_end;
    std::atomic<bool> started{false};
    auto inner = [&]() -> task<> {
      cancel_source own;
      auto grandchild = spawn(*rt, sleeping());
      started = true;
      inner_end = ending(co_await as_result(with_cancel(own, sleeping())));
      cancel_scope outside{cancel_scope::outside{}};
      grandchild_end = co_await ending_of(grandchild);
    };
    auto j = spawn(*rt, with_cancel(outer, inner()));
    while (!started) co_await hop();
    outer.cancel();
    co_await j;
    EXPECT_EQ(inner_end, "cancelled");
    EXPECT_EQ(grandchild_end, "cancelled");
  };
  run(work());
}

TEST_P(Scopes, AChildDoesNotStopItsParent) {
  auto work = [&]() -> task<> {
    cancel_source outer;
    cancel_source inner;
    inner.cancel();
    auto body = [&]() -> task<int> {
      EXPECT_EQ(ending(co_await as_result(with_cancel(inner, sleeping()))), "cancelled");
      co_await hop();
      {
        cancel_scope scope;
        scope.cancel();
        EXPECT_EQ(ending(co_await as_result(sleeping())), "cancelled");
      }
      auto j = spawn(*rt, sleeping());
      j.cancel();
      EXPECT_EQ(co_await ending_of(j), "cancelled");
      co_await hop();
      co_return 3;
    };
    EXPECT_EQ(co_await with_cancel(outer, body()), 3);
    EXPECT_FALSE(outer.cancel_requested());
  };
  run(work());
}

TEST_P(Scopes, TheReasonIsThatOfTheScopeThatStopped) {
  auto work = [&]() -> task<> {
    EXPECT_EQ(ending(co_await as_result(with_deadline(milliseconds(1), sleeping()))), "deadline");
    EXPECT_EQ(ending(co_await as_result(
                  with_deadline(milliseconds(1), with_deadline(hours(1), sleeping())))),
              "deadline")
        << "inherited from the outer deadline";
    cancel_source source;
    source.cancel();
    EXPECT_EQ(ending(co_await as_result(with_deadline(hours(1), with_cancel(source, sleeping())))),
              "cancelled");
    EXPECT_EQ(ending(co_await as_result(with_deadline(hours(1), hop()))), "value");
    EXPECT_EQ(ending(co_await as_result(with_deadline(milliseconds(0), sleeping()))), "deadline");
  };
  run(work());
}

TEST_P(Scopes, ADeadlineIsLeftWithItsScope) {
  auto work = [&]() -> task<> {
    co_await with_deadline(milliseconds(5), hop());
    co_await sleep_for(milliseconds(10));
    if (auto* s = simulated()) {
      EXPECT_EQ(s->timers(), 0U);
    }
  };
  run(work());
}

TEST_P(Scopes, AShieldOutlivesTheStopButNotItsLimit) {
  auto work = [&]() -> task<> {
    cancel_source source;
    std::atomic<bool> begun{false};
    bool cleaned = false;
    std::string limited;
    auto clean = [&]() -> task<> {
      for (int i = 0; i < 5; ++i) co_await hop();
      co_await sleep_for(milliseconds(2));
      cleaned = true;
    };
    auto body = [&]() -> task<> {
      begun = true;
      auto r = co_await as_result(sleeping());
      co_await shield(hours(1), clean());
      limited = ending(co_await as_result(
          [](task<> t) -> task<> { co_await shield(milliseconds(2), std::move(t)); }(sleeping())));
      EXPECT_EQ(ending(co_await as_result(sleeping())), "cancelled") << "stopped as before";
      if (!r) std::rethrow_exception(r.error());
    };
    auto j = spawn(*rt, with_cancel(source, body()));
    while (!begun) co_await hop();
    source.cancel();
    EXPECT_EQ(co_await ending_of(j), "cancelled");
    EXPECT_TRUE(cleaned);
    EXPECT_EQ(limited, "deadline");
  };
  run(work());
}

TEST_P(Scopes, AShieldIsNoCancellationPoint) {
  auto work = [&]() -> task<> {
    bool ran = false;
    std::string limited;
    auto body = [&]() -> task<> {
      {
        cancel_scope scope;
        scope.cancel();
        co_await shield(hours(1), [](bool& r) -> task<> {
          co_await hop();
          r = true;
        }(ran));
      }
      try {
        co_await shield(milliseconds(2), sleeping());
      } catch (const cancelled& c) {
        limited = c.what();
      }
    };
    co_await body();
    EXPECT_TRUE(ran);
    EXPECT_EQ(limited, "deadline passed");
  };
  run(work());
}

TEST_P(Scopes, JobsBornInAContextScopeFallUnderTheCallersScope) {
  auto work = [&]() -> task<> {
    cancel_source source;
    auto body = [&]() -> task<> {
      std::optional<job<>> j;
      task_group group;
      {
        context_scope born(current_context());
        j.emplace(spawn(*runtime::current(), sleeping()));
        group.spawn(sleeping());
      }
      source.cancel();
      cancel_scope outside{cancel_scope::outside{}};
      EXPECT_EQ(co_await ending_of(*j), "cancelled");
    };
    co_await with_cancel(source, body());
  };
  run(work());
}

TEST_P(Scopes, AJobThatLeftItsScopeStillFallsUnderTheOnesAround) {
  auto work = [&]() -> task<> {
    cancel_source source;
    auto body = [&]() -> task<job<>> {
      auto start = [&]() -> task<job<>> {
        cancel_scope scope;
        co_return spawn(*rt, sleeping());
      };
      co_return co_await start();
    };
    auto outer = [&]() -> task<> {
      auto j = co_await body();
      co_await hop();
      source.cancel();
      cancel_scope outside{cancel_scope::outside{}};
      EXPECT_EQ(co_await ending_of(j), "cancelled");
    };
    co_await with_cancel(source, outer());
  };
  run(work());
}

TEST_P(Scopes, ASourceStopsManyRunsFromAnotherThread) {
  auto work = [&]() -> task<> {
    cancel_source source;
    std::vector<job<>> jobs;
    for (int i = 0; i < 20; ++i) jobs.push_back(spawn(*rt, with_cancel(source, sleeping())));
    co_await hop();
    std::thread([&] { source.cancel(); }).join();
    for (auto& j : jobs) EXPECT_EQ(co_await ending_of(j), "cancelled");
  };
  run(work());
}

TEST_P(Scopes, TheTokenIsThatOfTheInnermostScope) {
  auto work = [&]() -> task<> {
    EXPECT_FALSE(current_stop_token().stop_possible());
    cancel_source source;
    auto body = [&]() -> task<> {
      auto token = current_stop_token();
      EXPECT_TRUE(token.stop_possible());
      thread_pool pool(1);
      auto theirs = co_await offload(pool, [] { return current_stop_token(); });
      EXPECT_FALSE(theirs.stop_requested());
      source.cancel();
      EXPECT_TRUE(token.stop_requested());
      EXPECT_TRUE(theirs.stop_requested());
    };
    co_await with_cancel(source, body());
    EXPECT_FALSE(current_stop_token().stop_possible());
  };
  run(work());
}

// A scope may die before one that was opened after it: then it only leaves the chain.
TEST_P(Scopes, EndingOutOfOrderRevivesNothing) {
  auto work = [&]() -> task<> {
    std::optional<cancel_scope> a(std::in_place);
    std::optional<cancel_scope> b(std::in_place);
    auto of_a = a->state();
    a.reset();
    co_await hop();
    b.reset();
    of_a->request(cancel_reason::cancelled);
    EXPECT_EQ(ending(co_await as_result(hop())), "value");
    EXPECT_FALSE(current_stop_token().stop_possible());
  };
  run(work());
}

TEST_P(Scopes, EndingOutOfOrderKeepsTheOthers) {
  auto work = [&]() -> task<> {
    cancel_scope outermost;
    std::optional<cancel_scope> a(std::in_place);
    cancel_scope b;
    a.reset();
    outermost.cancel();
    EXPECT_EQ(ending(co_await as_result(sleeping())), "cancelled");
  };
  auto j = spawn(*rt, work());
  auto outer = [&]() -> task<> { co_await j; };
  run(outer());
}

INSTANTIATE_TEST_SUITE_P(Runtimes, Scopes, ::testing::ValuesIn(worlds), world_name);

}  // namespace
}  // namespace skein::test
