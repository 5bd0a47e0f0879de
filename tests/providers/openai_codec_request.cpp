// The request body: every option and part, in a stable order.
#include <gtest/gtest.h>

#include "openai_codec.hpp"

namespace skein::openai::test {
namespace {

using detail::compatible_dialect;
using detail::openai_dialect;

std::string body_of(const std::vector<message>& messages, const chat_options& options = {},
                    const std::vector<tool_definition>& tools = {},
                    const detail::dialect& speaks = compatible_dialect) {
  return detail::request_body({.messages = messages, .tools = tools}, options, "m", speaks);
}

std::string messages_of(const std::vector<message>& messages,
                        const detail::dialect& speaks = compatible_dialect) {
  return providers::test::after_head(R"({"model":"m","messages":)",
                                     body_of(messages, {.streaming = false}, {}, speaks));
}

TEST(openai_request, sends_nothing_that_is_not_set) {
  EXPECT_EQ(body_of({user_message("hi")}),
            R"({"model":"m","stream":true,"stream_options":{"include_usage":true},)"
            R"("messages":[{"role":"user","content":"hi"}]})");
  EXPECT_EQ(body_of({}, {.streaming = false}), R"({"model":"m","messages":[]})");
}

TEST(openai_request, sends_every_option) {
  chat_options options = providers::test::sampling_options();
  options.logit_bias = {{"50256", -100}, {"1", 0.5}};
  options.logprobs = true;
  options.top_logprobs = 2;
  options.reasoning_effort = "low";
  options.verbosity = "high";
  options.service_tier = "flex";
  options.user = "u";
  options.store = false;
  options.metadata = {{"b", "2"}, {"a", "1"}};
  options.tool_choice = tool_choice{.mode = tool_mode::required};
  options.parallel_tool_calls = false;
  options.response_format = json_object_format{};
  options.conversation_id = "not sent";
  const std::string head = R"({"model":"m","stream":true,"stream_options":{"include_usage":true},)"
                           R"("temperature":0.7,"top_p":1,"top_k":40,)";
  const std::string rest =
      R"(:100,"stop":["\n","END"],"seed":-7,"frequency_penalty":0.5,"presence_penalty":-0.25,)"
      R"("logit_bias":{"1":0.5,"50256":-100},"logprobs":true,"top_logprobs":2,"reasoning_effort":"low",)"
      R"("verbosity":"high","service_tier":"flex","user":"u","store":false,"metadata":{"a":"1","b":"2"},)"
      R"("response_format":{"type":"json_object"},"parallel_tool_calls":false,"tool_choice":"required",)"
      R"("tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object","properties":{}}}}],)"
      R"("messages":[]})";
  EXPECT_EQ(body_of({}, options, {{.name = "f", .description = ""}}, openai_dialect),
            head + R"("max_completion_tokens")" + rest);
  EXPECT_EQ(body_of({}, options, {{.name = "f", .description = ""}}),
            head + R"("max_tokens")" + rest);
}

TEST(openai_request, chooses_the_dialect_by_host) {
  for (const char* host :
       {"api.openai.com", "eu.api.openai.com", "API.OpenAI.com", "my-resource.openai.azure.com"}) {
    EXPECT_EQ(detail::dialect_of(host).max_tokens_key, "max_completion_tokens") << host;
  }
  for (const char* host :
       {"localhost", "", "api.deepseek.com", "notopenai.com", "openai.com.evil.org"}) {
    EXPECT_EQ(detail::dialect_of(host).max_tokens_key, "max_tokens") << host;
  }
}

TEST(openai_request, describes_tools_and_formats) {
  const std::vector<tool_definition> tools = {
      {.name = "f",
       .description = "Says \"f\"",
       .parameters =
           json::parse(R"({"type":"object","properties":{"z":{"minimum":0.1},"a":{}}})")}};
  const std::string body =
      body_of({},
              {.tool_choice = tool_choice{.name = "f"},
               .response_format =
                   json_schema_format{
                       .name = "", .schema = json::object{{"type", "object"}}, .strict = true},
               .streaming = false},
              tools);
  EXPECT_EQ(
      body,
      R"({"model":"m","response_format":{"type":"json_schema","json_schema":{"name":"response",)"
      R"("schema":{"type":"object"},"strict":true}},)"
      R"("tool_choice":{"type":"function","function":{"name":"f"}},)"
      R"("tools":[{"type":"function","function":{"name":"f","description":"Says \"f\"",)"
      R"("parameters":{"type":"object","properties":{"z":{"minimum":0.1},"a":{}}}}}],"messages":[]})");
}

TEST(openai_request, sends_no_tool_options_without_tools) {
  const chat_options options{.tool_choice = tool_choice{.mode = tool_mode::none},
                             .parallel_tool_calls = true,
                             .streaming = false};
  EXPECT_EQ(body_of({}, options), R"({"model":"m","messages":[]})");
  chat_options with = options;
  with.extra_body = json::parse(R"({"tools":[{"type":"web_search"}]})").as_object();
  EXPECT_EQ(
      body_of({}, with),
      R"({"model":"m","parallel_tool_calls":true,"tool_choice":"none","tools":[{"type":"web_search"}],"messages":[]})");
}

TEST(openai_request, merges_extra_members_last) {
  const chat_options options{
      .temperature = 1,
      .extra_body =
          json::parse(
              R"({"stream_options":{"include_obfuscation":false},"temperature":null,"think":{"a":1},"messages":[1]})")
              .as_object()};
  EXPECT_EQ(
      body_of({user_message("hi")}, options, {{.name = "f", .description = ""}}),
      R"({"model":"m","stream":true,"stream_options":{"include_usage":true,"include_obfuscation":false},)"
      R"("temperature":null,"think":{"a":1},"messages":[1],)"
      R"("tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object","properties":{}}}}]})");
}

TEST(openai_request, sends_plain_messages) {
  EXPECT_EQ(
      messages_of({system_message("s"),
                   {.role = role::user, .parts = {text_part{"a"}, text_part{"b"}}, .name = "Ann"},
                   assistant_message("c"),
                   {.role = role::assistant},
                   {.role = role::user}}),
      R"([{"role":"system","content":"s"},{"role":"user","name":"Ann","content":"ab"},)"
      R"({"role":"assistant","content":"c"},{"role":"assistant","content":""},{"role":"user","content":""}])");
}

TEST(openai_request, sends_calls_and_their_results) {
  const message calls{
      .role = role::assistant,
      .parts = {tool_call_part{"1", "f", R"({"a":1})"}, tool_call_part{"2", "g", " "},
                tool_call_part{"3", "h", R"({"a":)"}, tool_call_part{"4", "i", "null"}}};
  const message results{.role = role::tool,
                        .parts = {tool_result_part{"1", "f", "r1"},
                                  tool_result_part{"2", "g", "failed", tool_outcome::error}}};
  EXPECT_EQ(
      messages_of({calls, results}),
      R"([{"role":"assistant","content":null,"tool_calls":[)"
      R"({"id":"1","type":"function","function":{"name":"f","arguments":"{\"a\":1}"}},)"
      R"({"id":"2","type":"function","function":{"name":"g","arguments":"{}"}},)"
      R"({"id":"3","type":"function","function":{"name":"h","arguments":"{\"invalid_json\":\"{\\\"a\\\":\"}"}},)"
      R"({"id":"4","type":"function","function":{"name":"i","arguments":"{\"invalid_json\":\"null\"}"}}]},)"
      R"({"role":"tool","tool_call_id":"1","content":"r1"},{"role":"tool","tool_call_id":"2","content":"failed"}])");
}

