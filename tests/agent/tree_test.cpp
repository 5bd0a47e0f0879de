// The seed: in a streaming run, `chat` and `execute_tool` are children of `invoke_agent`.
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <skein/agent/agent.hpp>
#include <skein/async/run.hpp>
#include <skein/async/simulated_runtime.hpp>
#include <skein/providers/scripted.hpp>
#include <skein/telemetry/install.hpp>
#include <skein/telemetry/ledger.hpp>
#include <skein/telemetry/tree.hpp>

namespace skein {
namespace {

using scripted::turn;

std::vector<turn> weather_script() {
  return {turn()
              .identity("r1", "m")
              .call("get_weather", R"({"city":"Oslo"})")
              .call("get_weather", R"({"city":"Rome"})")
              .usage(10, 5),
          turn().identity("r2", "m").text({"Cold ", "and warm."}).usage(20, 7)};
}

tool weather_tool() {
  return tool("get_weather", "Weather of a city", params{{"city"}},
              [](std::string city) -> task<std::string> {
                co_await reschedule();
                co_return city + ": fine";
              });
}

TEST(AgentTree, IsTheSameStreamingAndBlockingOnEveryRuntime) {
  telemetry::install();
  std::string first;
  for (int mode = 0; mode < 4; ++mode) {
    telemetry::span_ledger ledger;
    telemetry::scoped_provider provider(ledger);
    scripted::client model(weather_script());
    agent a(model, {.name = "forecaster", .tools = {weather_tool()}});
    auto streamed = [&]() -> task<std::string> {
      auto run = a.stream("hi");
      std::string text;
      while (auto* u = co_await run.next()) text += u->text();
      EXPECT_EQ(run.response().usage.total(), 42);
      EXPECT_EQ(run.response().end, run_end::completed);
      EXPECT_EQ(text, run.response().text());
      co_return text;
    };
    auto blocking = [&]() -> task<std::string> { co_return (co_await a.run("hi")).text(); };
    asio_runtime real;
    simulated_runtime virtual_time(7);
    runtime& rt = mode < 2 ? static_cast<runtime&>(real) : virtual_time;
    EXPECT_EQ(sync_wait(rt, mode % 2 == 0 ? streamed() : blocking()), "Cold and warm.");
    EXPECT_EQ(ledger.started(), ledger.ended());
    EXPECT_TRUE(telemetry::check_tree(ledger).empty())
        << telemetry::to_string(telemetry::check_tree(ledger)[0]);
    auto tree = telemetry::render_tree(ledger.records(), telemetry::golden_tree);
    if (mode == 0) {
      first = tree;
      std::puts(tree.c_str());
    }
    EXPECT_EQ(tree, first) << "mode " << mode;
  }
}

}  // namespace
}  // namespace skein
