// A whole answer gives the updates that a stream of it gives.
#include <gtest/gtest.h>

#include "openai_codec.hpp"

namespace skein::openai::test {
namespace {

constexpr const char* answer = R"({
  "id": "chatcmpl-BcQ8ko2nz9B7CRvV0uVbcowidHpQU", "object": "chat.completion", "created": 1748496646,
  "model": "gpt-4o-2024-08-06",
  "choices": [{"index": 0, "finish_reason": "tool_calls", "logprobs": null,
    "message": {"role": "assistant", "content": "Let me look.", "refusal": null, "annotations": [],
      "audio": null, "function_call": null, "tool_calls": [
        {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": "{\"a\":1}"}},
        {"id": "call_2", "type": "function", "function": {"name": "f", "arguments": "{\"a\":2}"}}]}}],
  "usage": {"prompt_tokens": 91, "completion_tokens": 14, "total_tokens": 105,
    "prompt_tokens_details": {"cached_tokens": 0}, "completion_tokens_details": {"reasoning_tokens": 0}},
  "service_tier": "default", "system_fingerprint": "fp_76544d79cb"})";

TEST(openai_whole, gives_the_updates_of_a_stream) {
  const decoded d = decode_whole(answer);
  ASSERT_FALSE(d.error) << d.what();
  EXPECT_EQ(d.updates,
            (std::vector<chat_update>{
                response_started{"chatcmpl-BcQ8ko2nz9B7CRvV0uVbcowidHpQU", "gpt-4o-2024-08-06"},
                text_delta{"Let me look."}, tool_call_delta{0, "call_1", "f", R"({"a":1})"},
                tool_call_delta{1, "call_2", "f", R"({"a":2})"},
                usage_update{{.input = 91, .output = 14, .cache_read = 0, .reasoning = 0}},
                response_finished{finish_reason::tool_calls, "tool_calls"}}));
}

TEST(openai_whole, adds_up_to_what_its_stream_adds_up_to) {
  std::string as_stream(answer);
  std::erase(as_stream, '\n');
  EXPECT_EQ(decode_whole(answer).updates, decode_chunks({as_stream}).updates);
}

TEST(openai_whole, needs_no_finish_reason) {
  const decoded d = decode_whole(R"({"choices":[{"message":{"content":"a"}}]})");
  EXPECT_FALSE(d.error);
  EXPECT_EQ(d.updates, (std::vector<chat_update>{text_delta{"a"}, response_finished{}}));
}

TEST(openai_whole, keeps_reasoning_refusal_and_other_choices) {
  const decoded d = decode_whole(
      R"({"choices":[{"index":1,"message":{"content":"b"}},{"index":0,"message":{"content":null,"reasoning_content":"r","refusal":"no"}}]})");
  EXPECT_EQ(
      d.response.message.parts,
      (std::vector<part>{reasoning_part{"r", R"({"openai_reasoning":{"key":"reasoning_content"}})"},
                         error_part{"refusal", "no"}}));
  EXPECT_EQ(d.all<raw_update>().size(), 1U);
}

TEST(openai_whole, cut_anywhere_is_malformed) {
  const std::string_view body = answer;
  for (std::size_t cut = 0; cut < body.size(); ++cut) {
    const decoded d = decode_whole(body.substr(0, cut));
    ASSERT_EQ(d.error_type(), "malformed") << "cut at " << cut;
    ASSERT_TRUE(d.updates.empty());
  }
}

TEST(openai_whole, without_choices_is_malformed) {
  for (const char* body :
       {"{}", "[]", "7", R"({"choices":null})", R"({"choices":[]})", R"({"detail":"x"})"}) {
    EXPECT_EQ(decode_whole(body).error_type(), "malformed") << body;
  }
}

TEST(openai_whole, with_an_error_throws_it) {
  EXPECT_EQ(decode_whole(R"({"error":{"message":"m","code":"model_not_found"}})").error_type(),
            "model_not_found");
}

}  // namespace
}  // namespace skein::openai::test
