// The request body of responses: every option and part, in a stable order; answers go back as they
// came.
#include <gtest/gtest.h>

#include <skein/core/error.hpp>

#include "openai_responses.hpp"
#include "providers/common/request_json.hpp"

namespace skein::openai::responses_test {
namespace {

std::string body_of(const std::vector<message>& messages, const chat_options& options = {},
                    const std::vector<tool_definition>& tools = {}) {
  return detail::responses_body({.messages = messages, .tools = tools}, options, "m");
}

std::string input_of(const std::vector<message>& messages, chat_options options = {}) {
  options.streaming = false;
  const std::string body = body_of(messages, options);
  EXPECT_NO_THROW((void)json::parse(body)) << body;
  const auto at = body.find("\"input\":");
  return body.substr(at + 8, body.size() - at - 9);
}

message assistant(std::vector<part> parts) {
  return {.role = role::assistant, .parts = std::move(parts)};
}

TEST(responses_request, sends_nothing_that_is_not_set) {
  EXPECT_EQ(body_of({user_message("hi")}),
            R"({"model":"m","stream":true,"input":[{"type":"message","role":"user",)"
            R"("content":[{"type":"input_text","text":"hi"}]}]})");
  EXPECT_EQ(body_of({}, {.streaming = false}), R"({"model":"m","input":[]})");
}

TEST(responses_request, sends_every_option) {
  const chat_options options{
      .model = "not this one",
      .temperature = 0.5,
      .top_p = 1,
      .top_k = 40,
      .max_tokens = 100,
      .seed = 1,
      .frequency_penalty = 0.5,
      .presence_penalty = 0.5,
      .logit_bias = {{"1", 1}},
      .logprobs = true,
      .top_logprobs = 2,
      .reasoning_effort = "low",
      .verbosity = "high",
      .service_tier = "flex",
      .user = "u",
      .store = false,
      .metadata = {{"b", "2"}, {"a", "1"}},
      .tool_choice = tool_choice{.mode = tool_mode::required},
      .parallel_tool_calls = false,
      .response_format = json_schema_format{.name = "r", .schema = json::object(), .strict = true},
      .conversation_id = "not sent",
      .previous_response_id = "resp_1",
      .background = true,
  };
  EXPECT_EQ(
      body_of({}, options, {{.name = "f", .description = "d"}}),
      R"({"model":"m","stream":true,"background":true,"store":false,"previous_response_id":"resp_1",)"
      R"("temperature":0.5,"top_p":1,"max_output_tokens":100,"top_logprobs":2,)"
      R"("reasoning":{"effort":"low"},)"
      R"("text":{"format":{"type":"json_schema","name":"r","schema":{},"strict":true},)"
      R"("verbosity":"high"},"service_tier":"flex","user":"u","metadata":{"a":"1","b":"2"},)"
      R"("parallel_tool_calls":false,"tool_choice":"required",)"
      R"("include":["reasoning.encrypted_content","message.output_text.logprobs"],)"
      R"("tools":[{"type":"function","name":"f","description":"d",)"
      R"("parameters":{"type":"object","properties":{}},"strict":false}],"input":[]})");
}

TEST(responses_request, only_models_that_reason_are_asked_for_encrypted_reasoning) {
  const auto asked = [](std::string_view model) {
    return detail::responses_body({}, {.store = false}, model).contains("encrypted_content");
  };
  for (const auto* model : {"gpt-5-mini", "gpt-5.1", "o3", "o4-mini", "ft:o4-mini:x", "my-own"}) {
    EXPECT_TRUE(asked(model)) << model;
  }
  for (const auto* model : {"gpt-4o", "gpt-4.1-mini", "gpt-3.5-turbo", "chatgpt-4o-latest",
                            "gpt-5-chat-latest", "ft:gpt-4.1-2025-04-14:x"}) {
    EXPECT_FALSE(asked(model)) << model;
  }
}

TEST(responses_request, of_tool_choices) {
  const auto with = [](tool_choice choice) {
    const auto body = json::parse(
        body_of({}, {.tool_choice = std::move(choice)}, {{.name = "f", .description = ""}}));
    return json::serialize(body.at("tool_choice"));
  };
  EXPECT_EQ(with({.mode = tool_mode::automatic}), R"("auto")");
  EXPECT_EQ(with({.mode = tool_mode::none}), R"("none")");
  EXPECT_EQ(with({.mode = tool_mode::required, .name = "f"}), R"({"type":"function","name":"f"})");
  // Without tools the server refuses it.
  EXPECT_FALSE(body_of({}, {.tool_choice = tool_choice{}}).contains("tool_choice"));
}

TEST(responses_request, refuses_what_would_change_the_answer) {
  EXPECT_THROW((void)body_of({}, {.stop = {"x"}}), usage_error);
  for (const auto kind : {media_kind::audio, media_kind::video}) {
    message m = user_message("x");
    m.parts.emplace_back(media_part{.kind = kind, .uri = "https://x"});
    EXPECT_THROW((void)body_of({m}), usage_error);
  }
}

TEST(responses_request, extra_body_is_merged_last) {
  const chat_options options{
      .reasoning_effort = "low",
      .store = false,
      .streaming = false,
      .extra_body = {
          {"reasoning", json::object{{"summary", "auto"}}},
          {"include", json::array{"web_search_call.action.sources", "reasoning.encrypted_content"}},
          {"tools", json::array{json::object{{"type", "web_search"}}}},
          {"truncation", "auto"}}};
  EXPECT_EQ(body_of({}, options, {{.name = "f", .description = ""}}),
            R"({"model":"m","store":false,"reasoning":{"effort":"low","summary":"auto"},)"
            R"("include":["reasoning.encrypted_content","web_search_call.action.sources"],)"
            R"("truncation":"auto","tools":[{"type":"function","name":"f",)"
            R"("parameters":{"type":"object","properties":{}},"strict":false},)"
            R"({"type":"web_search"}],"input":[]})");
  EXPECT_EQ(body_of({user_message("x")}, {.streaming = false, .extra_body = {{"input", "y"}}}),
            R"({"model":"m","input":"y"})");
}

TEST(responses_request, instructions_come_before_tools_and_input) {
  EXPECT_EQ(detail::responses_body({.instructions = "Be brief."}, {.streaming = false}, "m"),
            R"({"model":"m","instructions":"Be brief.","input":[]})");
}

TEST(responses_request, of_what_users_send) {
  const message m{
      .role = role::user,
      .parts = {
          text_part{"a"},
          media_part{.kind = media_kind::image, .media_type = "image/gif", .bytes = "GIF"},
          media_part{.kind = media_kind::image, .uri = "https://x/y.png"},
          media_part{.kind = media_kind::image, .uri = "file-1"},
          media_part{.kind = media_kind::file, .bytes = "%PDF", .name = "a.pdf"},
          media_part{.kind = media_kind::file, .uri = "https://x/y.pdf"},
          media_part{.kind = media_kind::file, .uri = "file-2"},
          raw_part{"openai_responses", json::object{{"type", "input_text"}, {"text", "raw"}}},
          raw_part{"openai_responses", json::object{{"type", "item_reference"}, {"id", "msg_1"}}},
          raw_part{"openai", json::object{{"type", "text"}}},
          text_part{"b"},
      }};
  EXPECT_EQ(
      input_of({m}),
      R"([{"type":"message","role":"user","content":[{"type":"input_text","text":"a"},)"
      R"({"type":"input_image","image_url":"data:image/gif;base64,R0lG","detail":"auto"},)"
      R"({"type":"input_image","image_url":"https://x/y.png","detail":"auto"},)"
      R"({"type":"input_image","file_id":"file-1","detail":"auto"},)"
      R"({"type":"input_file","filename":"a.pdf","file_data":"data:application/pdf;base64,JVBERg=="},)"
      R"({"type":"input_file","file_url":"https://x/y.pdf"},)"
      R"({"type":"input_file","file_id":"file-2"},{"type":"input_text","text":"raw"}]},)"
      R"({"type":"item_reference","id":"msg_1"},)"
      R"({"type":"message","role":"user","content":[{"type":"input_text","text":"b"}]}])");
  EXPECT_EQ(input_of({system_message("s")}),
            R"([{"type":"message","role":"system","content":[{"type":"input_text","text":"s"}]}])");
}

TEST(responses_request, of_what_models_said_elsewhere) {
  EXPECT_EQ(input_of({assistant({reasoning_part{"hm", R"({"anthropic":{"signature":"s"}})"},
                                 text_part{"a"}, text_part{"b"}, error_part{"refusal", "no"},
                                 error_part{"other", "x"},
                                 media_part{.kind = media_kind::image, .uri = "https://x"},
                                 raw_part{"anthropic", json::object{{"type", "x"}}},
                                 tool_call_part{"c1", "f", ""}, tool_call_part{"c2", "g", "{\"a"}}),
                      {.role = role::tool,
                       .parts = {tool_result_part{"c1", "f", "1"},
                                 tool_result_part{"c2", "g", "bad", tool_outcome::error}}}}),
            R"([{"type":"message","role":"assistant","content":[)"
            R"({"type":"output_text","text":"a","annotations":[]},)"
            R"({"type":"output_text","text":"b","annotations":[]},)"
            R"({"type":"refusal","refusal":"no"}]},)"
            R"({"type":"function_call","call_id":"c1","name":"f","arguments":"{}"},)"
            R"({"type":"function_call","call_id":"c2","name":"g",)"
            R"("arguments":"{\"invalid_json\":\"{\\\"a\"}"},)"
            R"({"type":"function_call_output","call_id":"c1","output":"1"},)"
            R"({"type":"function_call_output","call_id":"c2","output":"bad"}])");
}

// EasyInputMessage of OpenAI's API reference: an output_text is only in a message with id and
// status.
TEST(responses_request, a_message_without_an_id_is_plain_text) {
  EXPECT_EQ(input_of({assistant(
                {text_part{"a"}, tool_call_part{"c", "f", ""}, text_part{"b"}, text_part{"c"}})}),
            R"([{"type":"message","role":"assistant","content":"a"},)"
            R"({"type":"function_call","call_id":"c","name":"f","arguments":"{}"},)"
            R"({"type":"message","role":"assistant","content":"bc"}])");
}

TEST(responses_request, ids_that_the_server_refuses_are_mapped_alike) {
  const std::string long_id(65, 'x');
  for (const std::string& id : {long_id, std::string("a b"), std::string("ü"), std::string()}) {
    const auto input =
        json::parse(input_of({assistant({tool_call_part{id, "f", "{}"}}),
                              {.role = role::tool, .parts = {tool_result_part{id, "f", "1"}}}}));
    const auto sent = input.at(0).at("call_id").as_string();
    EXPECT_EQ(sent.size(), 21U) << id;
    EXPECT_EQ(input.at(1).at("call_id"), sent);
  }
  EXPECT_NE(input_of({assistant({tool_call_part{"a b", "f", ""}})}),
            input_of({assistant({tool_call_part{"a c", "f", ""}})}));
}

// ---- Answers of this protocol

chat_response answer_in(const std::string& name) { return decode(recorded(name).body).response; }

TEST(responses_request, reasoning_and_ids_go_back_as_they_came) {
  const auto input = json::parse(input_of(
      {user_message("q"),
       answer_in("reasoning_tool").message,
       {.role = role::tool,
        .parts = {tool_result_part{"call_Qm3XcT8bVn1LpZ5KsR7YdW2e", "get_weather", "12 °C"}}}},
      {.store = false}));
  const auto body = recorded("reasoning_tool").body;
  ASSERT_EQ(input.as_array().size(), 4U);
  EXPECT_EQ(input.at(1).at("type"), "reasoning");
  EXPECT_EQ(input.at(1).at("encrypted_content"), "gAAAAABpVbgAkq0sU2m7Yw3nR5tZ8cX1vB4dF6hJ9lQ");
  EXPECT_EQ(input.at(1).at("summary"),
            (json::array{json::object{{"type", "summary_text"}, {"text", "I need the weather."}}}));
  for (const std::size_t i : {1U, 2U}) {
    const auto id = json::serialize(input.at(i).at("id"));
    EXPECT_TRUE(body.contains("\"item\":{\"id\":" + id)) << id;
  }
  EXPECT_EQ(input.at(2).at("call_id"), input.at(3).at("call_id"));
}

TEST(responses_request, a_message_after_reasoning_keeps_its_id) {
  const auto input = json::parse(input_of({answer_in("reasoning").message}));
  ASSERT_EQ(input.as_array().size(), 2U);
  EXPECT_EQ(input.at(0).at("type"), "reasoning");
  EXPECT_TRUE(input.at(1).at("id").as_string().starts_with("msg_"));
  EXPECT_EQ(input.at(1).at("status"), "completed");
  EXPECT_EQ(input.at(1).at("content").at(0).at("text"), "42");
}

TEST(responses_request, tools_that_the_server_ran_go_back_in_their_place) {
  const auto input = json::parse(input_of({answer_in("web_search").message}));
  ASSERT_EQ(input.as_array().size(), 3U);
  EXPECT_EQ(input.at(0).at("type"), "reasoning");
  EXPECT_EQ(input.at(1).at("type"), "web_search_call");
  EXPECT_EQ(input.at(1).at("action").at("query"), "oslo weather");
  EXPECT_EQ(input.at(2).at("type"), "message");
}

TEST(responses_request, plain_reasoning_goes_back_too) {
  const auto input = json::parse(input_of({answer_in("llama_server").message}, {.store = false}));
  EXPECT_EQ(input.at(0).at("content").at(0).at("text"), "Two cities.");
  EXPECT_EQ(input.at(1).at("call_id"), "fc_k1");
  EXPECT_FALSE(input.at(1).as_object().contains("id"));
}

TEST(responses_request, reasoning_never_goes_alone) {
  const auto thought = answer_in("reasoning").message.parts.at(0);
  const auto items = [](const message& m, const chat_options& options = {}) {
    std::vector<std::string> types;
    const auto input = json::parse(input_of({m}, options));
    for (const auto& item : input.as_array()) {
      types.emplace_back(item.at("type").as_string());
      if (item.as_object().contains("id")) types.back() += " with id";
    }
    return types;
  };
  using strings = std::vector<std::string>;
  // The answer ended inside or after it, or what followed is not known to the server any more.
  EXPECT_EQ(items(assistant({thought})), strings{});
  EXPECT_EQ(items(assistant({thought, text_part{"4"}})), strings{"message"});
  // It is gone: then nobody may ask for it.
  const auto whole = answer_in("reasoning_tool").message;
  EXPECT_EQ(items(whole), (strings{"reasoning with id", "function_call with id"}));
  EXPECT_EQ(items(assistant({whole.parts.at(1)})), strings{"function_call"});
  const auto text = answer_in("reasoning").message;
  EXPECT_EQ(items(assistant({text.parts.at(1), text.parts.at(2)})), strings{"message"});
}

TEST(responses_request, reasoning_that_only_the_server_had_is_not_sent_where_it_keeps_nothing) {
  const auto message = assistant(
      {reasoning_part{"", R"({"openai_responses":{"type":"reasoning","id":"rs_1","summary":[]}})"},
       tool_call_part{"c", "f", "{}", R"({"openai_responses":{"id":"fc_1"}})"}});
  EXPECT_EQ(input_of({message}),
            R"([{"type":"reasoning","id":"rs_1","summary":[]},{"type":"function_call","id":"fc_1",)"
            R"("call_id":"c","name":"f","arguments":"{}"}])");
  EXPECT_EQ(input_of({message}, {.store = false}),
            R"([{"type":"function_call","call_id":"c","name":"f","arguments":"{}"}])");
}

TEST(responses_request, of_a_growing_conversation_is_a_prefix) {
  std::vector<message> all = {
      system_message("s"),
      user_message("q"),
      answer_in("reasoning_tool").message,
      {.role = role::tool,
       .parts = {tool_result_part{"call_Qm3XcT8bVn1LpZ5KsR7YdW2e", "get_weather", "12"}}},
      answer_in("reasoning").message,
      user_message("again"),
      answer_in("refusal").message};
  std::string before = body_of({});
  for (std::size_t n = 1; n <= all.size(); ++n) {
    const std::string body = body_of({all.begin(), all.begin() + static_cast<std::ptrdiff_t>(n)});
    EXPECT_TRUE(body.starts_with(before.substr(0, before.size() - 2))) << body;
    before = body;
  }
}

TEST(responses_request, is_always_utf8) {
  EXPECT_TRUE(input_of({user_message("a\xFF"
                                     "b")})
                  .contains("a\uFFFDb"));
}

TEST(responses_request, others_refuse_stored_answers) {
  namespace common = providers;
  EXPECT_NO_THROW(common::refuse_stored_answers({.background = false}, "x"));
  EXPECT_THROW(common::refuse_stored_answers({.previous_response_id = "r"}, "x"), usage_error);
  EXPECT_THROW(common::refuse_stored_answers({.background = true}, "x"), usage_error);
  EXPECT_THROW(common::refuse_stored_answers({.continuation_token = "r:1"}, "x"), usage_error);
}

}  // namespace
}  // namespace skein::openai::responses_test
