// What bounds a run, and what the model is told on its way.
#include <stdexcept>
#include <string>
#include <vector>

#include "agent/scenario.hpp"

namespace skein::test {
namespace {

// Calls `name` as long as tools may be used.
scripted::client::responder calls_on(std::string name) {
  return [name](const chat_request& r, const chat_options& o) {
    if (o.tool_choice && o.tool_choice->mode == tool_mode::none) return turn().text({"at last"});
    return turn().call(name, "{}", std::format("c{}", r.messages.size()));
  };
}
std::size_t answers(const agent_response& r) {
  return static_cast<std::size_t>(std::ranges::count(r.messages, role::assistant, &message::role));
}

TEST(RunLimits, EachEndsWithAnAnswerWithoutTools) {
  const auto fails = tool("fails", "", []() -> std::string { throw std::runtime_error("always"); });
  const struct {
    const char* what;
    run_limits limits;
    std::string calls;
    run_end end;
    std::size_t answers;
  } table[] = {
      {"forty round trips", {}, "t", run_end::round_trip_limit, 41},
      {"two round trips", {.round_trips = 2}, "t", run_end::round_trip_limit, 3},
      {"three errors", {}, "fails", run_end::error_limit, 4},
      {"unknown tools are errors", {}, "nowhere", run_end::error_limit, 4},
      {"one error", {.consecutive_errors = 1}, "fails", run_end::error_limit, 2},
      {"five calls", {.tool_calls = 5}, "t", run_end::tool_call_limit, 6},
      {"no round trips", {.round_trips = 0}, "t", run_end::round_trip_limit, 1},
  };
  for (const auto& row : table) {
    SCOPED_TRACE(row.what);
    scenario s{.responder = calls_on(row.calls),
               .agent = {.name = "bot", .tools = {slow_tool("t"), fails}, .limits = row.limits}};
    s.play = [&row](stage& at) -> task<> {
      auto r = co_await at.run("hi");
      EXPECT_EQ(r.end, row.end);
      EXPECT_EQ(answers(r), row.answers);
      EXPECT_EQ(r.text(), "at last");
      at.result = show(r);
    };
    play(s);
  }
}

TEST(RunLimits, TheLastQuestionStillNamesTheToolsSoThatTheHistoryFits) {
  scenario s{.turns = {turn().call("t", "{}"), turn().text({"x"})},
             .agent = {.name = "bot", .tools = {slow_tool("t")}, .limits = {.round_trips = 1}}};
  s.play = [](stage& at) -> task<> {
    co_await at.keep(at.run("hi"));
    const auto asked = at.model.requests();
    EXPECT_FALSE(asked.at(0).options.tool_choice);
    EXPECT_EQ(asked.at(1).options.tool_choice.value().mode, tool_mode::none);
    EXPECT_EQ(asked.at(1).request.tools.size(), 1u);
    EXPECT_EQ(&asked.at(1).request.tools[0], &asked.at(0).request.tools[0])
        << "no schema is copied";
  };
  play(s);
}

TEST(RunLimits, ARequiredChoiceIsRequiredOnce) {
  scenario s{.turns = {turn().call("t", "{}"), turn().text({"x"})},
             .agent = {.name = "bot", .tools = {slow_tool("t")}}};
  s.agent.chat.tool_choice = tool_choice{.mode = tool_mode::required, .name = "t"};
  s.text = "x";
  s.play = [](stage& at) -> task<> {
    co_await at.keep(at.run("hi"));
    const auto asked = at.model.requests();
    EXPECT_EQ(asked.at(0).options.tool_choice.value().mode, tool_mode::required);
    EXPECT_EQ(asked.at(0).options.tool_choice.value().name, "t");
    EXPECT_FALSE(asked.at(1).options.tool_choice);
  };
  play(s);
}

TEST(RunLimits, ACallWithAnIdThatWasThereIsDropped) {
  scenario s{.turns = {turn().call("t", "{}", "same").call("t", "{}", "same"),
                       turn().text({"x"}).call("t", "{}", "same")},
             .agent = {.name = "bot", .tools = {slow_tool("t")}},
             .tree = "invoke_agent bot[chat Test, execute_tool t, chat Test]",
             .text = "x"};
  play(s);
}

TEST(RunLimits, ResultsAreInTheOrderOfTheCallsWhoeverIsFirst) {
  const auto late = tool("late", "", []() -> task<std::string> {
    co_await sleep_for(std::chrono::milliseconds(5));
    co_return "late";
  });
  scenario s{.turns = {turn().call("late", "{}").call("t", "{}").call("nowhere", "{}"),
                       turn().text({"x"})},
             .agent = {.name = "bot", .tools = {late, slow_tool("t")}},
             .updates = scenario::order::free};
  s.play = [](stage& at) -> task<> {
    co_await at.keep(at.run("hi"));
    std::string names;
    const auto told = at.model.requests().at(1).request.messages.back();
    for (const auto& p : told.parts) {
      names += std::get<tool_result_part>(p).name + ' ';
    }
    EXPECT_EQ(names, "late t nowhere ");
  };
  play(s);
}

TEST(RunOptions, WhatIsSetReplacesTheAgents) {
  scenario s{.turns = {turn().text({"x"})}};
  s.agent.chat = {.model = "of-agent",
                  .temperature = 0.25,
                  .max_tokens = 10,
                  .stop = {"a", "b"},
                  .logit_bias = {{"1", 1.0}, {"2", 2.0}},
                  .metadata = {{"k", "agent"}, {"only", "agent"}},
                  .extra_body = {{"x", 1}, {"y", 1}},
                  .extra_headers = {{"A", "1"}}};
  s.run.chat = {.model = "of-run",
                .temperature = 0.75,
                .stop = {"c"},
                .logit_bias = {{"2", 3.0}},
                .metadata = {{"k", "run"}},
                .extra_body = {{"y", 2}},
                .extra_headers = {{"B", "2"}}};
  s.tree = "invoke_agent bot[chat of-run]";
  s.play = [](stage& at) -> task<> {
    co_await at.keep(at.run("hi", at.what.run));
    const auto o = at.model.requests().at(0).options;
    EXPECT_EQ(o.model, "of-run");
    EXPECT_EQ(o.temperature, 0.75);
    EXPECT_EQ(o.max_tokens, 10) << "what is not set stays the agent's";
    EXPECT_EQ(o.stop, std::vector<std::string>{"c"});
    EXPECT_EQ(o.logit_bias, (std::map<std::string, double>{{"1", 1.0}, {"2", 3.0}}));
    EXPECT_EQ(o.metadata, (std::map<std::string, std::string>{{"k", "run"}, {"only", "agent"}}));
    EXPECT_EQ(o.extra_body, (json::object{{"x", 1}, {"y", 2}}));
    EXPECT_EQ(o.extra_headers.size(), 2u);
  };
  play(s);
}

TEST(RunOptions, WhatTheCallerPassesIsNotChanged) {
  scenario s{.turns = {turn().text({"x"}), turn().text({"y"})}};
  s.play = [](stage& at) -> task<> {
    const run_options options{.chat = {.temperature = 0.5, .conversation_id = "c"},
                              .instructions = "Over."};
    co_await at.keep(at.run("hi", options));
    co_await at.keep(at.run("hi"));
    const auto asked = at.model.requests();
    EXPECT_EQ(asked.at(0).request.instructions, "Over.");
    EXPECT_EQ(asked.at(1).request.instructions, "") << "a run's options are of that run alone";
    EXPECT_FALSE(asked.at(1).options.temperature);
    EXPECT_EQ(asked.at(1).options.conversation_id, "");
  };
  play(s);
}

TEST(Agent, TwoToolsOfOneNameAreFoundWhenItIsMade) {
  scripted::client model(std::vector<turn>{});
  EXPECT_THROW(agent(model, {.tools = {slow_tool("t"), slow_tool("t")}}), usage_error);
}

}  // namespace
}  // namespace skein::test
