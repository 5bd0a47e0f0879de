// The request body of Gemini: every option and part, in a stable order, and answers sent back.
#include <gtest/gtest.h>

#include <skein/core/error.hpp>

#include "gemini_codec.hpp"

namespace skein::gemini::test {
namespace {

std::string body_of(const chat_request& request, const chat_options& options = {},
                    std::string_view model = "gemini-3-flash") {
  return detail::request_body(request, options, model);
}

std::string contents_of(const std::vector<message>& messages) {
  return providers::test::after_head(R"({"contents":)", body_of({.messages = messages}));
}

message model_says(std::vector<part> parts) {
  return {.role = role::assistant, .parts = std::move(parts)};
}

TEST(gemini_request, sends_nothing_that_is_not_set) {
  EXPECT_EQ(body_of({.messages = {user_message("hi")}}),
            R"({"contents":[{"role":"user","parts":[{"text":"hi"}]}]})");
}

TEST(gemini_request, sends_every_option) {
  chat_options options = providers::test::sampling_options();
  options.logit_bias = {{"1", 1}};
  options.logprobs = true;
  options.top_logprobs = 2;
  options.reasoning_effort = "low";
  options.verbosity = "not sent";
  options.service_tier = "flex";
  options.user = "not sent";
  options.store = false;
  options.metadata = {{"not", "sent"}};
  options.tool_choice = tool_choice{.mode = tool_mode::required};
  options.parallel_tool_calls = true;
  options.response_format =
      json_schema_format{.name = "n", .schema = json::object{{"type", "object"}}};
  options.conversation_id = "not sent";
  options.extra_body = json::parse(R"({"generationConfig":{"topK":null,"mediaResolution":"LOW"},)"
                                   R"("cachedContent":"cachedContents/1"})")
                           .as_object();
  EXPECT_EQ(
      body_of({.instructions = "Be brief.",
               .messages = {system_message("s"), user_message("u"), system_message("later")},
               .tools = {{.name = "f", .description = "d"}, {.name = "g", .description = ""}}},
              options),
      R"({"systemInstruction":{"parts":[{"text":"Be brief."},{"text":"s"}]},)"
      R"("generationConfig":{"temperature":0.7,"topP":1,"topK":null,"maxOutputTokens":100,)"
      R"("stopSequences":["\n","END"],"seed":-7,"presencePenalty":-0.25,"frequencyPenalty":0.5,)"
      R"("responseLogprobs":true,"logprobs":2,"responseMimeType":"application/json",)"
      R"("responseJsonSchema":{"type":"object"},)"
      R"("thinkingConfig":{"includeThoughts":true,"thinkingLevel":"LOW"},"mediaResolution":"LOW"},)"
      R"("serviceTier":"flex","toolConfig":{"functionCallingConfig":{"mode":"ANY"}},)"
      R"("cachedContent":"cachedContents/1",)"
      R"("tools":[{"functionDeclarations":[{"name":"f","description":"d",)"
      R"("parametersJsonSchema":{"type":"object","properties":{}}},)"
      R"({"name":"g","parametersJsonSchema":{"type":"object","properties":{}}}]}],)"
      R"("contents":[{"role":"user","parts":[{"text":"u"}]},)"
      R"({"role":"user","parts":[{"text":"later"}]}]})");
}

TEST(gemini_request, thinks_by_level_or_by_budget) {
  struct row {
    const char* model;
    const char* effort;
    std::string sent;
  };
  for (const auto& r : std::vector<row>{
           {"gemini-3-pro", "high", R"("includeThoughts":true,"thinkingLevel":"HIGH")"},
           {"gemini-flash-latest", "minimal",
            R"("includeThoughts":true,"thinkingLevel":"MINIMAL")"},
           {"gemini-2.5-pro", "medium", R"("includeThoughts":true,"thinkingBudget":8192)"},
           {"models/gemini-2.5-flash", "none", R"("includeThoughts":false,"thinkingBudget":0)"}}) {
    EXPECT_EQ(body_of({}, {.reasoning_effort = r.effort}, r.model),
              R"({"generationConfig":{"thinkingConfig":{)" + r.sent + R"(}},"contents":[]})");
  }
  EXPECT_THROW((void)body_of({}, {.reasoning_effort = "none"}), usage_error);
  EXPECT_THROW((void)body_of({}, {.reasoning_effort = "huge"}, "gemini-2.5-pro"), usage_error);
}

TEST(gemini_request, chooses_tools) {
  struct row {
    tool_choice choice;
    std::string sent;
  };
  for (const auto& r : std::vector<row>{{{.mode = tool_mode::automatic}, R"({"mode":"AUTO"})"},
                                        {{.mode = tool_mode::none}, R"({"mode":"NONE"})"},
                                        {{.mode = tool_mode::required}, R"({"mode":"ANY"})"},
                                        {{.mode = tool_mode::required, .name = "f"},
                                         R"({"mode":"ANY","allowedFunctionNames":["f"]})"}}) {
    const std::string body =
        body_of({.tools = {{.name = "f", .description = ""}}}, {.tool_choice = r.choice});
    EXPECT_TRUE(body.starts_with(R"({"toolConfig":{"functionCallingConfig":)" + r.sent + "}"))
        << body;
    EXPECT_EQ(body_of({}, {.tool_choice = r.choice}), R"({"contents":[]})");
  }
}

TEST(gemini_request, refuses_to_forbid_parallel_calls) {
  EXPECT_NO_THROW((void)body_of({}, {.parallel_tool_calls = false}));
  EXPECT_THROW(
      (void)body_of({.tools = {{.name = "f", .description = ""}}}, {.parallel_tool_calls = false}),
      usage_error);
}

TEST(gemini_request, refuses_answers_that_the_server_would_keep) {
  EXPECT_THROW((void)body_of({}, {.previous_response_id = "r"}), usage_error);
  EXPECT_THROW((void)body_of({}, {.background = true}), usage_error);
}

TEST(gemini_request, leaves_out_what_would_be_empty) {
  EXPECT_EQ(contents_of({{.role = role::user},
                         user_message(""),
                         model_says({}),
                         model_says({reasoning_part{"foreign", R"({"anthropic":{}})"},
                                     error_part{"MALFORMED_FUNCTION_CALL", "x"},
                                     raw_part{"openai", json::object{{"type", "x"}}}}),
                         {.role = role::tool}}),
            "[]");
}

TEST(gemini_request, sends_calls_and_results_in_their_order) {
  const std::vector<message> messages = {
      model_says({text_part{"a"}, tool_call_part{"1", "f", R"({"a": 1})"},
                  tool_call_part{"2", "g", " "}, tool_call_part{"3", "h", R"({"a":)"}}),
      {.role = role::tool,
       .parts = {tool_result_part{"3", "h", "three"}, text_part{"see"},
                 tool_result_part{"1", "", "one", tool_outcome::error}}},
      {.role = role::tool, .parts = {tool_result_part{"2", "g", "two"}}}};
  EXPECT_EQ(contents_of(messages),
            R"([{"role":"model","parts":[{"text":"a"},)"
            R"({"functionCall":{"id":"1","name":"f","args":{"a": 1}},)"
            R"("thoughtSignature":"skip_thought_signature_validator"},)"
            R"({"functionCall":{"id":"2","name":"g","args":{}}},)"
            R"({"functionCall":{"id":"3","name":"h","args":{"invalid_json":"{\"a\":"}}}]},)"
            R"({"role":"user","parts":[)"
            R"({"functionResponse":{"id":"1","name":"f","response":{"error":"one"}}},)"
            R"({"functionResponse":{"id":"2","name":"g","response":{"output":"two"}}},)"
            R"({"functionResponse":{"id":"3","name":"h","response":{"output":"three"}}}]},)"
            R"({"role":"user","parts":[{"text":"see"}]}])");
}

