// A stream falls under the scope of whoever pulls, for as long as the pull lasts.
#include <atomic>
#include <chrono>
#include <optional>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include <skein/async/stream.hpp>

#include "async/awaitables.hpp"
#include "async/probes.hpp"
#include "async/runtimes.hpp"

namespace skein::test {
namespace {

using std::chrono::hours;

using StreamScopes = OnEveryRuntime;

task<int> next(stream<int>& s) {
  auto* v = co_await s.next();
  co_return v != nullptr ? *v : -1;
}
stream<int> counting() {
  for (int i = 0;; ++i) {
    co_await hop();
    co_yield i;
  }
}

TEST_P(StreamScopes, EachConsumerCountsDuringItsPullOnly) {
  auto work = [&]() -> task<> {
    auto s = counting();
    cancel_source first;
    EXPECT_EQ(co_await with_cancel(first, next(s)), 0);
    first.cancel();
    EXPECT_EQ(co_await next(s), 1);
    cancel_source second;
    EXPECT_EQ(co_await with_cancel(second, next(s)), 2);
    EXPECT_EQ(ending(co_await as_result(with_cancel(first, next(s)))), "cancelled");
    EXPECT_EQ(co_await next(s), 3) << "a pull that never began stops nothing";
  };
  run(work());
}

// Whether what dies in a body, begun or not, sees that its consumer was stopped.
struct dying {
  std::string* seen;
  explicit dying(std::string& s) : seen(&s) {}
  dying(dying&& o) noexcept : seen(std::exchange(o.seen, nullptr)) {}
  dying(const dying&) = delete;
  dying& operator=(const dying&) = delete;
  dying& operator=(dying&&) = delete;
  ~dying() {
    if (seen != nullptr) *seen += current_stop_token().stop_requested() ? "stopped " : "dropped ";
  }
};

TEST_P(StreamScopes, ARefusedPullTellsWhatDiesOfIt) {
  for (int pulls : {0, 1}) {
    std::string seen;
    auto body = [](dying, std::string& to) -> stream<int> {
      dying local(to);
      for (int i = 0;; ++i) co_yield i;
    };
    auto work = [&](cancel_source source, bool stop) -> task<> {
      auto s = body(dying(seen), seen);
      for (int i = 0; i < pulls; ++i) co_await next(s);
      if (stop) source.cancel();
      if (stop) (void)co_await s.next();
    };
    for (bool stop : {true, false}) {
      seen.clear();
      cancel_source source;
      EXPECT_EQ(run(ending_of(with_cancel(source, work(source, stop)))),
                stop ? "cancelled" : "value");
      std::string one = stop ? "stopped " : "dropped ";
      EXPECT_EQ(seen, pulls > 0 ? one + one : one);
    }
  }
}

// A job that a body had started is stopped with it, and not merely dropped.
TEST_P(StreamScopes, WhatDiesInAJobOfTheBodySeesItToo) {
  for (bool stop : {true, false}) {
    std::string seen;
    std::atomic<bool> begun{false};
    auto child = [&]() -> task<> {
      dying local(seen);
      begun = true;
      co_await sleeping();
    };
    auto body = [&]() -> stream<int> {
      auto j = spawn(*rt, child());
      for (int i = 0;; ++i) co_yield i;
    };
    cancel_source source;
    auto work = [&]() -> task<> {
      auto s = body();
      co_await next(s);
      while (!begun) co_await hop();
      if (stop) source.cancel();
      if (stop) (void)co_await s.next();
    };
    EXPECT_EQ(run(ending_of(with_cancel(source, work()))), stop ? "cancelled" : "value");
    EXPECT_EQ(seen, stop ? "stopped " : "dropped ");
  }
}

TEST_P(StreamScopes, AStoppedPullEndsTheBody) {
  census objects;
  auto body = [&]() -> stream<int> {
    auto m = objects.enter(0);
    co_yield 1;
    co_await sleeping();
    co_yield 2;
  };
  auto work = [&]() -> task<> {
    auto s = body();
    EXPECT_EQ(co_await next(s), 1);
    cancel_source source;
    auto j = spawn(*rt, with_cancel(source, next(s)));
    co_await hop();
    co_await hop();
    source.cancel();
    auto end = co_await ending_of(j);
    EXPECT_EQ(end, "cancelled");
  };
  run(work());
  EXPECT_EQ(objects.alive(), 0);
}

// The body holds a scope of its own across yields. It follows whoever pulls.
stream<int> with_own_scope() {
  cancel_scope own;
  for (int i = 0;; ++i) {
    co_await hop();
    co_yield i;
  }
}

TEST_P(StreamScopes, AScopeInsideFollowsTheCurrentConsumer) {
  auto work = [&]() -> task<> {
    auto s = with_own_scope();
    cancel_source first;
    EXPECT_EQ(co_await with_cancel(first, next(s)), 0);
    EXPECT_EQ(co_await next(s), 1);
    cancel_source second;
    EXPECT_EQ(co_await with_cancel(second, next(s)), 2);
    second.cancel();  // between pulls: none of the body's business
    first.cancel();
    EXPECT_EQ(co_await next(s), 3);
  };
  run(work());
}

TEST_P(StreamScopes, AScopeInsideIsStoppedByTheConsumerThatPulls) {
  std::string end;
  std::atomic<bool> pulled{false};
  auto body = [&]() -> stream<int> {
    cancel_scope own;
    co_yield 0;
    pulled = true;
    end = ending(co_await as_result(sleeping()));
    co_yield 1;
    co_await hop();
    co_yield 2;
  };
  auto work = [&]() -> task<> {
    auto s = body();
    EXPECT_EQ(co_await next(s), 0);
    cancel_source source;
    auto j = spawn(*rt, with_cancel(source, next(s)));
    while (!pulled) co_await hop();
    source.cancel();
    EXPECT_EQ(co_await ending_of(j), "value") << "the body turned the stop into a value";
    EXPECT_EQ(end, "cancelled");
    EXPECT_EQ(ending(co_await as_result(next(s))), "cancelled") << "its own scope was stopped";
  };
  run(work());
}

TEST_P(StreamScopes, AJobBornInAContextScopeInsideFollowsTheCurrentConsumer) {
  std::optional<job<>> born;
  std::atomic<bool> pulled{false};
  auto body = [&]() -> stream<int> {
    {
      context_scope scope(current_context());
      born.emplace(spawn(*runtime::current(), sleeping()));
    }
    co_yield 0;
    pulled = true;
    co_await sleeping();
  };
  auto work = [&]() -> task<> {
    auto s = body();
    cancel_source first;
    EXPECT_EQ(co_await with_cancel(first, next(s)), 0);
    first.cancel();  // between pulls
    cancel_source second;
    auto j = spawn(*rt, with_cancel(second, next(s)));
    while (!pulled) co_await hop();
    EXPECT_FALSE(born->done());
    second.cancel();
    EXPECT_EQ(co_await ending_of(*born), "cancelled");
    EXPECT_EQ(co_await ending_of(j), "cancelled");
  };
  run(work());
}

TEST_P(StreamScopes, ScopesOpenedForALaterConsumerAreFresh) {
  std::string end;
  std::atomic<bool> begun{false};
  auto body = [&]() -> stream<int> {
    {
      cancel_scope own;
      begun = true;
      end = ending(co_await as_result(sleeping()));
    }
    co_yield 1;
    {
      cancel_scope own;
      co_await hop();
    }
    auto j = spawn(*runtime::current(), hop());
    co_await j;
    co_yield 2;
  };
  auto work = [&]() -> task<> {
    auto s = body();
    cancel_source source;
    auto j = spawn(*rt, with_cancel(source, next(s)));
    while (!begun) co_await hop();
    source.cancel();
    EXPECT_EQ(co_await ending_of(j), "value");
    EXPECT_EQ(end, "cancelled");
    EXPECT_EQ(ending(co_await as_result(next(s))), "value");
  };
  run(work());
}

TEST_P(StreamScopes, AWrappedBodyIsStoppedThroughAllLayers) {
  census objects;
  auto innermost = [&]() -> stream<int> {
    auto m = objects.enter(0);
    co_await sleeping();
    co_yield 1;
  };
  auto layer = [](stream<int> from) -> stream<int> {
    cancel_scope own;
    while (auto* v = co_await from.next()) co_yield *v;
  };
  auto work = [&]() -> task<> {
    auto s = layer(layer(innermost()));
    EXPECT_EQ(ending(co_await as_result(with_deadline(std::chrono::milliseconds(2), next(s)))),
              "deadline");
    EXPECT_EQ(objects.alive(), 0);
  };
  run(work());
}

INSTANTIATE_TEST_SUITE_P(Runtimes, StreamScopes, ::testing::ValuesIn(worlds), world_name);

}  // namespace
}  // namespace skein::test
