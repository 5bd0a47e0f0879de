// Updates add up to one response.
#include <gtest/gtest.h>

#include <skein/chat/update.hpp>

namespace skein {
namespace {

chat_response sum(const std::vector<chat_update>& updates) {
  chat_accumulator sum;
  for (const auto& u : updates) sum.add(u);
  return std::move(sum).take();
}

using parts = std::vector<part>;

TEST(chat_accumulator, joins_adjacent_text_and_reasoning) {
  const auto response = sum({text_delta{"a"}, text_delta{""}, text_delta{"b"}, reasoning_delta{"x"},
                             reasoning_delta{"y"}, text_delta{"c"}});
  EXPECT_EQ(response.message.parts, (parts{text_part{"ab"}, reasoning_part{"xy"}, text_part{"c"}}));
  EXPECT_EQ(response.text(), "abc");
  EXPECT_EQ(response.message.role, role::assistant);
}

TEST(chat_accumulator, ends_a_reasoning_part_with_its_opaque_form) {
  const auto response =
      sum({reasoning_delta{"a"}, reasoning_delta{"b", "sig1"}, reasoning_delta{"c"},
           reasoning_delta{"", "sig2"}, reasoning_delta{"", "redacted"}});
  EXPECT_EQ(response.message.parts,
            (parts{reasoning_part{"ab", "sig1"}, reasoning_part{"c", "sig2"},
                   reasoning_part{"", "redacted"}}));
}

TEST(chat_accumulator, makes_no_part_of_nothing) {
  EXPECT_TRUE(sum({text_delta{""}, reasoning_delta{""}}).message.parts.empty());
}

TEST(chat_accumulator, keeps_calls_in_order_of_first_appearance) {
  const auto response =
      sum({tool_call_delta{1, "b", "g", ""}, tool_call_delta{0, "a", "f", "{"}, text_delta{"t"},
           tool_call_delta{1, "", "", "{}"}, tool_call_delta{0, "", "", "}"}});
  EXPECT_EQ(response.message.parts, (parts{tool_call_part{"b", "g", "{}"},
                                           tool_call_part{"a", "f", "{}"}, text_part{"t"}}));
  EXPECT_EQ(response.tool_calls(),
            (std::vector<tool_call_part>{{"b", "g", "{}"}, {"a", "f", "{}"}}));
}

TEST(chat_accumulator, takes_any_call_number) {
  const auto response = sum({tool_call_delta{4294967295U, "a", "f", "{}"}});
  EXPECT_EQ(response.tool_calls(), (std::vector<tool_call_part>{{"a", "f", "{}"}}));
}

TEST(chat_accumulator, appends_whole_parts_and_ignores_raw_events) {
  const media_part image{.kind = media_kind::image, .uri = "https://example.org/a.png"};
  const auto response =
      sum({text_delta{"a"}, part_update{image}, raw_update{json::object{{"x", 1}}},
           part_update{error_part{"refusal", "no"}}});
  EXPECT_EQ(response.message.parts, (parts{text_part{"a"}, image, error_part{"refusal", "no"}}));
}

TEST(chat_accumulator, lets_the_last_word_win) {
  const auto response =
      sum({response_started{"1", ""}, response_started{"", "m"}, usage_update{{.input = 3}},
           usage_update{{.output = 5}}, response_started{"2", ""}});
  EXPECT_EQ(response.id, "2");
  EXPECT_EQ(response.model, "m");
  EXPECT_EQ(response.usage, usage{.output = 5});
}

TEST(chat_accumulator, is_finished_by_the_terminal_event_only) {
  chat_accumulator sum;
  sum.add(text_delta{"a"});
  EXPECT_FALSE(sum.finished());
  EXPECT_EQ(sum.response().finish, finish_reason::none);
  sum.add(response_finished{finish_reason::other, "eos"});
  EXPECT_TRUE(sum.finished());
  EXPECT_EQ(sum.response().finish, finish_reason::other);
  EXPECT_EQ(sum.response().finish_raw, "eos");
  EXPECT_EQ(sum.response().text(), "a");
}

}  // namespace
}  // namespace skein
