// Captured content grows with the turns, not with their square: a request's span holds what no
// earlier one has, and says where the rest is.
#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <skein/chat/client.hpp>
#include <skein/json/text.hpp>

#include "agent/scenario.hpp"

namespace skein::test {
namespace {

using telemetry::capture;
using telemetry::content_policy;
using telemetry::history;

std::vector<turn> calling(int times) {
  std::vector<turn> turns;
  for (int i = 0; i < times; ++i)
    turns.push_back(turn().call("look", "{}", "call_" + std::to_string(i)));
  turns.push_back(turn().text({"done"}));
  return turns;
}
scenario many_turns(int times, content_policy how = capture::spans) {
  return {.turns = calling(times),
          .content = std::move(how),
          .agent = {.name = "bot", .tools = {slow_tool("look")}, .limits = {.round_trips = 2000}}};
}

json::array messages_on(const span_record& s) {
  const auto* v = s.attributes.if_contains("gen_ai.input.messages");
  return v == nullptr ? json::array() : json::parse_text(v->as_string())->as_array();
}
std::string text_of(const span_record& s, std::string_view key) {
  const auto* v = s.attributes.if_contains(key);
  return v == nullptr ? "" : std::string(v->as_string());
}
// What the request's span stands for, by following its references.
json::array expanded(const spans& t, const span_record& s) {
  const auto after = text_of(s, "skein.history.after");
  json::array all;
  if (!after.empty()) {
    for (const auto& other : t.all()) {
      if (other.trace_id + "-" + other.span_id == after) all = expanded(t, other);
    }
    EXPECT_EQ(all.size(), s.attributes.at("skein.history.omitted").to_number<std::size_t>());
  }
  for (auto& m : messages_on(s)) all.push_back(m);
  return all;
}
std::size_t content_bytes(const spans& t) {
  std::size_t sum = 0;
  for (const auto& s : t.all()) {
    for (const auto& [key, value] : s.attributes) {
      if (value.is_string()) sum += value.get_string().size();
    }
  }
  return sum;
}
std::vector<json::array> all_expanded(const spans& t) {
  std::vector<json::array> out;
  for (const auto& s : t.all("chat")) out.push_back(expanded(t, s));
  return out;
}

TEST(ContentHistory, ALaterRequestHoldsWhatIsNew) {
  auto s = many_turns(2);
  s.check = [](const spans& t) {
    EXPECT_EQ(messages_on(t.at("chat", 0)).size(), 1u);
    EXPECT_EQ(messages_on(t.at("chat", 1)).size(), 2u) << "the call and its result";
    EXPECT_EQ(messages_on(t.at("chat", 2)).size(), 2u);
    EXPECT_EQ(t.attribute("chat", "skein.history.omitted", 2), "3");
    const auto second = t.at("chat", 1);
    EXPECT_EQ(text_of(t.at("chat", 2), "skein.history.after"),
              second.trace_id + "-" + second.span_id);
  };
  play(s);
}

TEST(ContentHistory, ExpandedItIsWhatTheWholeWouldBe) {
  std::vector<json::array> whole;
  auto s = many_turns(5, content_policy(capture::spans, {.history = history::whole}));
  s.check = [&](const spans& t) {
    EXPECT_EQ(t.attribute("chat", "skein.history.after", 3), "-");
    whole = all_expanded(t);
  };
  play(s);
  ASSERT_EQ(whole.size(), 6u);
  EXPECT_EQ(whole.back().size(), 11u);
  auto by_reference = many_turns(5);
  by_reference.check = [&](const spans& t) { EXPECT_EQ(all_expanded(t), whole); };
  play(by_reference);
}

TEST(ContentHistory, BytesGrowWithTheTurns) {
  std::map<int, std::size_t> bytes;
  for (int turns : {40, 80, 160}) {
    auto s = many_turns(turns);
    s.check = [&](const spans& t) { bytes[turns] = content_bytes(t); };
    play(s);
  }
  const auto first = static_cast<double>(bytes[80] - bytes[40]) / 40;
  const auto second = static_cast<double>(bytes[160] - bytes[80]) / 80;
  EXPECT_NEAR(second / first, 1, 0.05) << first << " and " << second << " bytes a turn";
}

// Runs of a session refer to each other's spans; what was changed in between is told again.
TEST(ContentHistory, ASessionRemembersWhatIsRecorded) {
  for (auto form : {history::across_traces, history::within_trace}) {
    play(
        {.responder = [](const chat_request&, const chat_options&) { return turn().text({"yes"}); },
         .content = content_policy(capture::spans, {.history = form}),
         .play = [](stage& s) -> task<> {
           session memory;
           co_await s.keep(s.run("one", {.session = &memory}));
           co_await s.keep(s.run("two", {.session = &memory}));
           memory.clear();
           co_await s.keep(s.run("three", {.session = &memory}));
         },
         .check =
             [form](const spans& t) {
               EXPECT_EQ(expanded(t, t.at("chat", 1)).size(), 3u);
               EXPECT_EQ(messages_on(t.at("chat", 1)).size(),
                         form == history::across_traces ? 2u : 3u);
               EXPECT_EQ(messages_on(t.at("chat", 2)).size(), 1u);
               EXPECT_EQ(t.attribute("chat", "skein.history.after", 2), "-");
             }});
  }
}

TEST(ContentHistory, InterleavedRunsKeepToThemselves) {
  play({.responder =
            [](const chat_request& r, const chat_options&) {
              return r.messages.size() < 5 ? turn().call("look", "{}") : turn().text({"done"});
            },
        .content = capture::spans,
        .agent = {.name = "bot", .tools = {slow_tool("look")}},
        .play = [](stage& s) -> task<> {
          auto a = s.agent.stream("first question");
          auto b = s.agent.stream("second question");
          bool more_a = true;
          bool more_b = true;
          while (more_a || more_b) {
            if (more_a) more_a = co_await a.next() != nullptr;
            if (more_b) more_b = co_await b.next() != nullptr;
          }
        },
        .check =
            [](const spans& t) {
              for (const auto& s : t.all("chat")) {
                for (const auto& other : t.all("chat")) {
                  if (other.trace_id + "-" + other.span_id == text_of(s, "skein.history.after")) {
                    EXPECT_EQ(other.parent_span_id, s.parent_span_id);
                  }
                }
                const auto all = json::serialize(expanded(t, s));
                EXPECT_NE(all.contains("first question"), all.contains("second question"));
              }
            }});
}

// The agent's span has its own question and answer; what was said in between is on the chats.
TEST(ContentHistory, AnAgentsSpanHasOneAnswer) {
  auto s = many_turns(3);
  s.check = [](const spans& t) {
    const auto out = text_of(t.at("invoke_agent"), "gen_ai.output.messages");
    EXPECT_EQ(json::parse_text(out)->as_array().size(), 1u);
    EXPECT_TRUE(out.contains("done"));
  };
  play(s);
}

// ---- what a run may say for itself

TEST(RunOptions, GrantOrRefuseContentForOneRun) {
  for (auto granted : {capture::off, capture::spans}) {
    auto s = many_turns(1, granted == capture::off ? capture::spans : capture::off);
    s.run.content = granted;
    s.check = [granted](const spans& t) {
      for (const char* key : {"gen_ai.input.messages", "gen_ai.tool.call.arguments"}) {
        bool found = false;
        for (const auto& each : t.all()) found = found || each.attributes.contains(key);
        EXPECT_EQ(found, granted == capture::spans) << key;
      }
    };
    play(s);
  }
}

TEST(RunOptions, ARunWithoutSpansHasNone) {
  auto s = many_turns(2);
  s.play = [](stage& at) -> task<> {
    open_span outer("outer");
    co_await at.keep(at.run("hi", {.spans = telemetry::tracing::off}));
  };
  s.tree = "outer";
  s.check_signals = [](const metric_book& book, const log_book& logs) {
    EXPECT_TRUE(book.all().empty());
    EXPECT_TRUE(logs.all().empty());
  };
  play(s);
}

TEST(Switch, DisabledIsDisabledUntilItIsEnabled) {
  telemetry::disable();
  auto s = many_turns(1);
  s.check = [](const spans& t) { EXPECT_TRUE(t.all().empty()); };
  s.check_signals = [](const metric_book& book, const log_book&) {
    EXPECT_TRUE(book.all().empty());
  };
  play(s);
  EXPECT_FALSE(telemetry::enabled());
  telemetry::enable();
  s = many_turns(0);
  s.tree = "invoke_agent bot[chat Test]";
  play(s);
}

}  // namespace
}  // namespace skein::test
