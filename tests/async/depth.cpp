// A chain of a million synchronous steps must not grow the native stack, whatever the compiler
// makes of symmetric transfer.
#include <functional>
#include <pthread.h>
#include <system_error>

#include <gtest/gtest.h>

#include <skein/async/result.hpp>
#include <skein/async/stream.hpp>

#include "async/runtimes.hpp"

namespace skein::test {
namespace {

constexpr int million = 1'000'000;
constexpr std::size_t stack_bytes = 1 << 20;

// Runs `fn` on a thread with a stack of 1 MB.
void on_small_stack(std::function<void()> fn) {
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  ASSERT_EQ(pthread_attr_setstacksize(&attributes, stack_bytes), 0);
  pthread_t thread{};
  auto call = [](void* f) -> void* {
    (*static_cast<std::function<void()>*>(f))();
    return nullptr;
  };
  int failed = pthread_create(&thread, &attributes, call, &fn);
  pthread_attr_destroy(&attributes);
  if (failed != 0) throw std::system_error(failed, std::generic_category(), "pthread_create");
  pthread_join(thread, nullptr);
}

// Runtimes that run everything on the thread that drives them.
class Depth : public OnEveryRuntime {
 protected:
  template <class Make>
  void expect(long want, Make make) {
    long got = -1;
    on_small_stack([&] { got = run(make()); });
    EXPECT_EQ(got, want);
  }
};

stream<int> count(int n) {
  for (int i = 0; i < n; ++i) co_yield 1;
}
stream<int> pass_on(stream<int> from) {
  while (auto* v = co_await from.next()) co_yield *v;
}
stream<int> nested(int levels, int n) {
  auto s = count(n);
  for (int i = 0; i < levels; ++i) s = pass_on(std::move(s));
  return s;
}
task<long> sum(stream<int> from) {
  long total = 0;
  while (auto* v = co_await from.next()) total += *v;
  co_return total;
}
task<int> one() { co_return 1; }
task<int> fails() {
  throw error("as expected");
  co_return 0;
}

TEST_P(Depth, AMillionPulls) {
  expect(million, [] { return sum(count(million)); });
}

TEST_P(Depth, AMillionAwaits) {
  auto work = []() -> task<long> {
    long total = 0;
    for (int i = 0; i < million; ++i) total += co_await one();
    co_return total;
  };
  expect(million, work);
}

TEST_P(Depth, AMillionAwaitsInAMillionPulls) {
  auto body = []() -> stream<int> {
    for (int i = 0; i < million; ++i) co_yield co_await one();
  };
  expect(million, [&] { return sum(body()); });
}

TEST_P(Depth, StreamsNestedAHundredDeep) {
  expect(10'000, [] { return sum(nested(100, 10'000)); });
}

TEST_P(Depth, AStreamForEachOfAHundredThousandPulls) {
  auto work = []() -> task<long> {
    long total = 0;
    for (int i = 0; i < 100'000; ++i) {
      auto s = count(2);
      total += *co_await s.next();
    }
    co_return total;
  };
  expect(100'000, work);
}

TEST_P(Depth, TasksNestedAThousandDeep) {
  struct recursion {
    static task<long> down(int levels) {
      if (levels == 0) co_return 0;
      co_return 1 + co_await down(levels - 1);
    }
  };
  expect(1'000, [] { return recursion::down(1'000); });
}

TEST_P(Depth, TenThousandFailuresAsValues) {
  auto work = []() -> task<long> {
    long failures = 0;
    for (int i = 0; i < 10'000; ++i) failures += !co_await as_result(fails());
    co_return failures;
  };
  expect(10'000, work);
}

TEST_P(Depth, AHundredThousandHops) {
  auto work = []() -> task<long> {
    long n = 0;
    for (; n < 100'000; ++n) co_await reschedule();
    co_return n;
  };
  expect(100'000, work);
}

INSTANTIATE_TEST_SUITE_P(Runtimes, Depth, ::testing::Values(worlds[0], worlds[2]), world_name);

}  // namespace
}  // namespace skein::test