TEST(gemini_request, signs_the_first_call_of_another_model) {
  const std::string call = R"({"functionCall":{"id":"1","name":"f","args":{}})";
  const std::string stand_in = R"("thoughtSignature":"skip_thought_signature_validator")";
  for (const char* opaque : {"", R"({"anthropic":{}})", R"({"gemini":{"id":"1"}})"}) {
    const chat_request request{
        .messages = {model_says({text_part{"a"}, tool_call_part{"1", "f", "{}", opaque},
                                 tool_call_part{"1", "f", "{}", opaque}})}};
    const std::string head = R"({"contents":[{"role":"model","parts":[{"text":"a"},)";
    EXPECT_EQ(body_of(request), head + call + "," + stand_in + "}," + call + "}]}]}");
    EXPECT_EQ(body_of(request, {}, "gemini-2.5-pro"), head + call + "}," + call + "}]}]}");
  }
}

TEST(gemini_request, sends_every_kind_of_media) {
  struct row {
    media_part media;
    std::string sent;
  };
  using enum media_kind;
  for (const auto& r : std::vector<row>{
           {{.kind = image, .media_type = "image/jpeg", .bytes = "\xFF\xD8\xFF"},
            R"({"inlineData":{"mimeType":"image/jpeg","data":"/9j/"}})"},
           {{.kind = audio, .bytes = "a"},
            R"({"inlineData":{"mimeType":"audio/wav","data":"YQ=="}})"},
           {{.kind = image, .uri = "data:image/gif;base64,YQ=="},
            R"({"inlineData":{"mimeType":"image/gif","data":"YQ=="}})"},
           {{.kind = video, .uri = "https://youtu.be/x"},
            R"({"fileData":{"fileUri":"https://youtu.be/x"}})"},
           {{.kind = file, .media_type = "application/pdf", .uri = "https://e.org/files/1"},
            R"({"fileData":{"mimeType":"application/pdf","fileUri":"https://e.org/files/1"}})"}}) {
    EXPECT_EQ(contents_of({{.parts = {r.media}}}), R"([{"role":"user","parts":[)" + r.sent + "]}]");
  }
}

TEST(gemini_request, sends_a_refusal_as_text) {
  EXPECT_EQ(contents_of({model_says({error_part{"refusal", "no"}})}),
            R"([{"role":"model","parts":[{"text":"no"}]}])");
}

// ---- Answers sent back

std::string replayed(const std::string& parts) {
  const decoded d = decode_parts(parts);
  EXPECT_FALSE(d.error) << d.what();
  const std::string sent = contents_of({d.response.message});
  const std::string head = R"([{"role":"model","parts":[)";
  EXPECT_TRUE(sent.starts_with(head)) << sent;
  return sent.substr(head.size(), sent.size() - head.size() - 3);
}

TEST(gemini_request, sends_parts_back_as_they_came) {
  for (
      const std::string parts :
      {R"({"text":"a","thoughtSignature":"s"})",
       R"({"text":"a"},{"text":"b","thoughtSignature":"s"},{"text":"c"})",
       R"({"text":"a"},{"text":"","thoughtSignature":"s"})",
       R"({"text":"","thoughtSignature":"s"},{"text":"a"})",
       R"({"text":"a","thoughtSignature":"s"},{"text":"b","thoughtSignature":"t"})",
       R"({"text":"","thoughtSignature":"s"},{"text":"","thoughtSignature":"t"})",
       R"({"text":"t","thought":true},{"text":"u","thought":true,"thoughtSignature":"s"})",
       R"({"text":"t","thought":true,"thoughtSignature":"s"},{"text":"","thoughtSignature":"t"})",
       R"({"text":"t","thought":true},{"functionCall":{"name":"f","args":{}},"thoughtSignature":"s"})",
       R"({"functionCall":{"id":"1","name":"f","args":{"a":1}},"thoughtSignature":"s"},)"
       R"({"functionCall":{"id":"1","name":"f","args":{}}},)"
       R"({"functionCall":{"name":"g","args":{}}},{"text":"","thoughtSignature":"t"})",
       R"({"inlineData":{"mimeType":"image/png","data":"YQ=="},"thoughtSignature":"s"},{"text":"a"})",
       R"({"executableCode":{"language":"PYTHON","code":"1"},"thoughtSignature":"s"},)"
       R"({"codeExecutionResult":{"outcome":"OUTCOME_OK"}},{"text":"a","thoughtSignature":"t"})"}) {
    EXPECT_EQ(replayed(parts), parts);
  }
}

TEST(gemini_request, answers_calls_by_the_ids_that_they_had) {
  const decoded d = decode(recording("parallel_calls"));
  message results{.role = role::tool};
  for (const auto& call : d.response.tool_calls()) {
    results.parts.emplace_back(tool_result_part{call.id, call.name, call.id});
  }
  const std::string sent = contents_of({d.response.message, results});
  EXPECT_TRUE(sent.contains(
      R"({"functionResponse":{"id":"qm1x","name":"get_weather","response":{"output":"qm1x"}}},)"
      R"({"functionResponse":{"id":"qm1x","name":"get_weather",)"
      R"("response":{"output":"call_1_pWvmZ8iMFuLdxN8P1oGDkQE"}}},)"
      R"({"functionResponse":{"name":"get_time",)"))
      << sent;
}

// Somebody edited the text that was signed.
TEST(gemini_request, signs_all_of_a_text_that_is_too_short) {
  EXPECT_EQ(contents_of({model_says(
                {text_part{"ab"},
                 reasoning_part{"", R"({"gemini":{"thoughtSignature":"s","text":9}})"}})}),
            R"([{"role":"model","parts":[{"text":"ab","thoughtSignature":"s"}]}])");
}

TEST(gemini_request, takes_any_opaque_without_harm) {
  for (const char* opaque : {"", "x", R"({"gemini":7})", R"({"gemini":null})", R"({"gemini":)",
                             R"({"anthropic":{"signature":"s"}})"}) {
    EXPECT_EQ(contents_of({model_says({reasoning_part{"t", opaque}})}), "[]") << opaque;
  }
  for (const char* opaque : {R"({"gemini":{"thoughtSignature":7}})", R"({"gemini":{"text":-1}})"}) {
    EXPECT_EQ(contents_of({model_says({text_part{"a"}, reasoning_part{"", opaque}})}),
              R"([{"role":"model","parts":[{"text":"a"}]}])");
  }
}

// ---- Stability

TEST(gemini_request, of_a_growing_conversation_only_grows) {
  const std::vector<message> all = {
      system_message("s"),
      user_message("u"),
      decode(recording("signed_text")).response.message,
      user_message("v"),
      decode(recording("parallel_calls")).response.message,
      {.role = role::tool, .parts = {tool_result_part{"qm1x", "get_weather", "x"}}},
      {.role = role::tool,
       .parts = {tool_result_part{"call_1_pWvmZ8iMFuLdxN8P1oGDkQE", "get_weather", "y"}}},
      decode(recording("code_execution")).response.message,
      {.parts = {media_part{.kind = media_kind::image, .bytes = "b"}}}};
  std::string before;
  for (std::size_t n = 1; n <= all.size(); ++n) {
    std::string body =
        body_of({.instructions = "i",
                 .messages = {all.begin(), all.begin() + static_cast<std::ptrdiff_t>(n)},
                 .tools = {{.name = "f", .description = "d"}}},
                {.temperature = 0.5});
    EXPECT_TRUE(body.starts_with(before)) << n;
    before = body.substr(0, body.find_last_not_of("]}") + 1);
  }
}

TEST(gemini_request, is_always_valid_utf8) {
  EXPECT_EQ(body_of({.messages = {user_message("a\xFF")}}),
            "{\"contents\":[{\"role\":\"user\",\"parts\":[{\"text\":\"a\xEF\xBF\xBD\"}]}]}");
}

}  // namespace
}  // namespace skein::gemini::test
