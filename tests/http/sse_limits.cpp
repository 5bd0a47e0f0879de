// Limits end the stream with an error, at the same event however the bytes are cut.
#include <gtest/gtest.h>

#include "sse_events.hpp"

namespace skein::http::test {
namespace {

struct limited {
  const char* name;
  std::string text;
  std::size_t events;
  sse_error error;
};

class sse_limit : public ::testing::TestWithParam<limited> {};

TEST_P(sse_limit, holds_at_every_chunk_size) {
  const limited& r = GetParam();
  for (std::size_t size = 1; size <= r.text.size(); ++size) {
    sse_decoder decoder({.line = 16, .event = 20});
    std::vector<event> events;
    for (std::size_t at = 0; at < r.text.size(); at += size) {
      feed_copy(decoder, std::string_view(r.text).substr(at, size), events);
    }
    EXPECT_EQ(events.size(), r.events) << "chunks of " << size;
    EXPECT_EQ(decoder.error(), r.error) << "chunks of " << size;
    EXPECT_FALSE(decoder.finish() && r.error != sse_error::none) << "chunks of " << size;
  }
}

INSTANTIATE_TEST_SUITE_P(
    rows, sse_limit,
    ::testing::Values(
        limited{"line_at_the_limit", "data: 0123456789\n\n", 1, sse_error::none},
        limited{"line_over_the_limit", "data: a\n\ndata: 0123456789x\n\n", 1,
                sse_error::line_too_long},
        limited{"line_without_an_end", "data: a\n\n:2345678901234567", 1, sse_error::line_too_long},
        limited{"event_at_the_limit", "data:012345678\ndata:0123456789\n\n", 1, sse_error::none},
        limited{"event_over_the_limit", "data:a\n\ndata:0123456789\ndata:0123456789\n\n", 1,
                sse_error::event_too_long},
        limited{"many_empty_lines",
                "data\ndata\ndata\ndata\ndata\ndata\ndata\ndata\ndata\ndata\ndata\n"
                "data\ndata\ndata\ndata\ndata\ndata\ndata\ndata\ndata\ndata\ndata\n\n",
                0, sse_error::event_too_long}),
    [](const auto& r) { return std::string(r.param.name); });

TEST(sse_limit, is_final) {
  sse_decoder decoder({.line = 8, .event = 8});
  std::vector<event> events;
  feed_copy(decoder, "data: 0123456789\n\n", events);
  feed_copy(decoder, "data: a\n\n", events);
  EXPECT_TRUE(events.empty());
  EXPECT_EQ(decoder.error(), sse_error::line_too_long);
  EXPECT_EQ(name_of(decoder.error()), "line_too_long");
}

}  // namespace
}  // namespace skein::http::test
