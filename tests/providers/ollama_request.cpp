// The request body of Ollama: every option and part, in a stable order, and answers sent back.
#include <gtest/gtest.h>

#include <skein/core/error.hpp>

#include "ollama_codec.hpp"

namespace skein::ollama::test {
namespace {

std::string body_of(const chat_request& request, const chat_options& options = {},
                    std::string_view keep_alive = "") {
  return detail::request_body(request, options, "m", keep_alive);
}

std::string messages_of(const std::vector<message>& messages) {
  return providers::test::after_head(R"({"model":"m","stream":true,"messages":)",
                                     body_of({.messages = messages}));
}

const tool_definitions one_tool = {{.name = "f", .description = "d"}};

TEST(ollama_request, sends_nothing_that_is_not_set) {
  EXPECT_EQ(body_of({.messages = {user_message("hi")}}),
            R"({"model":"m","stream":true,"messages":[{"role":"user","content":"hi"}]})");
  EXPECT_EQ(body_of({}, {.streaming = false}), R"({"model":"m","stream":false,"messages":[]})");
}

TEST(ollama_request, sends_every_option) {
  chat_options options = providers::test::sampling_options();
  options.logit_bias = {{"1", 1}};
  options.logprobs = true;
  options.top_logprobs = 2;
  options.reasoning_effort = "high";
  options.verbosity = "not sent";
  options.user = "not sent";
  options.tool_choice = tool_choice{};
  options.response_format =
      json_schema_format{.name = "n", .schema = json::object{{"type", "object"}}};
  options.extra_body =
      json::parse(R"({"options":{"num_ctx":8192,"seed":1},"truncate":false})").as_object();
  EXPECT_EQ(
      body_of({.instructions = "Be brief.", .tools = one_tool}, options, "5m"),
      R"({"model":"m","stream":true,"format":{"type":"object"},)"
      R"("options":{"temperature":0.7,"top_p":1,"top_k":40,"num_predict":100,)"
      R"("stop":["\n","END"],"seed":1,"frequency_penalty":0.5,"presence_penalty":-0.25,)"
      R"("num_ctx":8192},"think":"high","logprobs":true,"top_logprobs":2,"keep_alive":"5m",)"
      R"("truncate":false,"tools":[{"type":"function","function":{"name":"f","description":"d",)"
      R"("parameters":{"type":"object","properties":{}}}}],)"
      R"("messages":[{"role":"system","content":"Be brief."}]})");
}

TEST(ollama_request, thinks_keeps_alive_and_formats) {
  struct row {
    chat_options options;
    const char* keep_alive;
    std::string sent;
  };
  for (const auto& r :
       std::vector<row>{{{.reasoning_effort = "none"}, "", R"("think":false)"},
                        {{.reasoning_effort = "minimal"}, "", R"("think":"low")"},
                        {{.reasoning_effort = "medium"}, "", R"("think":"medium")"},
                        {{.reasoning_effort = "xhigh"}, "", R"("think":"max")"},
                        {{.response_format = json_object_format{}}, "", R"("format":"json")"},
                        {{}, "-1", R"("keep_alive":-1)"},
                        {{}, "0", R"("keep_alive":0)"},
                        {{}, "1h30m", R"("keep_alive":"1h30m")"}}) {
    EXPECT_EQ(body_of({}, r.options, r.keep_alive),
              R"({"model":"m","stream":true,)" + r.sent + R"(,"messages":[]})");
  }
}

TEST(ollama_request, refuses_what_it_cannot_say) {
  EXPECT_EQ(body_of({.tools = one_tool}, {.tool_choice = tool_choice{.mode = tool_mode::none}}),
            R"({"model":"m","stream":true,"messages":[]})");
  const chat_request with_tools{.tools = one_tool};
  EXPECT_THROW((void)body_of(with_tools, {.tool_choice = tool_choice{.mode = tool_mode::required}}),
               usage_error);
  EXPECT_THROW((void)body_of(with_tools, {.tool_choice = tool_choice{.name = "f"}}), usage_error);
  EXPECT_THROW((void)body_of(with_tools, {.parallel_tool_calls = false}), usage_error);
  EXPECT_NO_THROW((void)body_of({}, {.parallel_tool_calls = false}));
  EXPECT_THROW((void)body_of({}, {.previous_response_id = "r"}), usage_error);
  for (const auto& media :
       {media_part{.kind = media_kind::image, .uri = "https://e.org/a.png"},
        media_part{.kind = media_kind::file, .media_type = "application/pdf", .bytes = "x"}}) {
    EXPECT_THROW((void)messages_of({{.parts = {media}}}), usage_error);
  }
}

TEST(ollama_request, sends_messages) {
  EXPECT_EQ(
      messages_of(
          {system_message("s"),
           {.role = role::user,
            .parts = {text_part{"a"}, text_part{"b"},
                      media_part{.kind = media_kind::image, .bytes = "\xFF\xD8\xFF"},
                      media_part{.kind = media_kind::image, .uri = "data:image/gif;base64,YQ=="}}},
           {.role = role::assistant,
            .parts = {error_part{"refusal", "no"}, error_part{"e", "x"},
                      raw_part{"ollama", json::object{{"k", 1}}},
                      raw_part{"openai", json::object{{"l", 1}}}}},
           {.role = role::user}}),
      R"([{"role":"system","content":"s"},{"role":"user","content":"ab","images":["/9j/","YQ=="]},)"
      R"({"role":"assistant","content":"no","k":1},{"role":"user","content":""}])");
}

TEST(ollama_request, sends_calls_and_their_results) {
  EXPECT_EQ(
      messages_of({{.role = role::assistant,
                    .parts = {reasoning_part{"t", R"({"ollama":{}})"}, reasoning_part{"u", ""},
                              reasoning_part{"v", R"({"gemini":{"thought":true}})"}, text_part{"a"},
                              tool_call_part{"1", "f", R"({"a": 1})"}, tool_call_part{"2", "g", ""},
                              tool_call_part{"3", "h", "[1]"}}},
                   {.role = role::tool,
                    .parts = {tool_result_part{"1", "f", "r1"}, text_part{"see"},
                              tool_result_part{"2", "g", "failed", tool_outcome::error}}},
                   {.role = role::tool}}),
      R"([{"role":"assistant","content":"a","thinking":"t","tool_calls":[)"
      R"({"id":"1","function":{"name":"f","arguments":{"a": 1}}},)"
      R"({"id":"2","function":{"name":"g","arguments":{}}},)"
      R"({"id":"3","function":{"name":"h","arguments":{"invalid_json":"[1]"}}}]},)"
      R"({"role":"tool","content":"r1","tool_name":"f","tool_call_id":"1"},)"
      R"({"role":"tool","content":"failed","tool_name":"g","tool_call_id":"2"},)"
      R"({"role":"user","content":"see"}])");
}

TEST(ollama_request, sends_answers_back) {
  const auto answer = decode(recording("thinking_and_calls")).response.message;
  const std::string sent = messages_of({answer});
  EXPECT_TRUE(sent.starts_with(
      R"([{"role":"assistant","content":"Looking.","thinking":"Two cities.","tool_calls":[)"
      R"({"id":"call_0_2026-03-02T09_14_07_196820Z","function":{"name":"get_weather",)"
      R"("arguments":{"city":"Oslo","days":[1,2.5]}}},)"))
      << sent;
}

TEST(ollama_request, of_a_growing_conversation_only_grows) {
  const std::vector<message> all = {
      system_message("s"),
      user_message("u"),
      decode(recording("thinking_and_calls")).response.message,
      {.role = role::tool, .parts = {tool_result_part{"call_x", "get_weather", "x"}}},
      assistant_message("a"),
      {.parts = {media_part{.kind = media_kind::image, .bytes = "b"}}}};
  std::string before;
  for (std::size_t n = 0; n <= all.size(); ++n) {
    std::string body =
        body_of({.messages = {all.begin(), all.begin() + static_cast<std::ptrdiff_t>(n)},
                 .tools = one_tool},
                {.temperature = 0.5});
    ASSERT_TRUE(body.ends_with("]}"));
    EXPECT_TRUE(body.starts_with(before)) << n;
    before = body.substr(0, body.size() - 2);
  }
}

TEST(ollama_request, is_always_valid_utf8) {
  EXPECT_EQ(messages_of({user_message("a\xFF")}),
            "[{\"role\":\"user\",\"content\":\"a\xEF\xBF\xBD\"}]");
}

TEST(ollama_host, is_read_as_ollama_does) {
  struct row {
    const char* host;
    const char* url;
  };
  for (const auto& r : std::vector<row>{{"", "http://127.0.0.1:11434"},
                                        {" \"example.com\" ", "http://example.com:11434"},
                                        {"example.com:1234", "http://example.com:1234"},
                                        {"example.com:99999", "http://example.com:11434"},
                                        {":1234", "http://127.0.0.1:1234"},
                                        {"0.0.0.0", "http://127.0.0.1:11434"},
                                        {"0.0.0.0:80", "http://127.0.0.1:80"},
                                        {"::1", "http://[::1]:11434"},
                                        {"[::1]", "http://[::1]:11434"},
                                        {"[::1]:1234", "http://[::1]:1234"},
                                        {"[::]:1234", "http://[::1]:1234"},
                                        {"http://example.com", "http://example.com:80"},
                                        {"https://example.com", "https://example.com:443"},
                                        {"https://example.com:1/a/", "https://example.com:1/a/"},
                                        {"http://u:p@example.com", "http://u:p@example.com:80"},
                                        {"u:p@example.com:1234", "http://u:p@example.com:1234"},
                                        {"ollama.com", "https://ollama.com:443"},
                                        {"example.com/a", "http://example.com:11434/a"}}) {
    EXPECT_EQ(detail::url_of_host(r.host), r.url) << r.host;
  }
}

}  // namespace
}  // namespace skein::ollama::test
