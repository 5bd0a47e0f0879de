// What the check found, as SARIF and JUnit, and where two traces part.
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <skein/trace/check.hpp>
#include <skein/trace/diff.hpp>
#include <skein/trace/stats.hpp>

#include "support.hpp"

namespace skein::test {
namespace {

trace::check_report report_of(const std::vector<span_record>& spans) {
  return {
      .source = "a&b.json", .traces = 1, .spans = spans.size(), .findings = trace::check(spans)};
}

// The properties that SARIF 2.1.0 requires, and those that viewers need.
TEST(TraceReport, Sarif) {
  auto orphan = make({.id = 2, .parent = 9, .name = "chat \"x\""});
  auto sarif = to_sarif(report_of({orphan}));
  EXPECT_EQ(sarif.at("version"), "2.1.0");
  ASSERT_EQ(sarif.at("runs").as_array().size(), 1U);
  const auto& run = sarif.at("runs").at(0);
  const auto& driver = run.at("tool").at("driver");
  EXPECT_FALSE(driver.at("name").as_string().empty());
  const auto& rules = driver.at("rules").as_array();
  EXPECT_EQ(rules.size(), trace::rules().size());
  for (const auto& r : rules) {
    EXPECT_FALSE(r.at("id").as_string().empty());
    EXPECT_FALSE(r.at("shortDescription").at("text").as_string().empty());
  }
  const auto& results = run.at("results").as_array();
  ASSERT_EQ(results.size(), 1U);
  const auto& r = results[0];
  EXPECT_EQ(r.at("ruleId"), "missing_parent");
  EXPECT_EQ(rules[r.at("ruleIndex").to_number<std::size_t>()].at("id"), r.at("ruleId"));
  EXPECT_EQ(r.at("level"), "error");
  EXPECT_FALSE(r.at("message").at("text").as_string().empty());
  const auto& location = r.at("locations").at(0);
  EXPECT_EQ(location.at("physicalLocation").at("artifactLocation").at("uri"), "a&b.json");
  EXPECT_EQ(location.at("logicalLocations").at(0).at("fullyQualifiedName").as_string(),
            digits(1, 32) + "/" + digits(2, 16));
}

TEST(TraceReport, Junit) {
  auto orphan = make({.id = 2, .parent = 9, .name = "chat <\"x\"\x01>"});
  auto xml = to_junit(report_of({orphan}), trace::rules());
  EXPECT_TRUE(
      xml.contains("tests=\"" + std::to_string(trace::rules().size()) + "\" failures=\"1\""))
      << xml;
  EXPECT_TRUE(xml.contains("chat &lt;&quot;x&quot;?&gt;")) << xml;
  EXPECT_TRUE(xml.contains("a&amp;b.json"));
  EXPECT_TRUE(xml.contains("<testcase classname=\"trace\" name=\"cycle\"/>"));
}

TEST(TraceReport, Text) {
  auto orphan = make({.id = 2, .parent = 9, .name = "chat"});
  auto text = to_text(report_of({orphan}));
  EXPECT_TRUE(text.starts_with("error: missing_parent\n")) << text;
  EXPECT_TRUE(text.ends_with("1 span in 1 trace checked: 1 error, 0 warnings, 0 notes\n")) << text;
  EXPECT_EQ(to_text(report_of({})), "0 spans in 1 trace checked: nothing found\n");
}

std::vector<span_record> run(unsigned trace) {
  auto root = make({.id = 1, .name = "invoke_agent a", .start = 0, .end = 100, .trace = trace});
  root.attributes = agent_attributes(30, 60);
  auto chat = make({.id = 2, .parent = 1, .name = "chat m", .start = 1, .end = 9, .trace = trace});
  chat.attributes = chat_attributes(10, 20);
  auto tool = make(
      {.id = 3, .parent = 1, .name = "execute_tool t", .start = 10, .end = 19, .trace = trace});
  tool.attributes = tool_attributes();
  auto last =
      make({.id = 4, .parent = 1, .name = "chat m", .start = 20, .end = 30, .trace = trace});
  last.attributes = chat_attributes(20, 40);
  return {root, chat, tool, last};
}

TEST(TraceDiff, TimesAndIdentifiersDoNotCount) {
  auto b = run(2);
  for (auto& s : b) {
    s.start = s.start * 2 + 7;
    s.end = s.end * 2 + 7;
    s.span_id[0] = 'f';
    if (!s.parent_span_id.empty()) s.parent_span_id[0] = 'f';
    s.attributes["gen_ai.response.id"] = "other";
    s.resource["host.name"] = "other";
  }
  auto found = trace::diff(run(1), b);
  EXPECT_FALSE(found.first) << found.first->where << ' ' << found.first->what;
}

TEST(TraceDiff, TheFirstDifferenceIsNamed) {
  struct change {
    void (*make)(std::vector<span_record>&);
    trace::difference first;
  };
  const std::vector<change> changes{
      {[](auto& s) { s[2].name = "execute_tool u"; },
       {"invoke_agent a", "child", "execute_tool t", "execute_tool u"}},
      {[](auto& s) { s.erase(s.begin() + 2); },
       {"invoke_agent a", "child", "execute_tool t", "chat m"}},
      {[](auto& s) { s.pop_back(); }, {"invoke_agent a", "structure", "chat m", "nothing more"}},
      {[](auto& s) { s[1].attributes["gen_ai.usage.output_tokens"] = 21; },
       {"invoke_agent a > chat m", "tokens", "10 in, 20 out", "10 in, 21 out"}},
      {[](auto& s) {
         s[3].status = telemetry::span_status::error;
         s[3].attributes["error.type"] = "429";
       },
       {"invoke_agent a > chat m", "outcome", "ok", "error 429"}},
      {[](auto& s) { s[1].attributes["gen_ai.request.model"] = "n"; },
       {"invoke_agent a > chat m", "gen_ai.request.model", "absent", "\"n\""}},
      {[](auto& s) { s[1].attributes["gen_ai.input.messages"] = "canary"; },
       {"invoke_agent a > chat m", "gen_ai.input.messages", "absent", "8 bytes"}},
      {[](auto& s) { s[0].name = "invoke_agent b"; },
       {"the root", "child", "invoke_agent a", "invoke_agent b"}},
  };
  for (const auto& c : changes) {
    auto b = run(1);
    c.make(b);
    auto found = trace::diff(run(1), b);
    ASSERT_TRUE(found.first);
    EXPECT_EQ(found.first->where, c.first.where);
    EXPECT_EQ(found.first->what, c.first.what);
    EXPECT_EQ(found.first->a, c.first.a);
    EXPECT_EQ(found.first->b, c.first.b);
    EXPECT_EQ(found.more, 0U) << c.first.what;
  }
}

TEST(TraceDiff, HostileTreesEnd) {
  std::vector<span_record> deep;
  for (unsigned i = 1; i < 20'000; ++i) {
    deep.push_back(make({.id = i, .parent = i - 1}));
  }
  EXPECT_FALSE(trace::diff(deep, deep).first);
  auto circle = std::vector{make({.id = 1, .parent = 2}), make({.id = 2, .parent = 1})};
  (void)trace::diff(circle, deep);
}

TEST(TraceStats, CountsModelCallsOnce) {
  auto s = trace::stats_of(run(1));
  EXPECT_EQ(s.traces, 1U);
  EXPECT_EQ(s.spans, 4U);
  EXPECT_EQ(s.input_tokens, 30);
  EXPECT_EQ(s.output_tokens, 60);
  ASSERT_EQ(s.rows.size(), 3U);
  EXPECT_EQ(s.rows[0].operation, "invoke_agent");
  EXPECT_EQ(s.rows[1].operation, "chat");
  EXPECT_EQ(s.rows[1].longest, std::chrono::milliseconds(10));
  EXPECT_EQ(s.rows[2].subject, "get_weather");
}

}  // namespace
}  // namespace skein::test
