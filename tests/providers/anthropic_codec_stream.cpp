// What servers send that the recordings do not have, whole answers, and errors.
#include <gtest/gtest.h>

#include "anthropic_codec.hpp"
#include "providers/common/http_failure.hpp"

namespace skein::anthropic::test {
namespace {

std::string begin_event(int index, const std::string& block) {
  return R"({"type":"content_block_start","index":)" + std::to_string(index) +
         R"(,"content_block":)" + block + "}";
}
std::string delta_event(int index, const std::string& delta) {
  return R"({"type":"content_block_delta","index":)" + std::to_string(index) + R"(,"delta":)" +
         delta + "}";
}
std::string end_event(int index) {
  return R"({"type":"content_block_stop","index":)" + std::to_string(index) + "}";
}
const std::string first_event =
    R"({"type":"message_start","message":{"id":"msg_01XYZ.9","model":"claude-x","content":[]}})";
const std::string last_event = R"({"type":"message_stop"})";

TEST(anthropic_stream, is_complete_with_message_stop_only) {
  const std::string reason = R"({"type":"message_delta","delta":{"stop_reason":"end_turn"}})";
  EXPECT_EQ(decode_events({first_event, reason}).error_type(), "stream_cut");
  const decoded d = decode_events({first_event, reason, last_event});
  EXPECT_FALSE(d.error);
  EXPECT_EQ(d.updates,
            (std::vector<chat_update>{response_started{"msg_01XYZ.9", "claude-x"},
                                      response_finished{finish_reason::stop, "end_turn"}}));
}

TEST(anthropic_stream, after_its_end_is_ignored) {
  const decoded d = decode_events({last_event, begin_event(0, R"({"type":"text","text":"x"})"),
                                   R"({"type":"error","error":{}})", "no json"});
  EXPECT_EQ(d.updates, (std::vector<chat_update>{response_finished{}}));
}

TEST(anthropic_stream, goes_by_the_event_name_where_the_data_has_no_type) {
  const decoded d = decode(
      "event: content_block_start\ndata: "
      "{\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":"
      "\"a\"}}\n\nevent: ping\ndata: {}\n\nevent: message_stop\ndata: {}\n\n");
  EXPECT_FALSE(d.error);
  EXPECT_EQ(d.updates, (std::vector<chat_update>{text_delta{"a"}, response_finished{}}));
}

TEST(anthropic_stream, knows_every_stop_reason) {
  struct row {
    const char* word;
    finish_reason reason;
  };
  for (const auto& r :
       {row{"end_turn", finish_reason::stop}, row{"stop_sequence", finish_reason::stop},
        row{"max_tokens", finish_reason::length},
        row{"model_context_window_exceeded", finish_reason::length},
        row{"tool_use", finish_reason::tool_calls}, row{"refusal", finish_reason::content_filter},
        row{"pause_turn", finish_reason::other}, row{"of_later", finish_reason::other}}) {
    const decoded d = decode_events(
        {R"({"type":"message_delta","delta":{"stop_reason":")" + std::string(r.word) + R"("}})",
         last_event});
    EXPECT_EQ(d.response.finish, r.reason);
    EXPECT_EQ(d.response.finish_raw, r.word);
  }
}

TEST(anthropic_stream, adds_the_cache_to_the_input) {
  const auto usage = [](const std::string& start, const std::string& delta) {
    return decode_events({R"({"type":"message_start","message":{"usage":)" + start + "}}",
                          R"({"type":"message_delta","delta":{},"usage":)" + delta + "}",
                          last_event})
        .response.usage;
  };
  EXPECT_EQ(usage(R"({"input_tokens":3,"output_tokens":1})", R"({"output_tokens":7})"),
            (skein::usage{.input = 3, .output = 7}));
  EXPECT_EQ(usage(R"({"input_tokens":3,"cache_read_input_tokens":5})",
                  R"({"output_tokens":7,"cache_creation_input_tokens":2})"),
            (skein::usage{.input = 10, .output = 7, .cache_read = 5, .cache_write = 2}));
  EXPECT_EQ(usage(R"({"input_tokens":3})", R"({"input_tokens":4,"output_tokens":7})"),
            (skein::usage{.input = 4, .output = 7}));
  EXPECT_EQ(usage("null", R"({"output_tokens":7})"), (skein::usage{.output = 7}));
  EXPECT_EQ(usage(R"({"input_tokens":-1,"cache_read_input_tokens":"5"})", "[]"), skein::usage{});
  EXPECT_EQ(usage(R"({"input_tokens":9223372036854775807,"cache_read_input_tokens":1})", "{}"),
            (skein::usage{.cache_read = 1}));
}

TEST(anthropic_stream, tells_calls_apart_by_their_blocks) {
  const decoded d = decode_events(
      {first_event, begin_event(0, R"({"type":"tool_use","id":"a","name":"f","input":{}})"),
       begin_event(1, R"({"type":"tool_use","id":"a","name":"g","input":{}})"),
       delta_event(0, R"({"type":"input_json_delta","partial_json":"{\"x\""})"),
       delta_event(1, R"({"type":"input_json_delta","partial_json":"{}"})"),
       delta_event(0, R"({"type":"input_json_delta","partial_json":":1}"})"), end_event(0),
       end_event(1), begin_event(2, R"({"type":"tool_use","name":"h"})"), last_event});
  EXPECT_FALSE(d.error);
  EXPECT_EQ(d.response.tool_calls(),
            (std::vector<tool_call_part>{{"a", "f", R"({"x":1})"},
                                         {"call_1_msg_01XYZ_9", "g", "{}"},
                                         {"call_2_msg_01XYZ_9", "h", ""}}));
}

TEST(anthropic_stream, takes_an_input_that_comes_at_once) {
  const std::string block = R"({"type":"tool_use","id":"a","name":"f","input":{"x":1}})";
  for (const auto& events : std::vector<std::vector<std::string>>{
           {begin_event(0, block), end_event(0), last_event},
           {begin_event(0, block), last_event},
           {begin_event(0, block)},
           {begin_event(0, block),
            delta_event(0, R"({"type":"input_json_delta","partial_json":"{\"x\":1}"})"),
            end_event(0), last_event}}) {
    EXPECT_EQ(decode_events(events).response.tool_calls(),
              (std::vector<tool_call_part>{{"a", "f", R"({"x":1})"}}));
  }
}

TEST(anthropic_stream, gives_no_half_of_a_signature_or_block_as_a_part) {
  const decoded d = decode_events(
      {begin_event(0, R"({"type":"thinking","thinking":"","signature":""})"),
       delta_event(0, R"({"type":"thinking_delta","thinking":"r"})"),
       delta_event(0, R"({"type":"signature_delta","signature":"s"})"),
       begin_event(1, R"({"type":"server_tool_use","id":"i","name":"web_search","input":{}})")});
  EXPECT_EQ(d.error_type(), "stream_cut");
  EXPECT_EQ(d.response.message.parts, (std::vector<part>{reasoning_part{"r"}}));
  ASSERT_EQ(d.all<raw_update>().size(), 1U);
  EXPECT_EQ(d.all<raw_update>()[0].value.at("content_block").at("id"), "i");
}

TEST(anthropic_stream, keeps_an_input_that_is_no_json) {
  const decoded d = decode_events(
      {begin_event(0, R"({"type":"server_tool_use","id":"i","name":"web_search","input":{}})"),
       delta_event(0, R"({"type":"input_json_delta","partial_json":"{\"q"})"), end_event(0),
       last_event});
  ASSERT_EQ(d.response.message.parts.size(), 1U);
  EXPECT_EQ(
      json::serialize(std::get<raw_part>(d.response.message.parts[0]).value),
      R"({"type":"server_tool_use","id":"i","name":"web_search","input":{"invalid_json":"{\"q"}})");
}

