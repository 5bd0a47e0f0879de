// Each rule of check_tree: a tree that breaks it and a tree that just does not.
#include <algorithm>
#include <ostream>
#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <opentelemetry/trace/provider.h>

#include "support.hpp"

namespace skein::test {
namespace {

using telemetry::check_tree;
using telemetry::span_status;

struct tree {
  const char* name;
  const char* rule;           // broken by the spans below; "" if they are fine
  std::vector<unsigned> who;  // the spans that the problems are about
  std::vector<made> spans;
};
void PrintTo(const tree& t, std::ostream* out) { *out << t.name; }

made agent(unsigned id, unsigned parent = 0, std::int64_t start = 0, std::int64_t end = 100) {
  return {.id = id,
          .parent = parent,
          .name = "invoke_agent",
          .start = start,
          .end = end,
          .attributes = agent_attributes()};
}
made chat(unsigned id, unsigned parent, std::int64_t start = 10, std::int64_t end = 20) {
  return {.id = id,
          .parent = parent,
          .name = "chat",
          .start = start,
          .end = end,
          .attributes = chat_attributes()};
}
made tool(unsigned id, unsigned parent, std::int64_t start = 30, std::int64_t end = 40) {
  return {.id = id,
          .parent = parent,
          .name = "execute_tool",
          .start = start,
          .end = end,
          .attributes = tool_attributes()};
}
made plain(unsigned id, unsigned parent = 0, std::int64_t start = 0, std::int64_t end = 100) {
  return {.id = id, .parent = parent, .start = start, .end = end};
}
made without(made m, std::string_view key) {
  m.attributes.erase(key);
  return m;
}
made using_tokens(made m, int in, int out) {
  m.attributes["gen_ai.usage.input_tokens"] = in;
  m.attributes["gen_ai.usage.output_tokens"] = out;
  return m;
}
made failed(made m, const char* type) {
  m.status = span_status::error;
  if (type != nullptr) m.attributes["error.type"] = type;
  return m;
}

const std::vector<tree> trees{
    {"whole", "", {}, {agent(1), chat(2, 1), tool(3, 1), plain(4, 3, 31, 39), chat(5, 1, 50, 60)}},
    {"orphan", "missing_parent", {2}, {agent(1), chat(2, 9)}},
    {"circle", "cycle", {1, 2, 3}, {plain(1, 2), plain(2, 1), plain(3, 2)}},
    {"two_roots", "several_roots", {2}, {plain(1), plain(2, 0, 5)}},
    {"two_traces", "", {}, {plain(1), {.id = 2, .trace = 2}}},
    {"same_identifier", "duplicate_span", {2}, {plain(1), plain(2, 1), plain(2, 1)}},
    {"same_identifier_in_two_traces", "", {}, {plain(1), {.id = 1, .trace = 2}}},
    {"backwards", "ends_before_start", {2}, {plain(1), plain(2, 1, 50, 45)}},
    {"too_early", "outside_parent", {2}, {plain(1, 0, 10, 100), plain(2, 1, 5, 20)}},
    {"too_late", "outside_parent", {2}, {plain(1), plain(2, 1, 5, 102)}},
    {"within_the_tolerance", "", {}, {plain(1), plain(2, 1, 5, 101)}},
    {"streaming_bug",
     "beside_agent",
     {3, 4},
     {plain(1), agent(2, 1, 0, 50), chat(3, 1), tool(4, 1)}},
    {"streaming_bug_deeper", "", {}, {plain(1), agent(2, 1), plain(3, 1), chat(4, 3)}},
    {"before_the_agent", "", {}, {plain(1), chat(2, 1, 1, 5), agent(3, 1, 6, 50)}},
    {"beside_but_below_an_agent", "", {}, {agent(1), agent(2, 1, 5, 90), chat(3, 1, 10, 20)}},
    {"tool_in_chat", "tool_under_chat", {3}, {agent(1), chat(2, 1), tool(3, 2, 11, 19)}},
    {"tool_deeper_in_chat",
     "tool_under_chat",
     {4},
     {agent(1), chat(2, 1), plain(3, 2, 11, 19), tool(4, 3, 12, 18)}},
    {"tool_of_an_agent_in_chat",
     "",
     {},
     {agent(1), chat(2, 1), agent(3, 2, 11, 19), tool(4, 3, 12, 18)}},
    {"agent_as_tool", "", {}, {agent(1), tool(2, 1), agent(3, 2, 31, 39), chat(4, 3, 32, 38)}},
    {"sum",
     "",
     {},
     {using_tokens(agent(1), 30, 60), using_tokens(chat(2, 1), 10, 20),
      using_tokens(chat(3, 1), 20, 40)}},
    {"sum_below_other_spans",
     "",
     {},
     {using_tokens(agent(1), 30, 60), using_tokens(chat(2, 1), 10, 20), plain(3, 1, 30, 40),
      using_tokens(chat(4, 3, 31, 39), 20, 40)}},
    {"sum_without_calls_in_tools",
     "",
     {},
     {using_tokens(agent(1), 10, 20), using_tokens(chat(2, 1), 10, 20), tool(3, 1),
      using_tokens(chat(4, 3, 31, 39), 20, 40)}},
    {"sum_without_nested_agents",
     "",
     {},
     {using_tokens(agent(1), 10, 20), using_tokens(chat(2, 1), 10, 20), tool(3, 1),
      using_tokens(agent(4, 3, 31, 39), 20, 40), using_tokens(chat(5, 4, 32, 38), 20, 40)}},
    {"sum_without_calls_in_calls",
     "",
     {},
     {using_tokens(agent(1), 10, 20), using_tokens(chat(2, 1), 10, 20),
      using_tokens(chat(3, 2, 11, 19), 10, 20)}},
    {"wrong_sum",
     "usage_sum",
     {1, 1},
     {using_tokens(agent(1), 31, 61), using_tokens(chat(2, 1), 10, 20),
      using_tokens(chat(3, 1), 20, 40)}},
    {"no_sum", "usage_sum", {1, 1}, {agent(1), using_tokens(chat(2, 1), 10, 20)}},
    {"no_operation",
     "missing_attribute",
     {2},
     {agent(1), without(chat(2, 1), "gen_ai.operation.name")}},
    {"no_provider",
     "missing_attribute",
     {2},
     {agent(1), without(chat(2, 1), "gen_ai.provider.name")}},
    {"no_tool_name", "missing_attribute", {2}, {agent(1), without(tool(2, 1), "gen_ai.tool.name")}},
    {"error_with_type", "", {}, {agent(1), failed(chat(2, 1), "429")}},
    {"error_without_type", "error_without_type", {2}, {agent(1), failed(chat(2, 1), nullptr)}},
    {"error_of_others", "", {}, {agent(1), failed(plain(2, 1), nullptr)}},
};

class CheckTree : public ::testing::TestWithParam<tree> {};
TEST_P(CheckTree, FindsExactlyWhatIsWrong) {
  auto problems = check_tree(make_all(GetParam().spans));
  std::vector<std::string> expected;
  for (auto id : GetParam().who) {
    expected.push_back(std::string(GetParam().rule) + " " + digits(id, 16));
  }
  std::vector<std::string> found;
  for (const auto& p : problems) found.push_back(p.rule + " " + p.span_id);
  EXPECT_EQ(found, expected) << ::testing::PrintToString(problems);
}
INSTANTIATE_TEST_SUITE_P(All, CheckTree, ::testing::ValuesIn(trees),
                         [](const auto& i) { return std::string(i.param.name); });

TEST(CheckTreeTable, HasAnExampleForEveryRule) {
  std::set<std::string_view> rules{"never_ended", "ended_twice"};  // below
  for (const auto& t : trees) rules.insert(t.rule);
  for (const auto& r : telemetry::tree_rules()) {
    EXPECT_TRUE(rules.contains(r.name)) << r.name;
    EXPECT_FALSE(r.explanation.empty()) << r.name;
  }
}

TEST(CheckTree, ARemoteParentIsNotMissing) {
  auto spans = make_all({chat(2, 9)});
  EXPECT_THAT(check_tree(spans), ::testing::SizeIs(1));
  spans[0].parent_is_remote = true;
  EXPECT_THAT(check_tree(spans), ::testing::IsEmpty());
}

TEST(CheckTree, ToleranceIsTheCallers) {
  auto spans = make_all({plain(1), plain(2, 1, 5, 101)});
  EXPECT_THAT(check_tree(spans, {}, {.tolerance = std::chrono::nanoseconds(0)}),
              ::testing::SizeIs(1));
}

TEST(CheckTree, NeverEnded) {
  auto spans = make_all({chat(2, 1)});
  auto open = make_all({agent(1)});
  auto problems = check_tree(spans, open);
  ASSERT_THAT(problems, ::testing::SizeIs(1)) << "its child's parent is known";
  EXPECT_EQ(problems[0].rule, "never_ended");
  EXPECT_EQ(to_string(problems[0]), "never_ended: `invoke_agent` (0000000000000001) never ended");
}

TEST(CheckTree, ALedgerIsCheckedWithWhatItKnows) {
  telemetry::span_ledger ledger;
  telemetry::scoped_provider provider(ledger);
  auto tracer = opentelemetry::trace::Provider::GetTracerProvider()->GetTracer("t");
  tracer->StartSpan("fine")->End();
  EXPECT_THAT(check_tree(ledger), ::testing::IsEmpty());
  auto span = tracer->StartSpan("open");
  EXPECT_THAT(check_tree(ledger), ::testing::ElementsAre(::testing::Field(
                                      &telemetry::tree_problem::rule, "never_ended")));
  ledger.clear();
  span->End();
  EXPECT_THAT(check_tree(ledger), ::testing::ElementsAre(::testing::Field(
                                      &telemetry::tree_problem::rule, "ended_twice")));
}

TEST(CheckTree, BigTracesTakeNoTime) {
  std::vector<made> spans;
  spans.push_back(agent(1));
  for (unsigned i = 2; i <= 20'000; ++i) spans.push_back(tool(i, 1));
  for (unsigned i = 1; i <= 20'000; ++i) {
    auto s = plain(100'000 + i, i == 1 ? 0 : 100'000 + i - 1);
    s.trace = 2;
    spans.push_back(s);
  }
  EXPECT_THAT(check_tree(make_all(spans)), ::testing::IsEmpty());
}

}  // namespace
}  // namespace skein::test
