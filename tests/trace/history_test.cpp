// Histories by reference, put together again.
#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <skein/json/text.hpp>
#include <skein/trace/history.hpp>
#include <skein/trace/store.hpp>

#include "support.hpp"

namespace skein::test {
namespace {

using trace::expand_history;

struct call {
  unsigned id;
  const char* own;     // messages
  unsigned after = 0;  // of the trace with the same number
  int omitted = 0;
};
span_record make_call(const call& c) {
  auto s = make({.id = c.id, .name = "chat m", .attributes = chat_attributes(), .trace = c.id});
  s.attributes["gen_ai.input.messages"] = c.own;
  if (c.after != 0) {
    s.attributes["skein.history.after"] = digits(c.after, 32) + "-" + digits(c.after, 16);
    s.attributes["skein.history.omitted"] = c.omitted;
  }
  return s;
}
std::string messages(const span_record& s) {
  return std::string(s.attributes.at("gen_ai.input.messages").as_string());
}

const std::vector calls{
    make_call({.id = 1, .own = R"(["a"])"}),
    make_call({.id = 2, .own = R"(["b","c"])", .after = 1, .omitted = 1}),
    make_call({.id = 3, .own = R"(["d"])", .after = 2, .omitted = 3}),
};

TEST(TraceHistory, IsWholeAgainAcrossTraces) {
  for (bool backwards : {false, true}) {
    auto spans = calls;
    if (backwards) std::ranges::reverse(spans);
    auto done = expand_history(spans);
    if (backwards) std::ranges::reverse(spans);
    EXPECT_EQ(done.expanded, 2U);
    EXPECT_EQ(done.missing, 0U);
    EXPECT_EQ(spans[0], calls[0]);
    EXPECT_EQ(messages(spans[1]), R"(["a","b","c"])");
    EXPECT_EQ(messages(spans[2]), R"(["a","b","c","d"])");
    EXPECT_FALSE(spans[2].attributes.contains("skein.history.after"));
    EXPECT_FALSE(spans[2].attributes.contains("skein.history.omitted"));
    auto again = spans;
    EXPECT_EQ(expand_history(again).expanded, 0U);
    EXPECT_EQ(again, spans);
  }
}

TEST(TraceHistory, AsksForWhatIsElsewhereOnce) {
  std::vector last{calls[2], calls[2]};
  int asked = 0;
  auto done =
      expand_history(last, [&](const trace::span_reference& which) -> std::optional<span_record> {
        ++asked;
        for (const auto& c : calls) {
          if (c.trace_id == which.trace_id && c.span_id == which.span_id) return c;
        }
        return std::nullopt;
      });
  EXPECT_EQ(done.expanded, 2U);
  EXPECT_EQ(asked, 2);
  EXPECT_EQ(messages(last[1]), R"(["a","b","c","d"])");
}

TEST(TraceHistory, FindsThemInAStore) {
  temporary_folder folder;
  trace::store s(folder.file("s"));
  s.insert(calls);
  auto last = s.load(calls[2].trace_id);
  auto done = expand_history(last, [&](const trace::span_reference& which) {
    return s.load(which.trace_id, which.span_id);
  });
  EXPECT_EQ(done.expanded, 1U);
  EXPECT_EQ(messages(last[0]), R"(["a","b","c","d"])");
  EXPECT_FALSE(s.load(digits(1, 32), digits(2, 16)));
}

TEST(TraceHistory, OfContentThatWasCutWhatIsLeft) {
  auto spans = calls;
  spans[0].attributes["gen_ai.input.messages"] = "[]";
  spans[0].attributes["skein.content.cut_bytes"] = 3;
  EXPECT_EQ(expand_history(spans).expanded, 2U);
  EXPECT_EQ(messages(spans[2]), R"(["b","c","d"])");
}

// What cannot be had in full stays as it was recorded.
TEST(TraceHistory, IsLeftAloneWhereSomethingIsMissing) {
  auto without = calls[0];
  without.attributes.erase("gen_ai.input.messages");
  auto no_reference = calls[1];
  no_reference.attributes["skein.history.after"] = "h1";
  const std::map<const char*, std::vector<span_record>> cases{
      {"not there", {calls[1]}},
      {"another number of messages",
       {calls[0], make_call({.id = 2, .own = R"(["b"])", .after = 1, .omitted = 2})}},
      {"without its content", {without, calls[1]}},
      {"round in a circle",
       {make_call({.id = 1, .own = "[]", .after = 2}),
        make_call({.id = 2, .own = "[]", .after = 1})}},
      {"of itself", {make_call({.id = 1, .own = "[]", .after = 1})}},
      {"damaged", {make_call({.id = 1, .own = "["}), calls[1]}},
      {"no reference", {calls[0], no_reference}},
  };
  for (const auto& [name, before] : cases) {
    auto spans = before;
    auto done = expand_history(spans);
    EXPECT_EQ(done.expanded, 0U) << name;
    EXPECT_GE(done.missing, 1U) << name;
    EXPECT_EQ(spans, before) << name;
  }
}

TEST(TraceHistory, LongChainsAreFineAndEndlessOnesEnd) {
  std::vector<span_record> chain;
  for (unsigned i = 1; i <= 300; ++i) {
    chain.push_back(make_call(
        {.id = i, .own = R"(["x"])", .after = i - 1, .omitted = static_cast<int>(i) - 1}));
  }
  auto whole = chain;
  EXPECT_EQ(expand_history(whole).expanded, 299U);
  EXPECT_EQ(json::parse_text(messages(whole.back()))->as_array().size(), 300U);
  auto limited = chain;
  auto done = expand_history(limited, {}, 1000);
  EXPECT_EQ(done.expanded + done.missing, 299U);
  EXPECT_GT(done.missing, 200U);
}

}  // namespace
}  // namespace skein::test