TEST(anthropic_stream, keeps_what_it_does_not_know) {
  for (const auto& event :
       std::vector<std::string>{R"({"type":"of_later","x":1})", "7", "null", R"({"no":"type"})",
                                delta_event(5, R"({"type":"text_delta","text":"a"})"),
                                begin_event(0, R"({"no":"type"})"), begin_event(0, "null"),
                                R"({"type":"message_start","message":7})"}) {
    const decoded d = decode_events({event, last_event});
    EXPECT_FALSE(d.error) << event;
    ASSERT_EQ(d.all<raw_update>().size(), 1U) << event;
    EXPECT_EQ(d.all<raw_update>()[0].value, json::parse(event));
  }
  const decoded d =
      decode_events({begin_event(0, R"({"type":"text","text":""})"),
                     delta_event(0, R"({"type":"delta_of_later","x":1})"), last_event});
  EXPECT_EQ(d.all<raw_update>().size(), 1U);
}

// ---- Whole answers

constexpr const char* answer = R"({
  "id": "msg_01", "type": "message", "role": "assistant", "model": "claude-x",
  "content": [
    {"type": "thinking", "thinking": "r", "signature": "s"},
    {"type": "redacted_thinking", "data": "d"},
    {"type": "text", "text": "Let me look.", "citations": null},
    {"type": "tool_use", "id": "toolu_1", "name": "f", "input": {"a": 1}},
    {"type": "tool_use", "id": "toolu_2", "name": "g", "input": {}},
    {"type": "of_later", "x": 1}],
  "stop_reason": "tool_use", "stop_sequence": null, "context_management": {"applied_edits": [1]},
  "usage": {"input_tokens": 10, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 90,
    "output_tokens": 14}})";

TEST(anthropic_whole, gives_the_updates_of_a_stream) {
  const decoded d = decode_whole(answer);
  ASSERT_FALSE(d.error) << d.what();
  EXPECT_EQ(
      d.updates,
      (std::vector<chat_update>{
          response_started{"msg_01", "claude-x"}, reasoning_delta{"r"},
          reasoning_delta{"", R"({"anthropic":{"signature":"s"}})"},
          reasoning_delta{"", R"({"anthropic":{"data":"d"}})"}, text_delta{"Let me look."},
          tool_call_delta{0, "toolu_1", "f"}, tool_call_delta{.call = 0, .arguments = R"({"a":1})"},
          tool_call_delta{1, "toolu_2", "g"},
          part_update{raw_part{"anthropic", json::parse(R"({"type":"of_later","x":1})")}},
          raw_update{json::parse(R"({"context_management":{"applied_edits":[1]}})")},
          usage_update{{.input = 100, .output = 14, .cache_read = 90, .cache_write = 0}},
          response_finished{finish_reason::tool_calls, "tool_use"}}));
}

