// A call owns what its tool works with: the callable, the arguments, the context. Run these under
// AddressSanitizer.
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <skein/async/spawn.hpp>
#include <skein/async/time.hpp>

#include "tool/marked.hpp"
#include "tool/worlds.hpp"

namespace skein::test {
namespace {

using std::chrono::milliseconds;

const std::string long_text = "a text that is too long for any small string optimisation";

struct query {
  std::string text;
};

// The closure, which a coroutine lambda refers to, holds `captured`; the parameters are references.
tool fragile(std::string captured) {
  return tool(
      "f", "",
      [captured = std::move(captured)](const query& q, tool_context& ctx) -> task<std::string> {
        co_await sleep_for(milliseconds(1));
        co_return captured + q.text + ctx.call_id() + ctx.name();
      });
}
std::string arguments() { return R"({"text": ")" + long_text + R"("})"; }

TEST(lifetime, a_task_outlives_the_tool_and_the_arguments_it_came_from) {
  on_every_runtime([](runtime& rt) {
    auto work = fragile(long_text).call(arguments(), tool_context("id"));
    EXPECT_EQ(sync_wait(rt, std::move(work)).content, long_text + long_text + "idf");
  });
}

TEST(lifetime, a_bound_call_outlives_the_tool_and_a_stream_outlives_the_bound_call) {
  on_every_runtime([](runtime& rt) {
    std::optional<bound_call> bound = fragile(long_text).bind(arguments()).value();
    auto events = std::move(*bound).run(tool_context("id"));
    bound.reset();
    EXPECT_EQ(sync_wait(rt, record(std::move(events))).result.content,
              long_text + long_text + "idf");
  });
}

// Says where it died.
struct witness {
  std::vector<std::string>* log;
  std::string name;
  witness(std::vector<std::string>* l, std::string n) : log(l), name(std::move(n)) {}
  witness(witness&& o) noexcept : log(std::exchange(o.log, nullptr)), name(std::move(o.name)) {}
  witness(const witness&) = delete;
  witness& operator=(const witness&) = delete;
  witness& operator=(witness&&) = delete;
  ~witness() {
    if (log != nullptr) log->push_back(name + " in " + std::to_string(mark()));
  }
};

TEST(lifetime, a_call_that_is_dropped_half_way_dies_in_its_own_context) {
  std::vector<std::string> log;
  std::optional<tool> one(std::in_place, "f", "",
                          [&log, closure = witness(&log, "closure")]() -> stream<std::string> {
                            witness frame(&log, "frame");
                            co_yield "begun";
                            co_yield "never";
                          });
  simulated_runtime rt(1);
  sync_wait(rt, [](std::optional<tool>& t, std::vector<std::string>& l) -> task<> {
    auto events = [&] {
      context_scope called_here(marked(7));
      return t->bind("").value().run(tool_context{});
    }();
    auto* event = co_await events.next();
    EXPECT_EQ(std::get<tool_progress>(*event).text, "begun");
    t.reset();
    EXPECT_TRUE(l.empty());
    context_scope elsewhere(marked(8));
    events.close();
  }(one, log));
  EXPECT_EQ(log, (std::vector<std::string>{"frame in 7", "closure in 7"}));
}

TEST(lifetime, a_call_that_is_dropped_while_it_waits_dies_in_its_own_context) {
  std::vector<std::string> log;
  const tool one("f", "", [&log]() -> task<> {
    witness frame(&log, "frame");
    co_await sleep_for(std::chrono::hours(1));
  });
  simulated_runtime rt(1);
  {
    auto events = [&] {
      context_scope called_here(marked(7));
      return one.bind("").value().run(tool_context{});
    }();
    auto running = spawn(rt, record(std::move(events)));
    while (rt.timers() == 0) ASSERT_TRUE(rt.step());
    EXPECT_TRUE(log.empty());
  }
  EXPECT_EQ(log, std::vector<std::string>{"frame in 7"});
  EXPECT_EQ(rt.timers(), 0U);
}

TEST(lifetime, the_tools_frame_is_gone_before_its_result_is_seen) {
  std::vector<std::string> log;
  const tool tools[] = {tool("f", "",
                             [&log]() -> task<std::string> {
                               witness frame(&log, "frame");
                               co_return "done";
                             }),
                        tool("f", "", [&log]() -> stream<std::string> {
                          witness frame(&log, "frame");
                          co_yield "done";
                        })};
  simulated_runtime rt(1);
  for (const tool& one : tools) {
    log.clear();
    sync_wait(rt, [](const tool& t, std::vector<std::string>& l) -> task<> {
      auto events = t.bind("").value().run(tool_context{});
      const tool_event* event = nullptr;
      do {
        event = co_await events.next();
      } while (!std::holds_alternative<tool_result>(*event));
      EXPECT_EQ(l.size(), 1U);
    }(one, log));
  }
}

TEST(lifetime, calls_of_one_tool_run_beside_each_other) {
  const tool one = fragile(long_text);
  simulated_runtime rt(3);
  sync_wait(rt, [](tool t) -> task<> {
    std::vector<job<tool_result>> running;
    for (int i = 0; i < 20; ++i) {
      running.push_back(
          spawn(*runtime::current(), t.call(arguments(), tool_context(std::to_string(i)))));
    }
    for (int i = 0; i < 20; ++i) {
      const tool_result result = co_await running[static_cast<std::size_t>(i)];
      EXPECT_EQ(result.content, long_text + long_text + std::to_string(i) + "f");
    }
  }(one));
}

TEST(lifetime, a_bound_call_runs_once) {
  auto bound = tool("f", "", [] { return 1; }).bind("").value();
  auto first = std::move(bound).run(tool_context{});
  EXPECT_THROW(static_cast<void>(std::move(bound).run(tool_context{})), usage_error);
  simulated_runtime rt(1);
  EXPECT_EQ(sync_wait(rt, record(std::move(first))).result.content, "1");
}

TEST(lifetime, a_bound_call_that_never_runs_leaves_nothing) {
  bool ran = false;
  const tool one("f", "", [&ran] { ran = true; });
  static_cast<void>(one.bind(""));
  static_cast<void>(one.bind("").value().run(tool_context{}));
  static_cast<void>(one.call(""));
  EXPECT_FALSE(ran);
}

}  // namespace
}  // namespace skein::test