TEST(openai_request, sends_what_lies_beside_results_as_the_user) {
  EXPECT_EQ(
      messages_of({{.role = role::tool,
                    .parts = {text_part{"see"}, tool_result_part{"1", "f", "r"},
                              media_part{.kind = media_kind::image, .uri = "https://e.org/a.png"}}},
                   {.role = role::tool}}),
      R"([{"role":"tool","tool_call_id":"1","content":"r"},)"
      R"({"role":"user","content":[{"type":"text","text":"see"},)"
      R"({"type":"image_url","image_url":{"url":"https://e.org/a.png"}}]}])");
}

TEST(openai_request, sends_text_beside_calls) {
  EXPECT_EQ(
      messages_of({{.role = role::assistant,
                    .parts = {text_part{"a"}, tool_call_part{"1", "f", "{}"}, text_part{"b"}}}}),
      R"([{"role":"assistant","content":"ab","tool_calls":[)"
      R"({"id":"1","type":"function","function":{"name":"f","arguments":"{}"}}]}])");
}

TEST(openai_request, sends_every_kind_of_media) {
  struct row {
    media_part media;
    std::string sent;
  };
  using enum media_kind;
  for (
      const auto& r : std::vector<row>{
          {{.kind = image, .media_type = "image/jpeg", .bytes = "\xFF\xD8\xFF"},
           R"({"type":"image_url","image_url":{"url":"data:image/jpeg;base64,/9j/"}})"},
          {{.kind = image, .bytes = "a"},
           R"({"type":"image_url","image_url":{"url":"data:image/png;base64,YQ=="}})"},
          {{.kind = audio, .media_type = "audio/mpeg", .bytes = "ab"},
           R"({"type":"input_audio","input_audio":{"data":"YWI=","format":"mp3"}})"},
          {{.kind = audio, .media_type = "audio/x-wav", .bytes = "abc"},
           R"({"type":"input_audio","input_audio":{"data":"YWJj","format":"wav"}})"},
          {{.kind = audio, .uri = "data:audio/wave;base64,YWJj"},
           R"({"type":"input_audio","input_audio":{"data":"YWJj","format":"wav"}})"},
          {{.kind = audio, .media_type = "audio/flac;rate=1", .bytes = "a"},
           R"({"type":"input_audio","input_audio":{"data":"YQ==","format":"flac"}})"},
          {{.kind = audio, .uri = "https://e.org/a.wav"},
           R"({"type":"audio_url","audio_url":{"url":"https://e.org/a.wav"}})"},
          {{.kind = video, .uri = "https://e.org/a.mp4"},
           R"({"type":"video_url","video_url":{"url":"https://e.org/a.mp4"}})"},
          {{.kind = file, .media_type = "text/csv", .bytes = "a,b", .name = "t.csv"},
           R"({"type":"file","file":{"filename":"t.csv","file_data":"data:text/csv;base64,YSxi"}})"},
          {{.kind = file, .uri = "https://e.org/a.pdf"},
           R"({"type":"file","file":{"filename":"file","file_data":"https://e.org/a.pdf"}})"},
          {{.kind = file, .uri = "file-abc"},
           R"({"type":"file","file":{"file_id":"file-abc"}})"}}) {
    EXPECT_EQ(messages_of({{.parts = {r.media}}}),
              R"([{"role":"user","content":[)" + r.sent + "]}]");
  }
}

TEST(openai_request, sends_raw_parts_of_its_own_only) {
  EXPECT_EQ(
      messages_of(
          {{.parts = {text_part{"a"}, raw_part{"openai", json::parse(R"({"type":"x","y":1})")},
                      raw_part{"anthropic", json::parse(R"({"type":"z"})")}}},
           {.role = role::assistant,
            .parts = {raw_part{"openai", json::parse(R"({"audio":{"id":"audio_1"}})")}}}}),
      R"([{"role":"user","content":[{"type":"text","text":"a"},{"type":"x","y":1}]},)"
      R"({"role":"assistant","content":"","audio":{"id":"audio_1"}}])");
}

TEST(openai_request, sends_a_refusal_and_no_other_error) {
  EXPECT_EQ(messages_of({{.role = role::assistant,
                          .parts = {error_part{"refusal", "no"}, error_part{"e", "x"}}}}),
            R"([{"role":"assistant","content":"","refusal":"no"}])");
}

// ---- Reasoning

const std::string content_form = R"({"openai_reasoning":{"key":"reasoning_content"}})";

message thinking(reasoning_part reasoning, std::string call_id) {
  message m{.role = role::assistant, .parts = {std::move(reasoning)}};
  if (call_id.empty()) {
    m.parts.emplace_back(text_part{"t"});
  } else {
    m.parts.emplace_back(tool_call_part{std::move(call_id), "f", "{}"});
  }
  return m;
}

TEST(openai_request, sends_reasoning_back_as_it_came) {
  const std::string call =
      R"("tool_calls":[{"id":"1","type":"function","function":{"name":"f","arguments":"{}"}}]}])";
  struct row {
    reasoning_part reasoning;
    std::string sent;
  };
  for (const auto& r : std::vector<row>{
           {{"r", content_form}, R"("reasoning_content":"r",)"},
           {{"r", R"({"openai_reasoning":{"key":"reasoning"}})"}, R"("reasoning":"r",)"},
           {{"r", R"({"openai_reasoning":{"details":[{"type":"x","data":"d"}]}})"},
            R"("reasoning_details":[{"type":"x","data":"d"}],)"},
           {{"r", ""}, ""},
           {{"r", "EqQBCkYIBxgC"}, ""},
           {{"r", R"({"signature":"x"})"}, ""},
           {{"r", "7"}, ""},
           {{"r", R"({"openai_reasoning":)"}, ""},
           {{"r", R"({"openai_reasoning":7})"}, ""},
           {{"r", R"({"openai_reasoning":{"key":"tool_calls"}})"}, ""}}) {
    const message m = thinking(r.reasoning, "1");
    EXPECT_EQ(messages_of({m}), R"([{"role":"assistant","content":null,)" + r.sent + call)
        << r.reasoning.opaque;
    EXPECT_EQ(messages_of({m}, openai_dialect), R"([{"role":"assistant","content":null,)" + call);
  }
}

TEST(openai_request, sends_plain_reasoning_beside_calls_only) {
  EXPECT_EQ(messages_of({thinking({"r", content_form}, "")}),
            R"([{"role":"assistant","content":"t"}])");
}

TEST(openai_request, marks_calls_without_reasoning_once_the_model_thinks) {
  const message plain{.role = role::assistant, .parts = {tool_call_part{"1", "f", "{}"}}};
  const std::string sent = messages_of({plain, thinking({"r", content_form}, "2"), plain});
  EXPECT_FALSE(sent.substr(0, sent.find("\"r\"")).contains("\"reasoning_content\":\"\""));
  EXPECT_TRUE(sent.contains(R"("content":null,"reasoning_content":"","tool_calls")")) << sent;
}

TEST(openai_request, replays_what_the_decoder_read) {
  for (const auto& recording : all_recordings()) {
    const decoded d = decode(recording.body);
    const std::string sent = messages_of({d.response.message});
    if (recording.name == "deepseek_reasoning_tool") {
      EXPECT_TRUE(sent.contains(R"("reasoning_content":"The user wants the weather.")")) << sent;
    }
    if (recording.name == "openrouter_reasoning_details") {
      EXPECT_TRUE(sent.contains(
          R"("reasoning_details":[{"type":"reasoning.text","text":"Short  question, short answer.",)"
          R"("format":"anthropic-claude-v1","index":0,"signature":"EqQBCkYIBxgCKkA="}])"))
          << sent;
    }
  }
}

// ---- Stability

TEST(openai_request, of_a_growing_conversation_only_grows) {
  std::vector<message> all = {system_message("s"),
                              user_message("u"),
                              thinking({"r", content_form}, "1"),
                              {.role = role::tool, .parts = {tool_result_part{"1", "f", "x"}}},
                              thinking({"r", content_form}, ""),
                              user_message("v"),
                              {.role = role::assistant, .parts = {tool_call_part{"2", "f", "{"}}},
                              {.parts = {media_part{.kind = media_kind::image, .bytes = "b"}}}};
  const chat_options options{.metadata = {{"b", "1"}, {"a", "2"}}};
  std::string before;
  for (std::size_t n = 0; n <= all.size(); ++n) {
    std::string body = body_of({all.begin(), all.begin() + static_cast<std::ptrdiff_t>(n)}, options,
                               {{.name = "f", .description = "d"}});
    ASSERT_TRUE(body.ends_with("]}"));
    EXPECT_TRUE(body.starts_with(before)) << n;
    before = body.substr(0, body.size() - 2);
  }
}

TEST(openai_request, is_always_valid_utf8) {
  struct row {
    std::string text;
    std::string sent;
  };
  const std::string bad = "\xEF\xBF\xBD";
  for (const auto& r : std::vector<row>{{"aé€😀", "aé€😀"},
                                        {"\xFF", bad},
                                        {"a\xE2\x82", "a" + bad},
                                        {"\xE2\x82"
                                         "b",
                                         bad + "b"},
                                        {"\xC0\x80", bad + bad},
                                        {"\xED\xA0\x80", bad + bad + bad},
                                        {"\xF4\x90\x80\x80", bad + bad + bad + bad},
                                        {"\xF0\x9F\x98", bad},
                                        {"long enough ascii \x80 and more of it",
                                         "long enough ascii " + bad + " and more of it"},
                                        {std::string("\0\x1F\x7F", 3), "\\u0000\\u001f\x7F"},
                                        {"\b\f\n\r\t\"\\/", "\\u0008\\u000c\\n\\r\\t\\\"\\\\/"}}) {
    EXPECT_EQ(messages_of({user_message(r.text)}),
              R"([{"role":"user","content":")" + r.sent + "\"}]");
  }
}

}  // namespace
}  // namespace skein::openai::test
