// The decoder of one streamed answer: what counts, what is ignored, what is kept, what ends it.
#include <gtest/gtest.h>

#include "openai_codec.hpp"

namespace skein::openai::test {
namespace {

using parts = std::vector<part>;

std::string delta(const std::string& members) {
  return R"({"choices":[{"index":0,"delta":{)" + members + "}}]}";
}

TEST(openai_stream, ignores_keep_alives_and_blank_data) {
  const decoded d =
      decode_chunks({"", " ", ": keepalive", ":", " : x", delta(R"("content":"a")"), "\t"});
  EXPECT_FALSE(d.error);
  EXPECT_EQ(d.updates, (std::vector<chat_update>{text_delta{"a"}, response_finished{}}));
}

TEST(openai_stream, says_where_data_is_not_json) {
  struct row {
    std::string data;
    std::string where;
  };
  for (const auto& r : std::vector<row>{{R"({"a":})", "at byte 5 of 6"},
                                        {R"({"a":1)", "at byte 6 of 6"},
                                        {R"({"a":1}})", "at byte 7 of 8"},
                                        {"<html>", "at byte 0 of 6"},
                                        {"DONE", "at byte 0 of 4"}}) {
    const decoded d = decode_chunks({delta(R"("content":"a")"), r.data, delta(R"("content":"b")")});
    EXPECT_EQ(d.error_type(), "malformed") << r.data;
    EXPECT_TRUE(d.what().contains(r.where)) << d.what();
    EXPECT_EQ(d.response.text(), "a") << r.data;
  }
}

TEST(openai_stream, survives_deep_nesting_with_a_typed_error) {
  const decoded d = decode_chunks({std::string(100000, '[')});
  EXPECT_EQ(d.error_type(), "malformed");
}

TEST(openai_stream, takes_what_python_servers_write_beside_json) {
  const decoded d = decode_chunks(
      {R"({"choices":[{"delta":{"content":"a\ud83d"},"logprobs":{"x":[-Infinity,NaN]}}]})",
       delta("\"content\":\"\xFF\"")});
  EXPECT_FALSE(d.error) << d.what();
  EXPECT_EQ(d.response.text(), "a\xEF\xBF\xBD\xFF");
}

TEST(openai_stream, is_failed_for_good) {
  stream_decoder decoder;
  std::vector<chat_update> out;
  EXPECT_FALSE(decoder.event({}, "{", out));
  EXPECT_EQ(decoder.status(), stream_decoder::state::failed);
  EXPECT_FALSE(decoder.event({}, delta(R"("content":"a")"), out));
  EXPECT_FALSE(decoder.event({}, "[DONE]", out));
  EXPECT_FALSE(decoder.finish(out));
  EXPECT_TRUE(out.empty());
}

TEST(openai_stream, is_finished_once_and_for_good) {
  stream_decoder decoder;
  std::vector<chat_update> out;
  EXPECT_EQ(decoder.status(), stream_decoder::state::open);
  EXPECT_TRUE(decoder.event({}, R"({"choices":[{"delta":{},"finish_reason":"stop"}]})", out));
  EXPECT_EQ(decoder.status(), stream_decoder::state::answered);
  EXPECT_TRUE(out.empty());
  EXPECT_TRUE(decoder.event({}, R"({"choices":[],"usage":{"prompt_tokens":1}})", out));
  EXPECT_TRUE(decoder.event({}, "[DONE]", out));
  EXPECT_EQ(decoder.status(), stream_decoder::state::finished);
  EXPECT_TRUE(decoder.event({}, "[DONE]", out));
  EXPECT_TRUE(decoder.event({}, delta(R"("content":"late")"), out));
  EXPECT_TRUE(decoder.event({}, "not json", out));
  EXPECT_TRUE(decoder.finish(out));
  EXPECT_EQ(out, (std::vector<chat_update>{usage_update{{.input = 1}},
                                           response_finished{finish_reason::stop, "stop"}}));
}

TEST(openai_stream, without_a_terminal_event_was_cut) {
  EXPECT_EQ(decode("").error_type(), "stream_cut");
  EXPECT_EQ(decode("data: " + delta(R"("content":"a")") + "\n\n").error_type(), "stream_cut");
  EXPECT_EQ(decode(R"(data: {"choices":[],"usage":{"prompt_tokens":1}})"
                   "\n\n")
                .error_type(),
            "stream_cut");
  // A finish reason of another choice ends nothing.
  EXPECT_EQ(decode(R"(data: {"choices":[{"index":1,"finish_reason":"stop"}]})"
                   "\n\n")
                .error_type(),
            "stream_cut");
}

TEST(openai_stream, cut_gives_what_was_held_back) {
  const decoded d = decode("data: " + delta(R"("reasoning_content":"r")") +
                           "\n\ndata: " + delta(R"("refusal":"no")") + "\n\n");
  EXPECT_EQ(d.error_type(), "stream_cut");
  ASSERT_EQ(d.response.message.parts.size(), 2U);
  EXPECT_FALSE(std::get<reasoning_part>(d.response.message.parts[0]).opaque.empty());
  EXPECT_EQ(d.response.message.parts[1], part(error_part{"refusal", "no"}));
}

TEST(openai_stream, normalises_the_finish_reason) {
  struct row {
    std::string sent;
    finish_reason reason;
    std::string raw;
  };
  for (const auto& r :
       std::vector<row>{{R"("stop")", finish_reason::stop, "stop"},
                        {R"("length")", finish_reason::length, "length"},
                        {R"("tool_calls")", finish_reason::tool_calls, "tool_calls"},
                        {R"("function_call")", finish_reason::tool_calls, "function_call"},
                        {R"("content_filter")", finish_reason::content_filter, "content_filter"},
                        {R"("end_turn")", finish_reason::stop, "end_turn"},
                        {R"("max_tokens")", finish_reason::length, "max_tokens"},
                        {R"("insufficient_system_resource")", finish_reason::other,
                         "insufficient_system_resource"},
                        {"null", finish_reason::none, ""},
                        {R"("")", finish_reason::none, ""},
                        {"1", finish_reason::none, ""}}) {
    const decoded d = decode_chunks(
        {R"({"choices":[{"delta":{"content":"a"},"finish_reason":)" + r.sent + "}]}"});
    EXPECT_EQ(d.all<response_finished>(), (std::vector<response_finished>{{r.reason, r.raw}}))
        << r.sent;
  }
}

TEST(openai_stream, reads_usage_as_it_is) {
  struct row {
    std::string sent;
    usage read;
  };
  for (const auto& r : std::vector<row>{
           {R"({"prompt_tokens":1,"completion_tokens":2})", {.input = 1, .output = 2}},
           {R"({"prompt_tokens":0,"completion_tokens":0})", {.input = 0, .output = 0}},
           {R"({"prompt_tokens":1.5,"completion_tokens":true})", {}},
           {R"({"prompt_tokens":-1,"completion_tokens":"2"})", {}},
           {R"({"prompt_tokens":9223372036854775807,"completion_tokens":18446744073709551615})",
            {.input = INT64_MAX}},
           {R"({"prompt_tokens":null,"prompt_tokens_details":null,"completion_tokens_details":[]})",
            {}},
           {R"({"prompt_tokens":9,"prompt_cache_hit_tokens":4})", {.input = 9, .cache_read = 4}},
           {R"({"prompt_tokens":9,"cached_tokens":4})", {.input = 9, .cache_read = 4}},
           {R"({"prompt_tokens":9,"prompt_tokens_details":{"cached_tokens":0},"cached_tokens":4})",
            {.input = 9, .cache_read = 0}},
           {R"({"cache_creation_input_tokens":4})", {.cache_write = 4}},
           {R"({"completion_tokens_details":{"reasoning_tokens":4}})", {.reasoning = 4}},
           {"null", {}},
           {"[]", {}}}) {
    for (const std::string choices : {R"("choices":[],)", R"("choices":null,)", ""}) {
      const decoded d = decode_chunks({"{" + choices + "\"usage\":" + r.sent + "}"});
      EXPECT_EQ(d.response.usage, r.read) << r.sent;
      EXPECT_EQ(d.all<usage_update>().size(), r.read.empty() ? 0U : 1U) << r.sent;
    }
  }
}

TEST(openai_stream, tells_of_a_change_of_usage_only) {
  const std::string one = R"({"usage":{"prompt_tokens":1}})";
  const decoded d = decode_chunks({one, one, R"({"usage":{"prompt_tokens":2}})"});
  EXPECT_EQ(d.all<usage_update>(), (std::vector<usage_update>{{{.input = 1}}, {{.input = 2}}}));
}

TEST(openai_stream, starts_when_the_response_has_a_name_and_again_if_it_changes) {
  const decoded d = decode_chunks({R"({"id":"","model":""})", R"({"id":"1"})",
                                   R"({"id":"1","model":"m"})", R"({"id":"1","model":"m"})",
                                   R"({"id":null,"model":7})", R"({"id":"1","model":"n"})"});
  EXPECT_EQ(d.all<response_started>(),
            (std::vector<response_started>{{"1", ""}, {"1", "m"}, {"1", "n"}}));
}

TEST(openai_stream, reads_content_in_every_form) {
  struct row {
    std::string content;
    std::string text;
    std::size_t raw = 0;
  };
  for (const auto& r :
       std::vector<row>{{R"("a")", "a"},
                        {R"("")", ""},
                        {"null", ""},
                        {R"([{"type":"text","text":"a"},"b",{"type":"text","text":"c"}])", "abc"},
                        {R"([{"type":"image_url","image_url":{"url":"x"}}])", "", 1},
                        {R"([{"type":"text"},{"type":"text","text":7},null,[]])", ""},
                        {"7", "", 1},
                        {"[]", ""},
                        {R"({"type":"text","text":"a"})", "", 1}}) {
    const decoded d = decode_chunks({delta("\"content\":" + r.content)});
    EXPECT_EQ(d.response.text(), r.text) << r.content;
    EXPECT_EQ(d.all<raw_update>().size(), r.raw) << r.content;
    EXPECT_EQ(d.all<text_delta>().empty(), r.text.empty()) << r.content;
  }
}

TEST(openai_stream, keeps_what_it_does_not_know) {
  const decoded d = decode_chunks(
      {R"({"choices":[{"delta":{"audio":{"id":"a","data":"AAA="},"annotations":[],"x":null},"y":1},)"
       R"({"index":1,"delta":{"content":"other"}}],"z":1})",
       R"(["odd"])", R"({"choices":[{"delta":{},"logprobs":{"content":[{"token":"a"}]}}]})"});
  EXPECT_EQ(d.response.text(), "");
  const auto raws = d.all<raw_update>();
  ASSERT_EQ(raws.size(), 4U);
  EXPECT_EQ(raws[0].value, json::parse(R"({"audio":{"id":"a","data":"AAA="}})"));
  EXPECT_EQ(raws[1].value, json::parse(R"({"choice":{"index":1,"delta":{"content":"other"}}})"));
  EXPECT_EQ(raws[2].value, json::parse(R"(["odd"])"));
  EXPECT_EQ(raws[3].value, json::parse(R"({"logprobs":{"content":[{"token":"a"}]}})"));
}

TEST(openai_stream, takes_a_message_in_place_of_deltas_but_not_beside_them) {
  const std::string message = R"({"choices":[{"message":{"role":"assistant","content":"whole"}}]})";
  EXPECT_EQ(decode_chunks({message}).response.text(), "whole");
  EXPECT_EQ(decode_chunks({delta(R"("content":"who")"), delta(R"("content":"le")"), message})
                .response.text(),
            "whole");
}

TEST(openai_stream, throws_the_errors_that_servers_report) {
  struct row {
    std::string data;
    int status;
    std::string code;
    std::string what;
  };
  for (
      const auto& r : std::vector<row>{
          {R"({"error":{"message":"boom","type":"server_error","code":null}})", 0, "server_error",
           "boom"},
          {R"({"error":{"message":"slow\ndown","code":429}})", 429, "429", "slow down"},
          {R"({"error":{"message":"m","code":"500","type":"t"}})", 500, "500", "m"},
          {R"({"error":{"message":"m","code":7}})", 0, "7", "m"},
          {R"({"error":"plain"})", 0, "", "plain"},
          {R"({"error":{"odd":1}})", 0, "", R"({"odd":1})"},
          {R"({"object":"error","message":"vllm","type":"BadRequestError","code":400})", 400, "400",
           "vllm"},
          {R"({"choices":[{"error":{"message":"inner","code":502}}]})", 502, "502", "inner"},
          {R"({"error":{"message":"Provider returned error","code":503,"metadata":{"raw":"busy"}}})",
           503, "503", "Provider returned error (busy)"}}) {
    const decoded d = decode_chunks({r.data});
    ASSERT_TRUE(d.error) << r.data;
    const auto* error = std::get_if<provider_error>(&*d.error);
    ASSERT_TRUE(error) << r.data;
    EXPECT_EQ(error->status(), r.status) << r.data;
    EXPECT_EQ(error->code(), r.code) << r.data;
    EXPECT_EQ(error->body(), r.data);
    EXPECT_TRUE(std::string_view(error->what()).ends_with(": " + r.what)) << error->what();
    EXPECT_THROW(providers::throw_failure(failure(*d.error)), provider_error);
  }
  for (const std::string none : {"null", "\"\"", "false", "{}"}) {
    EXPECT_FALSE(decode_chunks({"{\"error\":" + none + "}"}).error) << none;
  }
}

TEST(openai_stream, failure_is_thrown_as_what_it_is) {
  EXPECT_THROW(providers::throw_failure(protocol_error("x", "stream_cut")), protocol_error);
}

// ---- Reasoning

TEST(openai_reasoning, is_one_part_with_its_form_at_its_end) {
  const decoded d = decode_chunks(
      {delta(R"("reasoning_content":"")"), delta(R"("content":"","reasoning_content":"a")"),
       delta(R"("reasoning_content":"b","reasoning":"b")"), delta(R"("content":"c")"),
       delta(R"("reasoning":"d")"), R"({"choices":[{"delta":{},"finish_reason":"stop"}]})"});
  EXPECT_EQ(
      d.response.message.parts,
      (parts{reasoning_part{"ab", R"({"openai_reasoning":{"key":"reasoning_content"}})"},
             text_part{"c"}, reasoning_part{"d", R"({"openai_reasoning":{"key":"reasoning"}})"}}));
}

TEST(openai_reasoning, joins_the_fragments_of_details) {
  const auto details = [](const std::string& items) {
    return delta("\"reasoning_details\":[" + items + "]");
  };
  const decoded d = decode_chunks(
      {details(R"({"type":"reasoning.text","text":"a","index":0})"),
       details(R"({"type":"reasoning.text","text":"b","index":0,"signature":null})"),
       details(R"({"type":"reasoning.text","signature":"s","index":0})"),
       details(
           R"({"type":"reasoning.text","text":"c","index":0},{"type":"reasoning.summary","summary":"d","index":1})"),
       details(R"({"type":"reasoning.summary","summary":"e","index":1},7)"),
       details(
           R"({"type":"reasoning.encrypted","data":"x","index":2},{"type":"reasoning.encrypted","data":"y","index":2})"),
       delta(R"("content":"t")")});
  ASSERT_EQ(d.response.message.parts.size(), 2U);
  const auto& part = std::get<reasoning_part>(d.response.message.parts[0]);
  EXPECT_EQ(part.text, "abcde");
  EXPECT_EQ(
      part.opaque,
      R"({"openai_reasoning":{"details":[{"type":"reasoning.text","text":"ab","index":0,"signature":"s"},)"
      R"({"type":"reasoning.text","text":"c","index":0},{"type":"reasoning.summary","summary":"de","index":1},)"
      R"({"type":"reasoning.encrypted","data":"x","index":2},{"type":"reasoning.encrypted","data":"y","index":2}]}})");
}

TEST(openai_reasoning, that_comes_with_a_call_is_before_it) {
  const decoded d = decode_chunks({delta(
      R"("tool_calls":[{"id":"a","function":{"name":"f","arguments":"{}"}}],"reasoning_details":[{"type":"reasoning.encrypted","data":"x"}])")});
  ASSERT_EQ(d.response.message.parts.size(), 2U);
  EXPECT_TRUE(std::holds_alternative<reasoning_part>(d.response.message.parts[0]));
  EXPECT_TRUE(std::holds_alternative<tool_call_part>(d.response.message.parts[1]));
}

}  // namespace
}  // namespace skein::openai::test
