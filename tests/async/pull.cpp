// Law 7: a stream's body advances only inside next().
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <skein/async/stream.hpp>

#include "async/awaitables.hpp"
#include "async/probes.hpp"
#include "async/runtimes.hpp"

namespace skein::test {
namespace {

using Pull = OnEveryRuntime;

stream<int> produce(int n, int* produced) {
  for (int i = 0; i < n; ++i) {
    ++*produced;
    co_await hop();
    co_yield i;
  }
  *produced = -1;
}
stream<int> doubled(stream<int> from) {
  while (auto* v = co_await from.next()) co_yield *v * 2;
}

TEST_P(Pull, NothingIsProducedThatWasNotAskedFor) {
  int produced = 0;
  auto work = [&]() -> task<> {
    auto s = produce(3, &produced);
    for (int i = 0; i < 5; ++i) co_await hop();
    EXPECT_EQ(produced, 0);
    for (int n = 1; n <= 3; ++n) {
      EXPECT_EQ(*co_await s.next(), n - 1);
      for (int i = 0; i < 5; ++i) co_await hop();
      EXPECT_EQ(produced, n);
    }
    EXPECT_EQ(co_await s.next(), nullptr);
    EXPECT_EQ(produced, -1);
    EXPECT_EQ(co_await s.next(), nullptr);
  };
  run(work());
}

TEST_P(Pull, LayersOfStreamsPrefetchNothing) {
  int produced = 0;
  auto work = [&]() -> task<> {
    auto s = doubled(doubled(doubled(produce(100, &produced))));
    EXPECT_EQ(produced, 0);
    for (int n = 1; n <= 10; ++n) {
      EXPECT_EQ(*co_await s.next(), (n - 1) * 8);
      EXPECT_EQ(produced, n);
    }
    s.close();
    EXPECT_EQ(produced, 10);
    EXPECT_EQ(co_await s.next(), nullptr);
  };
  run(work());
}

TEST_P(Pull, AValueStaysUntilTheNextPull) {
  auto body = []() -> stream<std::string> {
    for (char c = 'a'; c < 'd'; ++c) co_yield std::string(40, c);
    co_yield "from another type, long enough to live on the heap";
    const std::string kept(40, 'k');
    co_yield kept;
  };
  auto work = [&]() -> task<std::string> {
    auto s = body();
    std::string all;
    while (auto* v = co_await s.next()) {
      co_await hop();
      EXPECT_GE(v->size(), 40U);
      all += v->front();
    }
    co_return all;
  };
  EXPECT_EQ(run(work()), "abcfk");
}

TEST_P(Pull, ValuesThatOnlyMoveMoveOut) {
  auto body = []() -> stream<std::unique_ptr<int>> {
    co_yield std::make_unique<int>(1);
    auto mine = std::make_unique<int>(2);
    co_yield mine;
    EXPECT_EQ(mine, nullptr) << "the consumer may take what it is shown";
  };
  auto work = [&]() -> task<int> {
    int total = 0;
    auto s = body();
    while (auto* v = co_await s.next()) total += *std::exchange(*v, nullptr);
    co_return total;
  };
  EXPECT_EQ(run(work()), 3);
}

TEST_P(Pull, AFailureIsRethrownOnceAndEndsTheStream) {
  census objects;
  auto body = [&]() -> stream<int> {
    auto m = objects.enter(0);
    co_yield 1;
    throw tool_error("broken");
  };
  auto next = [](stream<int>& s) -> task<int*> { co_return co_await s.next(); };
  auto work = [&]() -> task<> {
    auto s = body();
    EXPECT_NE(co_await s.next(), nullptr);
    EXPECT_EQ(co_await ending_of(next(s)), "broken");
    EXPECT_EQ(objects.alive(), 0) << "the body ended with its failure";
    EXPECT_EQ(co_await s.next(), nullptr);
  };
  run(work());
}

TEST_P(Pull, AStreamMovesBetweenPulls) {
  int produced = 0;
  auto work = [&]() -> task<> {
    auto s = std::make_unique<stream<int>>(produce(5, &produced));
    EXPECT_EQ(*co_await s->next(), 0);
    stream<int> t = std::move(*s);
    EXPECT_EQ(co_await s->next(), nullptr);
    s.reset();
    EXPECT_EQ(*co_await t.next(), 1);
    t = produce(1, &produced);
    EXPECT_EQ(*co_await t.next(), 0);
    EXPECT_EQ(produced, 3);
    stream<int> none;
    EXPECT_EQ(co_await none.next(), nullptr);
  };
  run(work());
}

INSTANTIATE_TEST_SUITE_P(Runtimes, Pull, ::testing::ValuesIn(worlds), world_name);

}  // namespace
}  // namespace skein::test
