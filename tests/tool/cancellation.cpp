// A stopped run is no failure of the tool; a limit that the tool set itself is one.
#include <chrono>
#include <optional>
#include <string>

#include <gtest/gtest.h>

#include <skein/async/cancel.hpp>
#include <skein/async/result.hpp>
#include <skein/async/spawn.hpp>
#include <skein/async/time.hpp>
#include <skein/core/error.hpp>

#include "tool/worlds.hpp"

namespace skein::test {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

task<std::string> for_ever() {
  co_await sleep_for(hours(24));
  co_return "never";
}
stream<std::string> for_ever_in_steps() {
  co_yield "begun";
  co_await sleep_for(hours(24));
  co_yield "never";
}

std::optional<cancel_reason> reason_of(const std::expected<tool_result, std::exception_ptr>& got) {
  if (got) return std::nullopt;
  try {
    std::rethrow_exception(got.error());
  } catch (const cancelled& c) {
    return c.reason();
  }
}

task<std::optional<cancel_reason>> stopped_by(cancel_source source, tool one) {
  co_return reason_of(co_await as_result(with_cancel(source, one.call(""))));
}

TEST(cancellation, of_the_run_passes_through) {
  on_every_runtime([](runtime& rt) {
    for (const tool& one : {tool("f", "", for_ever), tool("f", "", for_ever_in_steps)}) {
      const auto late = sync_wait(rt, [](tool t) -> task<std::optional<cancel_reason>> {
        co_return reason_of(co_await as_result(with_deadline(milliseconds(5), t.call(""))));
      }(one));
      EXPECT_EQ(late, cancel_reason::deadline);

      const auto stopped = sync_wait(rt, [](tool t) -> task<std::optional<cancel_reason>> {
        cancel_source source;
        auto running = spawn(*runtime::current(), stopped_by(source, t));
        co_await sleep_for(milliseconds(2));
        source.cancel();
        co_return co_await running;
      }(one));
      EXPECT_EQ(stopped, cancel_reason::cancelled);
    }
  });
}

TEST(cancellation, by_the_tool_itself_is_its_failure) {
  on_every_runtime([](runtime& rt) {
    const tool late("f", "", [] { return with_deadline(milliseconds(3), for_ever()); });
    EXPECT_EQ(sync_wait(rt, late.call("")),
              failed_result({"deadline", "deadline passed", "Error: Function timed out."}));

    const tool stopped("f", "", []() -> task<std::string> {
      cancel_source source;
      source.cancel();
      co_return co_await with_cancel(source, for_ever());
    });
    EXPECT_EQ(sync_wait(rt, stopped.call("")),
              failed_result({"cancelled", "cancelled", "Error: Function was cancelled."}));
  });
}

TEST(cancellation, before_the_start_runs_nothing) {
  simulated_runtime rt(1);
  bool ran = false;
  const tool one("f", "", [&ran] { ran = true; });
  const auto why = [&] {
    cancel_source source;
    source.cancel();
    return sync_wait(rt, stopped_by(source, one));
  }();
  EXPECT_EQ(why, cancel_reason::cancelled);
  EXPECT_FALSE(ran);
}

}  // namespace
}  // namespace skein::test
