// From main() into coroutines: results, exit codes, signals; failures as values.
#include <csignal>
#include <string>

#include <gtest/gtest.h>

#include <skein/async/offload.hpp>
#include <skein/async/result.hpp>
#include <skein/async/run.hpp>
#include <skein/async/time.hpp>
#include <skein/core/error.hpp>

#include "async/probes.hpp"
#include "async/runtimes.hpp"

namespace skein::test {
namespace {

using std::chrono::hours;

task<int> gives(int n) { co_return n; }
task<> throws() {
  co_await reschedule();
  throw tool_error("the cause");
}
task<> interrupted_by(int signal) {
  std::raise(signal);
  co_await sleep_for(hours(1));
}

TEST(Run, TheResultIsTheExitCode) {
  EXPECT_EQ(skein::run([]() -> task<> { co_await reschedule(); }()), 0);
  EXPECT_EQ(skein::run(gives(3)), 3);
}

TEST(Run, AnErrorIsOneLineOnStandardErrorAndOne) {
  testing::internal::CaptureStderr();
  EXPECT_EQ(skein::run(throws()), 1);
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "error: the cause\n");
}

TEST(Run, ASignalCancelsAndGives130) {
  for (int signal : {SIGINT, SIGTERM}) {
    testing::internal::CaptureStderr();
    EXPECT_EQ(skein::run(interrupted_by(signal)), 130);
    EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
  }
}

TEST(Run, WorkMayTurnACancellationIntoACodeOfItsOwn) {
  auto work = []() -> task<int> {
    auto r = co_await as_result(interrupted_by(SIGINT));
    co_return r ? 0 : 7;
  };
  EXPECT_EQ(skein::run(work()), 7);
}

TEST(RunDeathTest, TheSecondSignalEndsTheProgram) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  auto stubborn = []() -> task<> {
    (void)co_await as_result(interrupted_by(SIGINT));
    std::raise(SIGINT);
    co_await shield(hours(1), []() -> task<> { co_await sleep_for(hours(1)); }());
  };
  EXPECT_EXIT(skein::run(stubborn()), ::testing::KilledBySignal(SIGINT), "");
}

class Results : public OnEveryRuntime {};

TEST_P(Results, ComeAsValuesOrExceptions) {
  auto work = [&]() -> task<> {
    EXPECT_EQ((co_await as_result(gives(5))).value(), 5);
    auto failed = co_await as_result(throws());
    EXPECT_EQ(ending(failed), "the cause");
    auto late = co_await as_result(with_deadline(
        runtime::duration::zero(), []() -> task<> { co_await sleep_for(hours(1)); }()));
    EXPECT_EQ(ending(late), "deadline");
  };
  run(work());
}

TEST_P(Results, OfOffloadedWorkComeBackAndItsStateDiesThere) {
  thread_pool pool(1);
  auto work = [&]() -> task<> {
    auto alive = std::make_shared<int>(1);
    std::weak_ptr<int> watch = alive;
    auto n = co_await offload(pool, [held = std::move(alive)] { return *held + 1; });
    EXPECT_EQ(n, 2);
    EXPECT_TRUE(watch.expired()) << "before anybody is told";
    auto failing = [&]() -> task<int> {
      co_return co_await offload(pool, []() -> int { throw tool_error("on the pool"); });
    };
    EXPECT_EQ(ending(co_await as_result(failing())), "on the pool");
  };
  run(work());
}

INSTANTIATE_TEST_SUITE_P(Runtimes, Results, ::testing::ValuesIn(worlds), world_name);

}  // namespace
}  // namespace skein::test
