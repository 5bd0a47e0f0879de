#include <gtest/gtest.h>

#include <skein/chat/message.hpp>
#include <skein/chat/update.hpp>
#include <skein/chat/usage.hpp>

namespace skein {
namespace {

TEST(chat_message, joins_its_text_parts) {
  message m{.parts = {text_part{"a"}, reasoning_part{"not this"}, text_part{"b"},
                      tool_call_part{"1", "f", "{}"}, error_part{"e", "nor this"}}};
  EXPECT_EQ(m.text(), "ab");
  EXPECT_EQ(message{}.text(), "");
}

TEST(chat_message, is_made_from_text) {
  EXPECT_EQ(system_message("s"), (message{.role = role::system, .parts = {text_part{"s"}}}));
  EXPECT_EQ(user_message("u").role, role::user);
  EXPECT_EQ(assistant_message("a").role, role::assistant);
}

TEST(chat_names, are_the_ones_of_the_conventions) {
  EXPECT_EQ(name_of(role::system), "system");
  EXPECT_EQ(name_of(role::user), "user");
  EXPECT_EQ(name_of(role::assistant), "assistant");
  EXPECT_EQ(name_of(role::tool), "tool");
  EXPECT_EQ(name_of(finish_reason::stop), "stop");
  EXPECT_EQ(name_of(finish_reason::length), "length");
  EXPECT_EQ(name_of(finish_reason::tool_calls), "tool_call");
  EXPECT_EQ(name_of(finish_reason::content_filter), "content_filter");
  EXPECT_EQ(name_of(finish_reason::none), "");
  EXPECT_EQ(name_of(finish_reason::other), "");
}

TEST(chat_usage, keeps_absent_apart_from_zero) {
  EXPECT_TRUE(usage{}.empty());
  EXPECT_FALSE(usage{.input = 0}.empty());
  const usage sum = usage{.input = 1, .reasoning = 2} + usage{.input = 4, .output = 0};
  EXPECT_EQ(sum, (usage{.input = 5, .output = 0, .reasoning = 2}));
  EXPECT_EQ(sum.total(), 5);
}

TEST(chat_update, has_text_only_if_it_is_text) {
  EXPECT_EQ(chat_update(text_delta{"a"}).text(), "a");
  EXPECT_EQ(chat_update(reasoning_delta{"a"}).text(), "");
}

}  // namespace
}  // namespace skein
