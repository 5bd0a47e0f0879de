// when_all and when_any.
#include <chrono>
#include <memory>
#include <string>
#include <tuple>
#include <variant>
#include <vector>

#include <gtest/gtest.h>

#include <skein/async/when.hpp>

#include "async/awaitables.hpp"
#include "async/probes.hpp"
#include "async/runtimes.hpp"

namespace skein::test {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

class When : public OnEveryRuntime {
 protected:
  census objects;
  task<int> after(int hops, int value) {
    auto m = objects.enter(0);
    for (int i = 0; i < hops; ++i) co_await hop();
    co_return value;
  }
  task<int> failing(int hops, std::string why) {
    auto m = objects.enter(0);
    for (int i = 0; i < hops; ++i) co_await hop();
    throw tool_error(why);
  }
  task<int> never() {
    auto m = objects.enter(0);
    co_await sleep_for(hours(1));
    co_return 0;
  }
  task<int> fails_when_stopped() {
    auto r = co_await as_result(never());
    if (!r) throw tool_error("clean-up failed");
    co_return 0;
  }
  void TearDown() override {
    EXPECT_EQ(objects.alive(), 0);
    OnEveryRuntime::TearDown();
  }
};

task<> hops_once() { co_await hop(); }
task<std::unique_ptr<int>> boxed(int n) {
  co_await hop();
  co_return std::make_unique<int>(n);
}
struct no_default {
  explicit no_default(int v) : n(v) {}
  int n;
};
task<no_default> made(int n) { co_return no_default(n); }

TEST_P(When, AllGivesResultsInTheOrderOfTheTasks) {
  auto work = [&]() -> task<> {
    std::vector<task<int>> tasks;
    for (int i = 0; i < 50; ++i) tasks.push_back(after((50 - i) % 9, i));
    auto all = co_await when_all(std::move(tasks));
    for (int i = 0; i < 50; ++i) EXPECT_EQ(all[static_cast<std::size_t>(i)], i);
  };
  run(work());
}

TEST_P(When, AllTakesAnyMixOfTypes) {
  auto work = [&]() -> task<> {
    auto [a, b, c, d] = co_await when_all(after(3, 1), hops_once(), boxed(2), made(3));
    static_assert(std::is_same_v<decltype(b), std::monostate>);
    EXPECT_EQ(a + *c + d.n, 6);
    EXPECT_EQ(co_await when_all(), std::tuple<>());
    EXPECT_TRUE((co_await when_all(std::vector<task<int>>())).empty());
    std::vector<task<std::unique_ptr<int>>> boxes;
    for (int i = 0; i < 3; ++i) boxes.push_back(boxed(i));
    EXPECT_EQ(*(co_await when_all(std::move(boxes))).back(), 2);
    std::vector<task<>> voids;
    for (int i = 0; i < 3; ++i) voids.push_back(hops_once());
    co_await when_all(std::move(voids));
  };
  run(work());
}

TEST_P(When, AllRethrowsTheFirstFailureAfterAllEnded) {
  auto work = [&]() -> task<> {
    auto r = co_await as_result(when_all(never(), failing(2, "first"), never()));
    EXPECT_EQ(ending(r), "first");
    EXPECT_EQ(objects.alive(), 0);
    std::vector<task<int>> tasks;
    for (int i = 0; i < 10; ++i) tasks.push_back(i == 7 ? failing(1, "seven") : never());
    EXPECT_EQ(ending(co_await as_result(when_all(std::move(tasks)))), "seven");
    EXPECT_EQ(objects.alive(), 0);
  };
  run(work());
}

TEST_P(When, AnyGivesTheFirstAndWhoseItIs) {
  auto work = [&]() -> task<> {
    std::vector<task<int>> tasks;
    tasks.push_back(never());
    tasks.push_back(after(2, 5));
    tasks.push_back(never());
    auto first = co_await when_any(std::move(tasks));
    EXPECT_EQ(first.index, 1U);
    EXPECT_EQ(first.value, 5);
    EXPECT_EQ(objects.alive(), 0) << "the others have ended";
    auto which = co_await when_any(never(), boxed(4), never());
    EXPECT_EQ(which.index(), 1U);
    EXPECT_EQ(*std::get<1>(which), 4);
    auto none = co_await when_any(never(), hops_once());
    EXPECT_EQ(none.index(), 1U);
  };
  run(work());
}

TEST_P(When, AnyOfManyThatEndAtOnceHasOneWinner) {
  auto work = [&]() -> task<> {
    for (int round = 0; round < 300; ++round) {
      std::vector<task<int>> tasks;
      for (int i = 0; i < 8; ++i) tasks.push_back(after(1, i));
      auto first = co_await when_any(std::move(tasks));
      EXPECT_EQ(static_cast<int>(first.index), first.value);
    }
  };
  run(work());
}

TEST_P(When, AnyRethrowsAFailureThatCameFirst) {
  auto work = [&]() -> task<> {
    EXPECT_EQ(ending(co_await as_result(when_any(never(), failing(1, "first")))), "first");
    EXPECT_EQ(objects.alive(), 0);
  };
  run(work());
}

TEST_P(When, ALoserThatFailsChangesNothing) {
  auto work = [&]() -> task<> {
    for (int round = 0; round < 20; ++round) {
      std::vector<task<int>> tasks;
      tasks.push_back(fails_when_stopped());
      tasks.push_back(after(round % 3, 7));
      tasks.push_back(fails_when_stopped());
      auto r = co_await as_result(when_any(std::move(tasks)));
      EXPECT_EQ(ending(r), "value");
      EXPECT_EQ(r.value().value, 7);
    }
  };
  run(work());
}

TEST_P(When, AnyOfNothingSaysSo) {
  auto work = [&]() -> task<> {
    EXPECT_NE(ending(co_await as_result(when_any(std::vector<task<int>>()))).find("when_any"),
              std::string::npos);
  };
  run(work());
}

TEST_P(When, StoppingReachesEveryBranch) {
  auto work = [&]() -> task<> {
    EXPECT_EQ(
        ending(co_await as_result(with_deadline(milliseconds(2), when_all(never(), never())))),
        "deadline");
    EXPECT_EQ(
        ending(co_await as_result(with_deadline(milliseconds(2), when_any(never(), never())))),
        "deadline");
    EXPECT_EQ(objects.alive(), 0);
  };
  run(work());
}

TEST_P(When, TheyNest) {
  auto pair = [&](int n) -> task<int> {
    auto [a, b] = co_await when_all(after(1, n), after(2, n));
    co_return a + b;
  };
  auto work = [&]() -> task<int> {
    auto first = co_await when_any(never(), pair(10));
    auto [x, y] = co_await when_all(pair(1), pair(2));
    co_return std::get<1>(first) + x + y;
  };
  EXPECT_EQ(run(work()), 26);
}

INSTANTIATE_TEST_SUITE_P(Runtimes, When, ::testing::ValuesIn(worlds), world_name);

}  // namespace
}  // namespace skein::test
