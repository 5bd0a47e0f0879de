// Law 2 and 3: the context follows the strand, on whatever thread, and never crosses between a
// stream's body and its consumer.
#include <atomic>
#include <memory>
#include <numeric>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include <skein/async/offload.hpp>
#include <skein/async/run.hpp>
#include <skein/async/spawn.hpp>
#include <skein/async/stream.hpp>
#include <skein/async/time.hpp>
#include <skein/async/when.hpp>

#include "async/awaitables.hpp"
#include "async/runtimes.hpp"
#include "async/spans.hpp"

namespace skein::test {
namespace {

class Context : public OnEveryRuntime {
 protected:
  // Other threads resume coroutines only where real threads belong.
  thread_pool* threads() { return simulated() != nullptr ? nullptr : &pool; }
  thread_pool pool{2};
};

task<int> leaf(int want) {
  EXPECT_EQ(current(), want);
  co_await hop();
  EXPECT_EQ(current(), want);
  {
    scoped s(99);
    EXPECT_EQ(current(), 99);
    co_await hop();
    EXPECT_EQ(current(), 99);
    co_await inline_resume{};
    EXPECT_EQ(current(), 99);
  }
  EXPECT_EQ(current(), want);
  co_return 7;
}

stream<int> numbers(int creator, thread_pool* pool) {
  EXPECT_EQ(current(), creator);
  scoped s(50);
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(current(), 50);
    co_await hop();
    EXPECT_EQ(current(), 50);
    {
      scoped t(60);
      int r = co_await leaf(60);
      EXPECT_EQ(r, 7);
      EXPECT_EQ(current(), 60);
      if (i % 2 == 1) {
        co_yield i;
        EXPECT_EQ(current(), 60);
      }
    }
    EXPECT_EQ(current(), 50);
    if (pool != nullptr) co_await other_thread{*pool};
    EXPECT_EQ(current(), 50);
    co_yield i;
    EXPECT_EQ(current(), 50);
  }
}

task<int> consume(std::uint8_t id, thread_pool* pool) {
  scoped s(id);
  EXPECT_EQ(current(), id);
  auto g = numbers(id, pool);
  std::optional<scoped> inner;
  int n = 0;
  while (co_await g.next()) {
    EXPECT_EQ(current(), inner ? id + 1 : id);
    ++n;
    if (n == 2) inner.emplace(static_cast<std::uint8_t>(id + 1));
    if (n == 4) inner.reset();
    co_await hop();
    EXPECT_EQ(current(), inner ? id + 1 : id);
  }
  EXPECT_EQ(current(), id);
  co_return n;
}

TEST_P(Context, ScopesAcrossAwaitsAndPullsStayWhereTheyBelong) {
  EXPECT_EQ(sync_wait(*rt, consume(100, threads())), 7);
}

TEST_P(Context, ManyStrandsInterleave) {
  auto all = [](thread_pool* p) -> task<std::size_t> {
    std::vector<task<int>> work;
    for (int i = 0; i < 200; ++i)
      work.push_back(consume(static_cast<std::uint8_t>(100 + 2 * (i % 40)), p));
    auto counts = co_await when_all(std::move(work));
    EXPECT_EQ(std::accumulate(counts.begin(), counts.end(), 0), 1400);
    co_return counts.size();
  };
  EXPECT_EQ(sync_wait(*rt, all(threads())), 200u);
}

TEST_P(Context, OutOfOrderEndsLeaveTheInnerOneCurrent) {
  auto work = []() -> task<> {
    auto a = std::make_unique<scoped>(1);
    auto b = std::make_unique<scoped>(2);
    EXPECT_EQ(current(), 2);
    a.reset();
    EXPECT_EQ(current(), 2);
    co_await hop();
    b.reset();
    EXPECT_EQ(current(), 0);
  };
  sync_wait(*rt, work());
}

TEST_P(Context, TheSameContextAttachedTwiceIsTwoEntries) {
  namespace oc = opentelemetry::context;
  auto work = []() -> task<> {
    auto c = oc::RuntimeContext::GetCurrent().SetValue(trace::kSpanKey, span(5));
    auto t1 = oc::RuntimeContext::Attach(c);
    auto t2 = oc::RuntimeContext::Attach(c);
    EXPECT_EQ(current(), 5);
    t2.reset();
    EXPECT_EQ(current(), 5);
    EXPECT_TRUE(oc::RuntimeContext::Detach(*t1));
    EXPECT_EQ(current(), 0);
    EXPECT_FALSE(oc::RuntimeContext::Detach(*t1));
    co_return;
  };
  sync_wait(*rt, work());
}

struct sees_on_destroy {
  int* out;
  ~sees_on_destroy() { *out = current(); }
};
stream<int> endless(int* seen) {
  scoped s(70);
  sees_on_destroy d{seen};
  for (int i = 0;; ++i) co_yield i;
}

TEST_P(Context, AnAbandonedStreamDiesInItsOwnContext) {
  int seen = -1;
  auto work = [](int* out) -> task<> {
    scoped s(71);
    {
      auto g = endless(out);
      co_await g.next();
      co_await g.next();
      EXPECT_EQ(current(), 71);
    }
    EXPECT_EQ(current(), 71);
  };
  sync_wait(*rt, work(&seen));
  EXPECT_EQ(seen, 70);
}

TEST_P(Context, AStreamNeverPulledRunsNothing) {
  int seen = -1;
  auto work = [](int* out) -> task<> {
    auto g = endless(out);
    co_return;
  };
  sync_wait(*rt, work(&seen));
  EXPECT_EQ(seen, -1);
}

TEST_P(Context, TheParentIsCapturedAtTheCall) {
  auto body = [](int want) -> stream<int> {
    EXPECT_EQ(current(), want);
    co_yield 1;
    EXPECT_EQ(current(), want);
  };
  auto work = [&]() -> task<> {
    std::optional<scoped> request(std::in_place, std::uint8_t{8});
    auto s = body(8);
    request.reset();
    scoped elsewhere(9);
    while (co_await s.next()) EXPECT_EQ(current(), 9);
  };
  sync_wait(*rt, work());
}

TEST_P(Context, AStreamMadeOutsideCoroutinesKeepsTheCallersContext) {
  auto body = []() -> stream<int> { co_yield current(); };
  std::optional<stream<int>> s;
  {
    scoped outer(12);
    s.emplace(body());
  }
  auto work = [&]() -> task<int> { co_return *co_await s->next(); };
  EXPECT_EQ(sync_wait(*rt, work()), 12);
}

TEST_P(Context, AStreamMadeHereIsConsumedInAnotherTask) {
  int seen = -1;
  auto work = [&]() -> task<> {
    scoped s(71);
    auto g = numbers(71, nullptr);
    auto consumer = [](stream<int> from) -> task<int> {
      scoped c(72);
      int n = 0;
      while (co_await from.next()) {
        EXPECT_EQ(current(), 72);
        ++n;
      }
      co_return n;
    };
    auto j = spawn(*runtime::current(), consumer(std::move(g)));
    seen = co_await j;
  };
  sync_wait(*rt, work());
  EXPECT_EQ(seen, 7);
}

TEST_P(Context, AScopeThatDiesOnAnotherStrandLeavesItsOwn) {
  std::unique_ptr<scoped> moved;
  parking_place parked{nullptr};
  int after = -1;
  auto lender = [&]() -> task<> {
    scoped s(84);
    moved = std::make_unique<scoped>(85);
    EXPECT_EQ(current(), 85);
    co_await park{&parked};
    after = current();
  };
  auto work = [&]() -> task<> {
    auto j = spawn(*runtime::current(), lender());
    while (!parked) co_await hop();
    {
      scoped s(86);
      moved.reset();
      EXPECT_EQ(current(), 86);
    }
    unpark(parked);
    co_await j;
  };
  sync_wait(*rt, work());
  EXPECT_EQ(after, 84);
}

TEST_P(Context, AForeignResumeWhileAnotherStrandRunsDisturbsNeither) {
  parking_place parked{nullptr};
  int dead = -1;
  auto child = [](int want) -> task<int> {
    EXPECT_EQ(current(), want);
    scoped s(33);
    EXPECT_EQ(current(), 33);
    co_return 1;
  };
  auto waiter = [&]() -> task<int> {
    scoped s(81);
    co_await park{&parked};
    EXPECT_EQ(current(), 81);
    int n = co_await child(81);
    {
      auto g = endless(&dead);
      co_await g.next();
      EXPECT_EQ(current(), 81);
    }
    n += co_await child(81);
    EXPECT_EQ(current(), 81);
    co_return n;
  };
  auto setter = [&]() -> task<int> {
    auto j = spawn(*runtime::current(), waiter());
    while (!parked) co_await hop();
    scoped s(82);
    int n = co_await child(82);
    unpark(parked);
    EXPECT_EQ(current(), 82);
    n += co_await child(82);
    EXPECT_EQ(current(), 82);
    co_await inline_resume{};
    EXPECT_EQ(current(), 82);
    n += co_await child(82);
    n += co_await j;
    co_return n;
  };
  EXPECT_EQ(sync_wait(*rt, setter()), 5);
}

TEST_P(Context, ANestedRunInsideACoroutineIsAnEpisodeOfItsOwn) {
  auto inner = [](int want) -> task<int> {
    EXPECT_EQ(current(), want);
    scoped s(44);
    co_await hop();
    co_return co_await leaf(44);
  };
  auto child = []() -> task<int> { co_return 1; };
  auto outer = [&]() -> task<int> {
    scoped s(43);
    int n = sync_wait(inner(43));
    EXPECT_EQ(current(), 43);
    n += co_await child();
    EXPECT_EQ(current(), 43);
    co_return n;
  };
  EXPECT_EQ(sync_wait(*rt, outer()), 8);
}

TEST_P(Context, InitiationOfAForeignOperationSeesTheAwaitersContext) {
  struct sees {
    int* out;
    bool await_ready() { return false; }
    void await_suspend(std::coroutine_handle<> h) {
      *out = current();
      scoped s(34);
      h.resume();
    }
    void await_resume() {}
  };
  int seen = -1;
  auto work = [&]() -> task<> {
    scoped s(83);
    co_await sees{&seen};
    EXPECT_EQ(current(), 83);
    EXPECT_EQ(co_await declines{}, 83);
    EXPECT_EQ(co_await gives_itself_back{}, 83);
  };
  sync_wait(*rt, work());
  EXPECT_EQ(seen, 83);
}

TEST_P(Context, OffloadedWorkAndBoundCallbacksSeeTheCallersContext) {
  auto work = [&]() -> task<> {
    scoped s(21);
    EXPECT_EQ(co_await offload(pool,
                               [] {
                                 scoped inner(22);
                                 return current() * 100;
                               }),
              2200);
    EXPECT_EQ(co_await offload(pool, [] { return current(); }), 21);
    auto bound = bind_context([](int add) { return current() + add; });
    int on_thread = 0;
    std::thread([&] {
      on_thread = bound(1);
      EXPECT_EQ(current(), 0);
    }).join();
    EXPECT_EQ(on_thread, 22);
  };
  sync_wait(*rt, work());
}

TEST_P(Context, DestructionFromAForeignThreadRunsInTheOwnersContext) {
  int seen = -1;
  auto holder = [&]() -> task<> {
    scoped s(80);
    sees_on_destroy d{&seen};
    co_await sleep_for(std::chrono::hours(1));
  };
  auto work = [&]() -> task<> {
    std::optional<job<>> j(spawn(*runtime::current(), holder()));
    co_await hop();
    co_await hop();
    std::thread([&] {
      j.reset();
      EXPECT_EQ(current(), 0);
    }).join();
  };
  sync_wait(*rt, work());
  EXPECT_EQ(seen, 80);
}

TEST_P(Context, ExceptionsThroughNestedStreamsLeaveNothingBehind) {
  auto innermost = []() -> stream<int> {
    scoped s(31);
    co_yield 1;
    co_await hop();
    throw tool_error("from the bottom");
  };
  auto middle = [&]() -> stream<int> {
    scoped s(32);
    auto g = innermost();
    while (auto* v = co_await g.next()) co_yield *v + 1;
  };
  auto work = [&]() -> task<> {
    scoped s(30);
    auto g = middle();
    EXPECT_EQ(*co_await g.next(), 2);
    bool caught = false;
    try {
      co_await g.next();
    } catch (const tool_error&) {
      caught = true;
      EXPECT_EQ(current(), 30);
    }
    EXPECT_TRUE(caught);
    EXPECT_EQ(co_await g.next(), nullptr);
    EXPECT_EQ(current(), 30);
  };
  sync_wait(*rt, work());
}

INSTANTIATE_TEST_SUITE_P(Runtimes, Context, ::testing::ValuesIn(worlds), world_name);

}  // namespace
}  // namespace skein::test
