// The rules of WHATWG HTML, "Server-sent events", one rule each.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sse_events.hpp"

namespace skein::http::test {
namespace {

using namespace std::string_literals;
using std::chrono::milliseconds;

struct rule {
  const char* name;
  std::string text;
  std::vector<event> events;
};

class sse_standard : public ::testing::TestWithParam<rule> {};

TEST_P(sse_standard, gives_the_events) { EXPECT_EQ(events_of(GetParam().text), GetParam().events); }

INSTANTIATE_TEST_SUITE_P(
    rules, sse_standard,
    ::testing::Values(
        rule{"spec_messages",
             "data: This is the first message.\n\ndata: This is the second message, it\ndata: has "
             "two "
             "lines.\n\ndata: This is the third message.\n\n",
             {{"", "This is the first message.", ""},
              {"", "This is the second message, it\nhas two lines.", ""},
              {"", "This is the third message.", ""}}},
        rule{"spec_types",
             "event: add\ndata: 73857293\n\nevent: remove\ndata: 2153\n\nevent: add\ndata: "
             "113411\n\n",
             {{"add", "73857293", ""}, {"remove", "2153", ""}, {"add", "113411", ""}}},
        rule{"spec_stocks", "data: YHOO\ndata: +2\ndata: 10\n\n", {{"", "YHOO\n+2\n10", ""}}},
        rule{"spec_four_blocks_last_one_cut",
             ": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third "
             "event\n",
             {{"", "first event", "1"}, {"", "second event", ""}}},
        rule{"spec_empty_data", "data\n\ndata\ndata\n\ndata:", {{"", "", ""}, {"", "\n", ""}}},
        rule{"spec_space_after_colon",
             "data:test\n\ndata: test\n\n",
             {{"", "test", ""}, {"", "test", ""}}},
        rule{"one_space_only", "data:  two\n\n", {{"", " two", ""}}},
        rule{"cr", "data: a\rdata: b\r\rdata: c\r\r", {{"", "a\nb", ""}, {"", "c", ""}}},
        rule{
            "crlf", "data: a\r\ndata: b\r\n\r\ndata: c\r\n\r\n", {{"", "a\nb", ""}, {"", "c", ""}}},
        rule{"mixed_line_ends",
             "data: a\r\n\ndata: b\n\r\ndata: c\r\n\rdata: d\n\n",
             {{"", "a", ""}, {"", "b", ""}, {"", "c", ""}, {"", "d", ""}}},
        rule{"cr_then_lf_is_one_end", "data: a\r\ndata: b\n\n", {{"", "a\nb", ""}}},
        rule{"bom",
             "\xEF\xBB\xBF"
             "data: a\n\n",
             {{"", "a", ""}}},
        rule{"only_one_bom",
             "\xEF\xBB\xBF\xEF\xBB\xBF"
             "data: a\n\n",
             {}},
        rule{"bom_later_is_content", "data: \xEF\xBB\xBF\n\n", {{"", "\xEF\xBB\xBF", ""}}},
        rule{"half_a_bom_is_content",
             "\xEF\xBB"
             "data: a\n\ndata: b\n\n",
             {{"", "b", ""}}},
        rule{"type_without_data_is_forgotten", "event: ping\n\ndata: a\n\n", {{"", "a", ""}}},
        rule{"last_type_wins", "event: a\nevent: b\ndata: x\n\n", {{"b", "x", ""}}},
        rule{"empty_type_is_the_default", "event: a\nevent\ndata: x\n\n", {{"", "x", ""}}},
        rule{"id_stays", "id: 7\ndata: a\n\ndata: b\n\n", {{"", "a", "7"}, {"", "b", "7"}}},
        rule{"id_without_data_counts", "id: 7\n\ndata: b\n\n", {{"", "b", "7"}}},
        rule{"id_with_nul_is_ignored", "id: 7\nid: a\0b\ndata: a\n\n"s, {{"", "a", "7"}}},
        rule{"field_names_are_exact", "Data: a\ndata : b\n data: c\ndatax: d\ndat: e\n\n", {}},
        rule{"comments", ":\n: x\n:data: y\ndata: a\n:\n\n", {{"", "a", ""}}},
        rule{"colons_in_the_value", "data:::a:b\n\n", {{"", "::a:b", ""}}},
        rule{"nul_in_data_is_kept", "data: a\0b\n\n"s, {{"", "a\0b"s, ""}}},
        rule{"nothing", "", {}}, rule{"blank_lines", "\n\n\r\n\r\r", {}}),
    [](const auto& r) { return std::string(r.param.name); });

TEST(sse_retry, takes_digits_only) {
  const std::vector<std::pair<std::string, std::optional<milliseconds>>> rows = {
      {"retry: 250\n", milliseconds(250)},
      {"retry:250\n", milliseconds(250)},
      {"retry: 0\n", milliseconds(0)},
      {"retry: -1\n", std::nullopt},
      {"retry: 1.5\n", std::nullopt},
      {"retry:  5\n", std::nullopt},
      {"retry\n", std::nullopt},
      {"retry: x\n", std::nullopt},
      {"retry: 99999999999999999999\n", milliseconds(INT64_MAX)},
      {"retry: 1\nretry: bad\n", milliseconds(1)}};
  for (const auto& [text, expected] : rows) {
    sse_decoder decoder;
    decoder.feed(text);
    EXPECT_FALSE(decoder.next());
    EXPECT_EQ(decoder.retry(), expected) << text;
  }
}

TEST(sse_last_event_id, is_taken_by_the_blank_line_only) {
  sse_decoder decoder;
  decoder.feed("id: 1\ndata: a\n\nid: 2\ndata: b\n");
  EXPECT_TRUE(decoder.next());
  EXPECT_FALSE(decoder.next());
  EXPECT_EQ(decoder.last_event_id(), "1");
  decoder.feed("\n");
  EXPECT_TRUE(decoder.next());
  EXPECT_EQ(decoder.last_event_id(), "2");
}

}  // namespace
}  // namespace skein::http::test
