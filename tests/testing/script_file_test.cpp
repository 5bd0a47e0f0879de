#include <string_view>

#include <gtest/gtest.h>

#include <skein/core/error.hpp>
#include <skein/testing/script.hpp>

namespace skein::testing {
namespace {

TEST(script_file, reads_everything_it_documents) {
  const auto read = parse_rules(R"({"fixtures": [
    {"match": {"userMessage": "weather", "systemMessage": "s", "hasToolResult": false,
               "toolName": "get_weather", "model": "m", "turnIndex": 2},
     "response": {"content": "It rains.", "reasoning": "Hm.", "finishReason": "length",
                  "toolCalls": [{"id": "c1", "name": "f", "arguments": "{\"x\":1}"},
                                {"name": "g", "arguments": {"y": [2]}}],
                  "usage": {"prompt_tokens": 1, "completion_tokens": 2, "cached_tokens": 3,
                            "reasoning_tokens": 4}},
     "chunkSize": 5, "firstDelay": 6, "latency": 7,
     "fault": {"kind": "rate_limited", "at": 8, "delay": 9, "retryAfter": 10}},
    {"match": {"inputText": "a"}, "response": {"embedding": [0.1]}},
    {"response": {"content": {"name": "Ada"}, "chunks": ["a", "b"]}},
    {"match": {}, "response": {"error": {"message": "Rate limited", "code": "c"}, "status": 429}}]})");
  ASSERT_EQ(read.size(), 3U);
  const auto& [user, system, result, tool, model, turn, answer] = read[0];
  EXPECT_EQ(user, "weather");
  EXPECT_EQ(system, "s");
  EXPECT_EQ(result, false);
  EXPECT_EQ(tool, "get_weather");
  EXPECT_EQ(model, "m");
  EXPECT_EQ(turn, 2U);
  EXPECT_EQ(answer.text, "It rains.");
  EXPECT_EQ(answer.reasoning, "Hm.");
  EXPECT_EQ(answer.finish, "length");
  ASSERT_EQ(answer.calls.size(), 2U);
  EXPECT_EQ(answer.calls[0].id, "c1");
  EXPECT_EQ(answer.calls[0].arguments, R"({"x":1})");
  EXPECT_EQ(answer.calls[1].id, "call_2");
  EXPECT_EQ(answer.calls[1].arguments, R"({"y":[2]})");
  EXPECT_EQ(answer.usage.total(), 3);
  EXPECT_EQ(answer.usage.cache_read, 3);
  EXPECT_EQ(answer.usage.reasoning, 4);
  EXPECT_EQ(answer.chunk_size, 5U);
  EXPECT_EQ(answer.first_delay.count(), 6);
  EXPECT_EQ(answer.chunk_delay.count(), 7);
  ASSERT_TRUE(answer.fault);
  EXPECT_EQ(answer.fault->kind, fault_kind::rate_limited);
  EXPECT_EQ(answer.fault->at, 8U);
  EXPECT_EQ(answer.fault->delay.count(), 9);
  EXPECT_EQ(answer.fault->retry_after.count(), 10);
  EXPECT_EQ(read[1].answer.text, R"({"name":"Ada"})");
  EXPECT_EQ(read[1].answer.chunks.size(), 2U);
  ASSERT_TRUE(read[2].answer.error);
  EXPECT_EQ(read[2].answer.error->status, 429);
  EXPECT_EQ(read[2].answer.error->message, "Rate limited");
}

TEST(script_file, mistakes_are_told_with_their_place) {
  struct {
    std::string_view text;
    std::string_view path;
  } const cases[]{
      {"{", "$"},
      {"3", "$"},
      {"{}", "$"},
      {R"([{}])", "$[0]"},
      {R"([{"response": 1}])", "$[0].response"},
      {R"([{"response": {}, "match": {"userMesage": "x"}}])", "$[0].match"},
      {R"([{"response": {}, "match": {"hasToolResult": "no"}}])", "$[0].match.hasToolResult"},
      {R"([{"response": {"toolCalls": [{}]}}])", "$[0].response.toolCalls[0]"},
      {R"([{"response": {"error": {}, "status": 200}}])", "$[0].response.status"},
      {R"([{"response": {}, "chunkSize": -1}])", "$[0].chunkSize"},
      {R"([{"response": {}, "latency": 1.5}])", "$[0].latency"},
      {R"([{"response": {}, "fault": {"kind": "explode"}}])", "$[0].fault.kind"},
  };
  for (const auto& c : cases) {
    try {
      (void)parse_rules(c.text);
      ADD_FAILURE() << "read " << c.text;
    } catch (const schema_error& e) {
      EXPECT_EQ(e.path(), c.path) << e.what();
    }
  }
}

}  // namespace
}  // namespace skein::testing
