// What happens where servers bend the rules.
#include <gtest/gtest.h>

#include "sse_events.hpp"

namespace skein::http::test {
namespace {

TEST(sse_lenient, a_comment_sent_as_data_is_an_event) {
  EXPECT_EQ(events_of("data: : keepalive\n\n"), (std::vector<event>{{"", ": keepalive", ""}}));
}

TEST(sse_lenient, blank_data_is_an_event) {
  EXPECT_EQ(events_of("data:\n\ndata: \n\n"), (std::vector<event>{{"", "", ""}, {"", "", ""}}));
}

struct ending {
  const char* name;
  std::string text;
  bool pending;
  std::optional<event> finished;
};

class sse_end : public ::testing::TestWithParam<ending> {};

TEST_P(sse_end, is_reported_and_may_be_taken) {
  sse_decoder decoder;
  std::vector<event> events;
  feed_copy(decoder, GetParam().text, events);
  EXPECT_EQ(decoder.pending(), GetParam().pending);
  const auto last = decoder.finish();
  ASSERT_EQ(last.has_value(), GetParam().finished.has_value());
  if (last) {
    EXPECT_EQ(copy(*last), *GetParam().finished);
  }
}

INSTANTIATE_TEST_SUITE_P(
    rows, sse_end,
    ::testing::Values(
        ending{"complete", "data: a\n\n", false, std::nullopt},
        ending{"nothing", "", false, std::nullopt},
        ending{"no_blank_line", "data: a\n", true, event{"", "a", ""}},
        ending{"no_line_end", "data: a", true, event{"", "a", ""}},
        ending{"no_lf_after_cr", "data: a\r", true, event{"", "a", ""}},
        ending{"complete_but_for_the_lf_of_crlf", "data: a\r\n\r", false, std::nullopt},
        ending{"two_lines", "event: t\nid: 1\ndata: a\ndata: b", true, event{"t", "a\nb", "1"}},
        ending{"field_name_only", "data: a\n\ndat", true, std::nullopt},
        ending{"only_a_comment", ": bye", true, std::nullopt},
        ending{"only_a_type", "event: t\n", false, std::nullopt},
        ending{"half_a_bom", "\xEF\xBB", true, std::nullopt}),
    [](const auto& r) { return std::string(r.param.name); });

TEST(sse_end, is_not_pending_while_an_event_is_being_read) {
  sse_decoder decoder;
  decoder.feed("data: a\n\n");
  EXPECT_TRUE(decoder.next());
  EXPECT_FALSE(decoder.pending());
}

}  // namespace
}  // namespace skein::http::test
