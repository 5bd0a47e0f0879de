// The runtime of tests: the same seed gives the same run, time costs nothing, and a run that is
// stuck says how to repeat it.
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <skein/async/channel.hpp>
#include <skein/async/run.hpp>
#include <skein/async/simulated_runtime.hpp>
#include <skein/async/spawn.hpp>
#include <skein/async/time.hpp>
#include <skein/core/error.hpp>

namespace skein::test {
namespace {

using std::chrono::hours;

// The order in which four children take three steps each.
std::string schedule(simulated_runtime& rt) {
  std::string order;
  auto child = [&order](char name) -> task<> {
    for (int i = 0; i < 3; ++i) {
      order += name;
      co_await reschedule();
    }
  };
  auto work = [&]() -> task<> {
    task_group group;
    for (char name : {'a', 'b', 'c', 'd'}) group.spawn(child(name));
    co_await group.join();
  };
  sync_wait(rt, work());
  return order;
}
std::string schedule(std::uint64_t seed) {
  simulated_runtime rt(seed);
  return schedule(rt);
}

TEST(Simulated, TheSameSeedIsTheSameRun) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) EXPECT_EQ(schedule(seed), schedule(seed));
}

TEST(Simulated, SeedsGiveManyOrders) {
  std::set<std::string> seen;
  for (std::uint64_t seed = 0; seed < 200; ++seed) seen.insert(schedule(seed));
  EXPECT_GT(seen.size(), 100U);
}

TEST(Simulated, FirstComeFirstServedOnRequest) {
  simulated_runtime rt(1, simulated_runtime::order::fifo);
  EXPECT_EQ(schedule(rt), "abcdabcdabcd");
}

TEST(Simulated, HoursPassAtOnceAndInOrder) {
  simulated_runtime rt(7);
  std::vector<int> order;
  auto after = [&](int h) -> task<> {
    co_await sleep_for(hours(h));
    order.push_back(h);
  };
  auto work = [&]() -> task<> {
    task_group group;
    for (int h : {300, 2, 10}) group.spawn(after(h));
    co_await group.join();
  };
  auto start = rt.now();
  sync_wait(rt, work());
  EXPECT_EQ(order, (std::vector{2, 10, 300}));
  EXPECT_EQ(rt.now() - start, hours(300));
  EXPECT_EQ(rt.timers(), 0U);
}

TEST(Simulated, AStuckRunNamesSeedAndStepAndLeavesNothing) {
  simulated_runtime rt(4711);
  bool died = false;
  auto work = [&]() -> task<> {
    struct mark {
      bool& at;
      ~mark() { at = true; }
    } m{died};
    channel<int> nobody(1);
    co_await nobody.receive();
  };
  try {
    sync_wait(rt, work());
    FAIL() << "it cannot end";
  } catch (const usage_error& e) {
    EXPECT_NE(std::string(e.what()).find("seed 4711"), std::string::npos) << e.what();
    EXPECT_NE(std::string(e.what()).find(std::to_string(rt.steps())), std::string::npos);
  }
  EXPECT_TRUE(died);
}

TEST(Simulated, StepsAreCountedAndLimited) {
  simulated_runtime rt(1);
  auto work = []() -> task<> {
    for (int i = 0; i < 10; ++i) co_await reschedule();
  };
  auto j = spawn(rt, work());
  EXPECT_EQ(rt.run(3), 3U);
  EXPECT_EQ(rt.steps(), 3U);
  EXPECT_FALSE(j.done());
  rt.run();
  EXPECT_TRUE(j.done());
  EXPECT_FALSE(rt.step());
}

}  // namespace
}  // namespace skein::test
