#include <string>
#include <vector>

#include <gmock/gmock.h>

#include <skein/testing/openai_bytes.hpp>

#include "testing/peer.hpp"

namespace skein::testing {
namespace {

using ::testing::ElementsAre;

const auto ask = json::parse(streamed_hello);

std::vector<json::value> deltas(const std::vector<std::string>& events) {
  std::vector<json::value> all;
  for (const auto& event : events) {
    if (event == "data: [DONE]\n\n") continue;
    const auto chunk = json::parse(event.substr(6, event.size() - 8));
    for (const auto& choice : chunk.at("choices").as_array()) all.push_back(choice.at("delta"));
  }
  return all;
}

TEST(openai_bytes, stream_golden) {
  EXPECT_THAT(
      sse_events(ask, {.text = "Hi!", .id = "chatcmpl-7"}),
      ElementsAre(
          R"(data: {"id":"chatcmpl-7","object":"chat.completion.chunk","created":1700000000,"model":"m","system_fingerprint":"fp_skein","choices":[{"index":0,"delta":{"role":"assistant","content":"","refusal":null},"logprobs":null,"finish_reason":null}]})"
          "\n\n",
          R"(data: {"id":"chatcmpl-7","object":"chat.completion.chunk","created":1700000000,"model":"m","system_fingerprint":"fp_skein","choices":[{"index":0,"delta":{"content":"Hi!"},"logprobs":null,"finish_reason":null}]})"
          "\n\n",
          R"(data: {"id":"chatcmpl-7","object":"chat.completion.chunk","created":1700000000,"model":"m","system_fingerprint":"fp_skein","choices":[{"index":0,"delta":{},"logprobs":null,"finish_reason":"stop"}]})"
          "\n\n",
          "data: [DONE]\n\n"));
}

TEST(openai_bytes, usage_comes_last_and_only_when_asked_for) {
  auto with = ask;
  with.as_object()["stream_options"] = json::object{{"include_usage", true}};
  scripted_turn turn{.text = "Hi!"};
  turn.usage = {.input = 9, .output = 4, .cache_read = 8, .cache_write = {}, .reasoning = 2};
  const auto events = sse_events(with, turn);
  ASSERT_EQ(events.size(), 5U);
  for (std::size_t i = 0; i < 3; ++i) EXPECT_TRUE(events[i].ends_with(",\"usage\":null}\n\n"));
  EXPECT_TRUE(events[3].ends_with(
      R"("choices":[],"usage":{"prompt_tokens":9,"completion_tokens":4,"total_tokens":13,"prompt_tokens_details":{"cached_tokens":8,"audio_tokens":0},"completion_tokens_details":{"reasoning_tokens":2,"audio_tokens":0,"accepted_prediction_tokens":0,"rejected_prediction_tokens":0}}})"
      "\n\n"))
      << events[3];

  turn.usage = {};
  EXPECT_EQ(sse_events(with, turn).size(), 4U);  // a provider that reports none
}

TEST(openai_bytes, text_is_cut_between_characters) {
  std::vector<std::string> pieces;
  for (const auto& delta : deltas(sse_events(ask, {.text = "aå€😀z", .chunk_size = 2}))) {
    if (const auto* content = delta.as_object().if_contains("content")) {
      pieces.emplace_back(content->as_string());
    }
  }
  EXPECT_THAT(pieces, ElementsAre("", "aå", "€😀", "z"));
}

TEST(openai_bytes, reasoning_text_and_calls_in_this_order) {
  const scripted_turn turn{.text = "Look:",
                           .reasoning = "Hm.",
                           .calls = {{"a", "f", R"({"x":1})"}, {"b", "g", "{}"}},
                           .chunk_size = 5};
  std::string all;
  for (const auto& delta : deltas(sse_events(ask, turn))) all += json::serialize(delta) + '\n';
  EXPECT_EQ(all,
            R"({"role":"assistant","content":"","refusal":null}
{"reasoning_content":"Hm."}
{"content":"Look:"}
{"tool_calls":[{"index":0,"id":"a","type":"function","function":{"name":"f","arguments":""}}]}
{"tool_calls":[{"index":0,"function":{"arguments":"{\"x\":"}}]}
{"tool_calls":[{"index":0,"function":{"arguments":"1}"}}]}
{"tool_calls":[{"index":1,"id":"b","type":"function","function":{"name":"g","arguments":""}}]}
{"tool_calls":[{"index":1,"function":{"arguments":"{}"}}]}
{}
)");
}

TEST(openai_bytes, completion_golden) {
  EXPECT_EQ(
      response_bytes(json::parse(plain_hello), {.reasoning = "Hm.",
                                                .calls = {{"a", "f", R"({"x":1})"}},
                                                .id = "chatcmpl-7",
                                                .model = "m-2026"}),
      R"({"id":"chatcmpl-7","object":"chat.completion","created":1700000000,"model":"m-2026","choices":[{"index":0,"message":{"role":"assistant","content":null,"refusal":null,"reasoning_content":"Hm.","tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":"{\"x\":1}"}}]},"logprobs":null,"finish_reason":"tool_calls"}],"usage":{"prompt_tokens":10,"completion_tokens":5,"total_tokens":15,"prompt_tokens_details":{"cached_tokens":0,"audio_tokens":0},"completion_tokens_details":{"reasoning_tokens":0,"audio_tokens":0,"accepted_prediction_tokens":0,"rejected_prediction_tokens":0}},"system_fingerprint":"fp_skein"})");
}

TEST(openai_bytes, id_follows_from_the_request) {
  const auto other = json::parse(R"({"model":"m","stream":true,"messages":[]})");
  EXPECT_EQ(sse_events(ask, {}), sse_events(ask, {}));
  EXPECT_NE(sse_events(ask, {}), sse_events(other, {}));
}

TEST(openai_bytes, faults_in_the_text_of_the_stream) {
  scripted_turn turn{.text = "Hi!"};
  const auto whole = sse_events(ask, turn);
  const auto faulty = [&](fault what) {
    turn.fault = what;
    return sse_events(ask, turn);
  };

  auto events = faulty({.kind = fault_kind::no_done});
  EXPECT_EQ(events, std::vector(whole.begin(), whole.end() - 1));

  events = faulty({.kind = fault_kind::malformed, .at = 1});
  EXPECT_EQ(events[0], whole[0]);
  EXPECT_TRUE(events[1].ends_with("\n\n"));
  EXPECT_TRUE(whole[1].starts_with(events[1].substr(0, events[1].size() - 2)));
  EXPECT_LT(events[1].size(), whole[1].size());
  EXPECT_EQ(events[2], whole[2]);

  events = faulty({.kind = fault_kind::error_event, .at = 2});
  ASSERT_EQ(events.size(), 3U);
  EXPECT_EQ(events[1], whole[1]);
  EXPECT_EQ(
      events[2],
      "data: {\"error\":{\"message\":\"The server had an error while processing your request.\","
      "\"type\":\"server_error\",\"param\":null,\"code\":null}}\n\n");

  turn.fault = fault{.kind = fault_kind::cut, .at = 100};
  EXPECT_EQ(response_bytes(ask, turn), whole[0].substr(0, 100));
}

}  // namespace
}  // namespace skein::testing
