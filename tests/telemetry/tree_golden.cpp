// How trees are drawn.
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "support.hpp"

namespace skein::test {
namespace {

using telemetry::golden_tree;
using telemetry::render_tree;
using telemetry::span_status;
using telemetry::tree_style;

json::object with(json::object a, std::string_view key, const json::value& v) {
  a[key] = v;
  return a;
}

std::vector<made> weather() {
  return {
      {.id = 1,
       .name = "invoke_agent forecaster",
       .start = 0,
       .end = 1240,
       .attributes = agent_attributes(30, 60)},
      {.id = 2,
       .parent = 1,
       .name = "chat gpt-5-mini",
       .start = 0,
       .end = 620,
       .attributes = with(chat_attributes(10, 20), semconv::response_time_to_first_chunk, 0.21)},
      {.id = 3,
       .parent = 1,
       .name = "execute_tool get_weather",
       .start = 620,
       .end = 730,
       .attributes = tool_attributes()},
      {.id = 4,
       .parent = 3,
       .name = "GET",
       .start = 625,
       .end = 725,
       .attributes = {{"error.type", "timeout"}},
       .status = span_status::error},
      {.id = 5,
       .parent = 1,
       .name = "chat gpt-5-mini",
       .start = 740,
       .end = 1240,
       .attributes = with(chat_attributes(20, 40), semconv::outcome, "cancelled")},
  };
}

TEST(Tree, Golden) {
  EXPECT_EQ(render_tree(make_all(weather()), golden_tree),
            "invoke_agent forecaster  30→60 tokens\n"
            "├─ chat gpt-5-mini  10→20 tokens\n"
            "├─ execute_tool get_weather\n"
            "│  └─ GET  error: timeout\n"
            "└─ chat gpt-5-mini  20→40 tokens  cancelled\n");
}

// clang-format off
TEST(Tree, WithTimes) {
  EXPECT_EQ(render_tree(make_all(weather()), {.width = 100}),
            "invoke_agent forecaster       1.24 s  ██████████████████████████████████  30→60 tokens\n"
            "├─ chat gpt-5-mini            620 ms  █████████████████                   10→20 tokens  first 210 ms\n"
            "├─ execute_tool get_weather   110 ms                   ███\n"
            "│  └─ GET                     100 ms                   ███                error: timeout\n"
            "└─ chat gpt-5-mini            500 ms                      ██████████████  20→40 tokens  cancelled\n");
}

TEST(Tree, InAscii) {
  EXPECT_EQ(render_tree(make_all(weather()), {.drawn_with = tree_style::glyphs::ascii, .width = 84}),
            "invoke_agent forecaster       1.24 s  #################  30->60 tokens\n"
            "|- chat gpt-5-mini            620 ms  #########          10->20 tokens  first 210 ms\n"
            "|- execute_tool get_weather   110 ms          ##\n"
            "|  `- GET                     100 ms          ##         error: timeout\n"
            "`- chat gpt-5-mini            500 ms            #######  20->40 tokens  cancelled\n");
}
// clang-format on

TEST(Tree, IsAsWideAsTold) {
  for (int width : {60, 80, 100, 140}) {
    auto text =
        render_tree(make_all(weather()), {.drawn_with = tree_style::glyphs::ascii, .width = width});
    std::size_t widest = 0;
    for (std::size_t at = 0; at < text.size();) {
      auto end = text.find('\n', at);
      widest = std::max(widest, end - at);
      at = end + 1;
    }
    EXPECT_LE(widest, static_cast<std::size_t>(width)) << text;
  }
  // Narrower than what must be said, names are cut and the rest is whole.
  auto narrow = render_tree(make_all(weather()), {.width = 10});
  EXPECT_TRUE(narrow.contains("20→40 tokens  cancelled")) << narrow;
  EXPECT_TRUE(narrow.contains("├─ chat gpt…")) << narrow;
}

TEST(Tree, OrderDoesNotDependOnTheOrderOfRecords) {
  auto spans = make_all(weather());
  auto forward = render_tree(spans, golden_tree);
  std::ranges::reverse(spans);
  EXPECT_EQ(render_tree(spans, golden_tree), forward);
}

TEST(Tree, EqualStartsAreOrderedByEndThenName) {
  EXPECT_EQ(render_tree(make_all({{.id = 1, .name = "root"},
                                  {.id = 2, .parent = 1, .name = "c", .end = 5},
                                  {.id = 3, .parent = 1, .name = "b", .end = 5},
                                  {.id = 4, .parent = 1, .name = "a", .end = 9}}),
                        golden_tree),
            "root\n├─ b\n├─ c\n└─ a\n");
}

TEST(Tree, OneForEachRootAndMissingParentsAreSaid) {
  auto spans = make_all({{.id = 1, .name = "later", .start = 5, .trace = 2},
                         {.id = 2, .name = "first", .start = 0},
                         {.id = 3, .parent = 99, .name = "orphan", .start = 7},
                         {.id = 4, .parent = 98, .name = "served", .start = 8}});
  spans[3].parent_is_remote = true;
  EXPECT_EQ(render_tree(spans, golden_tree),
            "first\n\nlater\n\norphan  (parent missing)\n\nserved\n");
}

TEST(Tree, OfNothingIsNothing) { EXPECT_EQ(render_tree({}, golden_tree), ""); }

TEST(Tree, CirclesAreDrawnOnce) {
  auto text = render_tree(make_all({{.id = 1, .parent = 3, .name = "a"},
                                    {.id = 2, .parent = 1, .name = "b"},
                                    {.id = 3, .parent = 2, .name = "c"},
                                    {.id = 4, .parent = 4, .name = "self"},
                                    {.id = 5, .parent = 2, .name = "tail"}}),
                          golden_tree);
  for (const auto* name : {"a", "b", "c", "self", "tail"}) {
    auto first = text.find(name);
    EXPECT_NE(first, std::string::npos) << name;
  }
  EXPECT_EQ(std::ranges::count(text, '\n'), 6) << text;
  EXPECT_TRUE(text.contains("(its parents go round in a circle)")) << text;
}

TEST(Tree, AHostileNameCannotCommandTheTerminal) {
  EXPECT_EQ(render_tree(make_all({{.name = "a\x1b[2Jb\nc\xC2\x9B"
                                           "d\xFF"}}),
                        golden_tree),
            "a?[2Jb?c?d\xEF\xBF\xBD\n");
}

TEST(Tree, DeepOnesStayReadable) {
  std::vector<made> deep;
  for (unsigned i = 1; i <= 20'000; ++i) deep.push_back({.id = i, .parent = i - 1});
  auto text = render_tree(make_all(deep), golden_tree);
  EXPECT_EQ(std::ranges::count(text, '\n'), 20'000);
  EXPECT_LT(text.size(), 20'000U * 500);
}

TEST(Tree, DurationsHaveThreeDigits) {
  struct row {
    std::int64_t nanoseconds;
    const char* text;
  };
  for (auto row :
       {row{0, "0 ns"}, row{999, "999 ns"}, row{1000, "1.00 µs"}, row{12'345, "12.3 µs"},
        row{999'400, "999 µs"}, row{999'600, "1.00 ms"}, row{9'996'000, "10.0 ms"},
        row{99'960'000, "100 ms"}, row{1'240'000'000, "1.24 s"}, row{75'000'000'000, "75.0 s"}}) {
    auto span = make(made{.name = "x"});
    span.end = span.start + row.nanoseconds;
    auto text = render_tree(std::vector{span});
    EXPECT_TRUE(text.contains("  " + std::string(row.text) + "  ")) << text << row.text;
  }
}

}  // namespace
}  // namespace skein::test
