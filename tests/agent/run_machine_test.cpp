// The loop's rules, without I/O: what the machine asks for, and what it makes of the answers.
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <skein/agent/run_machine.hpp>
#include <skein/core/error.hpp>

namespace skein {
namespace {

using tools = run_machine::tools;

chat_response says(std::string text) {
  chat_response r;
  if (!text.empty()) r.message.parts.emplace_back(text_part{std::move(text)});
  return r;
}
chat_response calls(std::vector<tool_call_part> wanted, std::string text = {}) {
  auto r = says(std::move(text));
  for (auto& c : wanted) r.message.parts.emplace_back(std::move(c));
  return r;
}
tool_call_part call(std::string id, std::string name = "add") {
  return {.id = std::move(id), .name = std::move(name), .arguments = "{}"};
}
std::vector<tool_result_part> answers(const run_machine& m,
                                      tool_outcome outcome = tool_outcome::ok) {
  std::vector<tool_result_part> batch;
  const auto step = m.next();
  for (const auto& c : std::get<run_machine::run_tools>(step).calls) {
    batch.push_back({.call_id = c.id, .name = c.name, .content = "3", .outcome = outcome});
  }
  return batch;
}
run_machine machine(run_limits limits = {}, std::vector<std::string> declared = {}) {
  return run_machine({}, {user_message("hi")}, limits, std::move(declared));
}
bool asks(const run_machine& m, tools t) {
  return m.next() == run_machine::step(run_machine::ask_model{t});
}
bool ends(const run_machine& m, run_end e) {
  return m.next() == run_machine::step(run_machine::finish{e});
}

// Every call in the history has exactly one result, after it.
void expect_paired(const run_machine& m) {
  std::vector<std::string> open;
  for (const auto& message : m.messages()) {
    for (const auto& p : message.parts) {
      if (auto* c = std::get_if<tool_call_part>(&p)) open.push_back(c->id);
      if (auto* r = std::get_if<tool_result_part>(&p)) {
        EXPECT_EQ(std::erase(open, r->call_id), 1u) << r->call_id;
      }
    }
  }
  EXPECT_TRUE(open.empty());
}

TEST(RunMachine, AnAnswerWithoutCallsEndsTheRun) {
  auto m = machine();
  ASSERT_TRUE(asks(m, tools::offered));
  m.answered(says("hello"));
  EXPECT_TRUE(ends(m, run_end::completed));
  EXPECT_EQ(m.messages().back().text(), "hello");
  EXPECT_EQ(m.round_trips(), 1u);
}

TEST(RunMachine, AnEmptyAnswerEndsTheRunToo) {
  auto m = machine();
  m.answered(says(""));
  EXPECT_TRUE(ends(m, run_end::completed));
}

TEST(RunMachine, TheFinishReasonDecidesNothing) {
  for (auto reason : {finish_reason::none, finish_reason::stop, finish_reason::tool_calls,
                      finish_reason::other}) {
    auto with_calls = machine();
    auto r = calls({call("1")});
    r.finish = reason;
    with_calls.answered(std::move(r));
    EXPECT_TRUE(std::holds_alternative<run_machine::run_tools>(with_calls.next()));

    auto without = machine();
    r = says("x");
    r.finish = reason;
    without.answered(std::move(r));
    EXPECT_TRUE(ends(without, run_end::completed));
  }
}

TEST(RunMachine, CallsRunAndTheirResultsFollowInOrder) {
  auto m = machine();
  m.answered(calls({call("b"), call("a")}, "let me see"));
  auto step = std::get<run_machine::run_tools>(m.next());
  ASSERT_EQ(step.calls.size(), 2u);
  EXPECT_EQ(step.calls[0].id, "b");
  EXPECT_EQ(step.calls[1].id, "a");
  EXPECT_EQ(m.messages().size(), 1u) << "a call must not stand in the history without its result";
  m.results(answers(m));
  EXPECT_TRUE(asks(m, tools::offered));
  m.answered(says("done"));
  EXPECT_TRUE(ends(m, run_end::completed));
  ASSERT_EQ(m.messages().size(), 4u);
  EXPECT_EQ(std::get<tool_result_part>(m.messages()[2].parts[0]).call_id, "b");
  expect_paired(m);
}

TEST(RunMachine, DuplicateCallIdsInOneAnswerAreDropped) {
  auto m = machine();
  m.answered(calls({call("1"), call("1"), call("2")}));
  EXPECT_EQ(std::get<run_machine::run_tools>(m.next()).calls.size(), 2u);
  m.results(answers(m));
  expect_paired(m);
}

TEST(RunMachine, CallsAnsweredBeforeAreDropped) {
  auto m = machine();
  m.answered(calls({call("1")}));
  m.results(answers(m));
  m.answered(calls({call("1")}, "again"));
  EXPECT_TRUE(ends(m, run_end::completed));
  expect_paired(m);
}

TEST(RunMachine, FortyRoundTripsThenOneWithoutTools) {
  auto m = machine();
  int asked = 0;
  while (asks(m, tools::offered)) {
    m.answered(calls({call(std::to_string(asked++))}));
    m.results(answers(m));
  }
  EXPECT_EQ(asked, 40);
  ASSERT_TRUE(asks(m, tools::withheld));
  m.answered(says("all I know"));
  EXPECT_TRUE(ends(m, run_end::round_trip_limit));
  EXPECT_EQ(m.messages().back().text(), "all I know");
  EXPECT_EQ(m.round_trips(), 41u);
  expect_paired(m);
}

TEST(RunMachine, CallsInTheLastAnswerAreStripped) {
  struct {
    std::string text, want;
  } const table[] = {
      {"", "Function invocation limit reached before a final answer could be produced."},
      {"partial", "partial"},
  };
  for (const auto& row : table) {
    auto m = machine({.round_trips = 1});
    m.answered(calls({call("1")}));
    m.results(answers(m));
    ASSERT_TRUE(asks(m, tools::withheld));
    m.answered(calls({call("2")}, row.text));
    EXPECT_TRUE(ends(m, run_end::round_trip_limit));
    EXPECT_EQ(m.messages().back().text(), row.want);
    expect_paired(m);
  }
}

TEST(RunMachine, ThreeBatchesWithErrorsInARowWithholdTheTools) {
  auto m = machine();
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(asks(m, tools::offered)) << i;
    m.answered(calls({call(std::to_string(i))}));
    m.results(answers(m, tool_outcome::error));
  }
  ASSERT_TRUE(asks(m, tools::withheld));
  m.answered(says("sorry"));
  EXPECT_TRUE(ends(m, run_end::error_limit));
}

TEST(RunMachine, AGoodBatchForgivesTheErrorsBefore) {
  auto m = machine();
  for (int i = 0; i < 12; ++i) {
    ASSERT_TRUE(asks(m, tools::offered)) << i;
    m.answered(calls({call(std::to_string(i))}));
    m.results(answers(m, i % 3 == 2 ? tool_outcome::ok : tool_outcome::error));
  }
}

TEST(RunMachine, TheToolCallLimitIsLookedAtAfterEachBatch) {
  auto m = machine({.tool_calls = 3});
  m.answered(calls({call("1"), call("2")}));
  m.results(answers(m));
  ASSERT_TRUE(asks(m, tools::offered));
  m.answered(calls({call("3"), call("4")}));
  m.results(answers(m));
  ASSERT_TRUE(asks(m, tools::withheld));
  m.answered(says("x"));
  EXPECT_TRUE(ends(m, run_end::tool_call_limit));
}

TEST(RunMachine, NoRoundTripsMeansOneAnswerWithoutTools) {
  auto m = machine({.round_trips = 0});
  EXPECT_TRUE(asks(m, tools::withheld));
}

TEST(RunMachine, DeclaredToolsGoBackToTheCaller) {
  auto m = machine({}, {"their_tool"});
  m.answered(calls({call("1", "their_tool")}));
  EXPECT_TRUE(ends(m, run_end::calls_for_caller));
  ASSERT_EQ(m.calls_for_caller().size(), 1u);
  EXPECT_EQ(m.messages().size(), 2u);

  auto mixed = machine({}, {"their_tool"});
  mixed.answered(calls({call("1"), call("2", "their_tool")}));
  EXPECT_EQ(std::get<run_machine::run_tools>(mixed.next()).calls.size(), 1u);
  mixed.results(answers(mixed));
  EXPECT_TRUE(ends(mixed, run_end::calls_for_caller));
  EXPECT_EQ(mixed.calls_for_caller()[0].id, "2");
}

TEST(RunMachine, ToldWhatItDidNotAskForItRefuses) {
  auto m = machine();
  EXPECT_THROW(m.results({}), usage_error);
  m.answered(calls({call("1")}));
  EXPECT_THROW(m.answered(says("x")), usage_error);
  EXPECT_THROW(m.results({}), usage_error);
}

TEST(RunMachine, HistoryAndInputAreToldApartFromWhatIsNew) {
  run_machine m({user_message("before"), assistant_message("yes")},
                {user_message("now"), user_message("!")});
  EXPECT_EQ(m.first_new(), 2u);
  EXPECT_EQ(m.input_size(), 2u);
  m.answered(says("ok"));
  EXPECT_EQ(m.messages().size(), 5u);
}

// Saved and loaded at every step, a run goes on as if nothing had happened.
TEST(RunMachine, SavedBetweenAnyTwoStepsItGoesOnTheSame) {
  auto play = [](auto at_each_step) {
    run_machine m({system_message("be brief")}, {user_message("hi")}, {.round_trips = 2},
                  {"their_tool"});
    at_each_step(m);
    m.answered(calls({call("1"), call("2")}, "hm"));
    at_each_step(m);
    m.results(answers(m, tool_outcome::error));
    at_each_step(m);
    m.answered(calls({call("3"), call("4", "their_tool")}));
    at_each_step(m);
    m.results(answers(m));
    at_each_step(m);
    return m;
  };
  auto plain = play([](run_machine&) {});
  auto saved = play([](run_machine& m) {
    auto text = json::serialize(m.save());
    auto again = run_machine::load(json::parse(text));
    ASSERT_TRUE(again) << again.error().path << ": " << again.error().message;
    m = *std::move(again);
  });
  EXPECT_EQ(plain.save(), saved.save());
  EXPECT_TRUE(ends(saved, run_end::calls_for_caller));
  EXPECT_EQ(plain.messages(), saved.messages());
}

TEST(RunMachine, WhatIsNotASavedRunIsRefusedWithItsPath) {
  auto good = machine().save();
  auto broken = [&](auto change) {
    auto o = good.as_object();
    change(o);
    auto loaded = run_machine::load(o);
    return loaded ? std::string("loaded") : loaded.error().path;
  };
  EXPECT_EQ(broken([](auto&) {}), "loaded");
  EXPECT_EQ(broken([](auto& o) { o["version"] = 2; }), "$.version");
  EXPECT_EQ(broken([](auto& o) { o["phase"] = 9; }), "$.phase");
  EXPECT_EQ(broken([](auto& o) { o["history_size"] = 5; }), "$.history_size");
  EXPECT_EQ(broken([](auto& o) {
              o["messages"] = json::array{json::object{{"role", "poet"}, {"parts", json::array{}}}};
            }),
            "$.messages[0].role");
  EXPECT_EQ(run_machine::load(json::value(3)).error().path, "$");
}

run_machine answering(run_limits limits = {}) {
  return run_machine({}, {user_message("hi")}, limits, {}, "answer");
}

TEST(RunMachine, EndsWithTheResultOfTheAnswerTool) {
  auto m = answering();
  m.answered(calls({call("a", "answer"), call("b")}));
  m.results(answers(m));
  EXPECT_TRUE(ends(m, run_end::completed));
  expect_paired(m);
}

TEST(RunMachine, GoesOnAfterAnAnswerThatIsAnError) {
  auto m = answering({.consecutive_errors = 1, .tool_calls = 1});
  m.answered(calls({call("a", "answer")}));
  m.results(answers(m, tool_outcome::error));
  EXPECT_TRUE(asks(m, tools::offered)) << "an answer is no call of a tool";
}

TEST(RunMachine, TakesTheAnswerToolWhereToolsAreWithheld) {
  auto m = answering({.round_trips = 0});
  m.answered(calls({call("a", "answer"), call("b")}));
  EXPECT_EQ(answers(m).size(), 1u);
  m.results(answers(m, tool_outcome::error));
  EXPECT_TRUE(asks(m, tools::withheld));
  auto again = run_machine::load(m.save()).value();
  again.answered(calls({call("c", "answer")}));
  again.results(answers(again));
  EXPECT_TRUE(ends(again, run_end::round_trip_limit));
  expect_paired(again);
}

TEST(RunMachine, LoadsARunWithoutAnAnswerTool) {
  auto saved = machine().save();
  saved.as_object().erase("answer_tool");
  EXPECT_TRUE(run_machine::load(saved).has_value());
}

TEST(RunMachine, AsksAgainWhenItsAnswerWillNotDo) {
  auto m = machine();
  EXPECT_THROW(m.ask_again(user_message("Again!")), usage_error);
  m.answered(says("no"));
  m.ask_again(user_message("Again!"));
  EXPECT_TRUE(asks(m, tools::offered));
  EXPECT_EQ(m.messages().back(), user_message("Again!"));
  auto limited = machine({.round_trips = 0});
  limited.answered(says("no"));
  limited.ask_again(user_message("Again!"));
  EXPECT_TRUE(asks(limited, tools::withheld));
  limited.answered(says("yes"));
  EXPECT_TRUE(ends(limited, run_end::round_trip_limit));
}

}  // namespace
}  // namespace skein