TEST(anthropic_whole, says_what_its_stream_says) {
  for (const auto* name : {"text", "tool_one"}) {
    const auto file = [&](const char* ending) {
      return providers::test::read_file(files_of("conformance") / (name + std::string(ending)));
    };
    const chat_response whole = decode_whole(file(".json")).response;
    const chat_response streamed = decode(file(".sse")).response;
    EXPECT_EQ(whole.id, streamed.id);
    EXPECT_EQ(whole.model, streamed.model);
    EXPECT_EQ(whole.text(), streamed.text());
    EXPECT_EQ(whole.tool_calls().size(), streamed.tool_calls().size());
    EXPECT_EQ(whole.finish, streamed.finish);
    EXPECT_EQ(whole.usage, streamed.usage);
  }
}

TEST(anthropic_whole, cut_anywhere_is_malformed) {
  const std::string_view body = answer;
  for (std::size_t cut = 0; cut < body.size(); ++cut) {
    const decoded d = decode_whole(body.substr(0, cut));
    ASSERT_EQ(d.error_type(), "malformed") << "cut at " << cut;
    ASSERT_TRUE(d.updates.empty());
  }
}

TEST(anthropic_whole, with_any_member_damaged_gives_a_result_or_a_typed_error) {
  json::value value = json::parse(answer);
  providers::test::damage(value, [&] {
    const decoded d = decode_whole(json::serialize(value));
    EXPECT_TRUE(!d.error || d.error_type() == "malformed") << json::serialize(value);
    EXPECT_EQ(d.all<response_finished>().size(), d.error ? 0U : 1U);
    EXPECT_NO_THROW((void)json::parse(body_of({d.response.message}))) << json::serialize(value);
  });
}

TEST(anthropic_whole, without_content_is_malformed) {
  for (const char* body : {"{}", "[]", "7", R"({"content":null})", R"({"choices":[]})"}) {
    EXPECT_EQ(decode_whole(body).error_type(), "malformed") << body;
  }
}

// ---- Errors

constexpr const char* overloaded =
    R"({"type":"error","error":{"type":"overloaded_error","message":"Overloaded"},"request_id":"req_1"})";

TEST(anthropic_errors, in_an_answer_are_of_the_provider) {
  for (const decoded& d : {decode_events({overloaded}), decode_whole(overloaded)}) {
    ASSERT_TRUE(d.error && std::holds_alternative<provider_error>(*d.error));
    const auto& e = std::get<provider_error>(*d.error);
    EXPECT_EQ(std::string_view(e.what()),
              "anthropic: the server reported an error in its answer (overloaded_error): "
              "Overloaded");
    EXPECT_EQ(e.code(), "overloaded_error");
    EXPECT_EQ(e.body(), overloaded);
  }
  EXPECT_TRUE(
      std::holds_alternative<provider_error>(*decode_events({R"({"type":"error"})"}).error));
}

TEST(anthropic_errors, that_are_no_json_are_malformed) {
  const decoded d = decode_events({begin_event(0, R"({"type":"text","text":"a"})"), "{"});
  EXPECT_EQ(d.error_type(), "malformed");
  EXPECT_EQ(d.response.text(), "a");
}

TEST(anthropic_errors, of_http_say_what_to_do) {
  struct row {
    int status;
    const char* body;
    const char* said;
  };
  for (
      const auto& r : {
          row{401,
              R"({"type":"error","error":{"type":"authentication_error","message":"invalid x-api-key"}})",
              "HTTP 401 (authentication_error): invalid x-api-key. Set ANTHROPIC_API_KEY, or the "
              "client's api_key, to a key of this server."},
          row{404,
              R"({"type":"error","error":{"type":"not_found_error","message":"model: claude-y"}})",
              "HTTP 404 (not_found_error): model: claude-y. Check the model name 'claude-y' and "
              "the base URL."},
          row{429, R"({"type":"error","error":{"type":"rate_limit_error","message":"Slow down"}})",
              "HTTP 429 (rate_limit_error): Slow down. Wait 3000 ms, then try again."},
          row{529, overloaded,
              "HTTP 529 (overloaded_error): Overloaded. The server failed: try again later. "
              "Request req_1."},
      }) {
    const provider_error e =
        providers::error_from({.status = r.status,
                               .body = r.body,
                               .model = "claude-y",
                               .key_variable = "ANTHROPIC_API_KEY",
                               .headers = {.retry_after = r.status == 429 ? "3" : ""}});
    EXPECT_EQ(std::string_view(e.what()), r.said);
    EXPECT_EQ(e.body(), r.body);
  }
}

}  // namespace
}  // namespace skein::anthropic::test
