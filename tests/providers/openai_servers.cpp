// What differs between the servers with OpenAI's chat completions: the request that each gets.
#include <algorithm>
#include <cctype>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <skein/async/run.hpp>
#include <skein/providers/openai.hpp>

#include "canned_transport.hpp"
#include "openai_codec.hpp"
#include "providers/openai/short_ids.hpp"

namespace skein::openai::test {
namespace {

namespace s = servers;

struct server_row {
  const char* test;
  openai::server asked;
  std::string url;
  std::string recording;  // of an answer
  std::string max_tokens = "max_tokens";
  std::string seed = "seed";
  std::string stream = R"("stream":true,"stream_options":{"include_usage":true},)";
  std::string format = R"({"type":"json_object"})";
  std::string name = R"("name":"ann",)";
  std::string id = "call_1";
  std::string reasoning = R"("reasoning_content":"Hm.",)";
  friend std::ostream& operator<<(std::ostream& out, const server_row& r) { return out << r.test; }
};

const std::vector<server_row>& server_rows() {
  static const std::string object_schema =
      R"({"type":"json_schema","json_schema":{"name":"object","schema":{"type":"object"}}})";
  static const std::vector<server_row> rows = {
      {.test = "llama_server",
       .asked = s::llama_server,
       .url = "http://127.0.0.1:8080/v1",
       .recording = "llama_server_timings"},
      {.test = "vllm",
       .asked = s::vllm,
       .url = "http://127.0.0.1:8000/v1",
       .recording = "vllm_without_done"},
      {.test = "lm_studio",
       .asked = s::lm_studio,
       .url = "http://127.0.0.1:1234/v1",
       .recording = "lm_studio_tool",
       .format = object_schema},
      {.test = "mistral",
       .asked = s::mistral,
       .url = "https://api.mistral.ai/v1",
       .recording = "mistral_thinking_crlf",
       .seed = "random_seed",
       .stream = R"("stream":true,)",
       .name = "",
       .id = "9gD2Dimct",
       .reasoning = ""},
      {.test = "groq",
       .asked = s::groq,
       .url = "https://api.groq.com/openai/v1",
       .recording = "groq_usage_elsewhere",
       .max_tokens = "max_completion_tokens",
       .name = ""},
      {.test = "deepseek",
       .asked = s::deepseek,
       .url = "https://api.deepseek.com",
       .recording = "deepseek_reasoning_tool"},
      {.test = "openrouter",
       .asked = s::openrouter,
       .url = "https://openrouter.ai/api/v1",
       .recording = "openrouter_reasoning_details"},
      {.test = "xai",
       .asked = s::xai,
       .url = "https://api.x.ai/v1",
       .recording = "xai_reasoning",
       .max_tokens = "max_completion_tokens"},
      {.test = "together",
       .asked = s::together,
       .url = "https://api.together.xyz/v1",
       .recording = "together_reasoning"},
      {.test = "fireworks",
       .asked = s::fireworks,
       .url = "https://api.fireworks.ai/inference/v1",
       .recording = "fireworks_usage_last"},
  };
  return rows;
}

chat_request a_conversation() {
  message asked = user_message("Hi");
  asked.name = "ann";
  message called{.role = role::assistant};
  called.parts = {reasoning_part{"Hm.", R"({"openai_reasoning":{"key":"reasoning_content"}})"},
                  tool_call_part{"call_1", "f", "{}"}};
  message result{.role = role::tool};
  result.parts = {tool_result_part{"call_1", "f", "1"}};
  return {.messages = {asked, called, result}};
}

class openai_server : public ::testing::TestWithParam<server_row> {};

TEST_P(openai_server, gets_what_it_takes) {
  const auto& r = GetParam();
  providers::test::canned_transport wire(read_recording(r.recording).body, 200,
                                         "text/event-stream");
  client asked({.model = "m", .server = r.asked, .api_key = "k", .transport = &wire});
  (void)sync_wait(collect(asked.stream(
      a_conversation(), {.max_tokens = 50, .seed = 7, .response_format = json_object_format{}})));
  const auto& sent = wire.sent().at(0);
  EXPECT_EQ(sent.url, r.url + "/chat/completions");
  EXPECT_EQ(http::find_header(sent.headers, "authorization"), "Bearer k");
  EXPECT_EQ(sent.body, R"({"model":"m",)" + r.stream + "\"" + r.max_tokens + R"(":50,")" + r.seed +
                           R"(":7,"response_format":)" + r.format +
                           R"(,"messages":[{"role":"user",)" + r.name +
                           R"("content":"Hi"},{"role":"assistant","content":null,)" + r.reasoning +
                           R"("tool_calls":[{"id":")" + r.id +
                           R"(","type":"function","function":{"name":"f","arguments":"{}"}}]},)" +
                           R"({"role":"tool","tool_call_id":")" + r.id + R"(","content":"1"}]})");
}

INSTANTIATE_TEST_SUITE_P(all, openai_server, ::testing::ValuesIn(server_rows()),
                         [](const auto& r) { return std::string(r.param.test); });

TEST(openai_servers, are_all_in_the_table) {
  EXPECT_EQ(known_servers().size(), server_rows().size());
  for (const auto& known : known_servers()) {
    EXPECT_TRUE(std::ranges::any_of(server_rows(), [&](const server_row& r) {
      return r.asked.name == known.name;
    })) << known.name;
  }
}

TEST(openai_servers, on_the_net_are_known_by_their_host) {
  for (const auto& r : server_rows()) {
    if (!r.url.starts_with("https://")) continue;
    const auto speaks = detail::dialect_of(r.url.substr(8, r.url.find('/', 8) - 8));
    EXPECT_EQ(speaks.max_tokens_key, r.max_tokens) << r.test;
    EXPECT_EQ(speaks.seed_key, r.seed) << r.test;
    EXPECT_EQ(speaks.ids, r.asked.speaks.ids) << r.test;
  }
  EXPECT_EQ(detail::dialect_of("127.0.0.1").formats, json_formats::all);
}

TEST(openai_servers, without_schemas_say_so) {
  const chat_options options{.response_format =
                                 json_schema_format{.name = "x", .schema = json::object{}}};
  try {
    (void)detail::request_body({}, options, "m", s::deepseek.speaks);
    ADD_FAILURE();
  } catch (const usage_error& e) {
    EXPECT_TRUE(std::string(e.what()).contains("response_format")) << e.what();
  }
  EXPECT_NO_THROW((void)detail::request_body({}, options, "m", s::lm_studio.speaks));
}

TEST(openai_servers, that_overlook_a_named_choice_get_that_tool_alone) {
  const json::object nothing{{"type", "object"}};
  const std::vector<tool_definition> tools = {
      {.name = "f", .description = "", .parameters = nothing},
      {.name = "g", .description = "", .parameters = nothing}};
  for (const auto& r : server_rows()) {
    SCOPED_TRACE(r.test);
    const bool overlooks = r.asked.name == "llama-server";
    const auto asked_for = [&](tool_choice choice) {
      return json::parse(detail::request_body({.tools = tools}, {.tool_choice = std::move(choice)},
                                              "m", r.asked.speaks));
    };
    const auto named = asked_for({.name = "g"});
    EXPECT_EQ(named.at("tool_choice").is_object(), !overlooks);
    EXPECT_EQ(named.at("tools").as_array().size(), overlooks ? 1U : 2U);
    EXPECT_EQ(named.at("tools").as_array().back().at_pointer("/function/name"), "g");
    if (overlooks) {
      EXPECT_EQ(named.at("tool_choice"), "required");
    }
    const auto any = asked_for({.mode = tool_mode::required});
    EXPECT_EQ(any.at("tool_choice"), "required");
    EXPECT_EQ(any.at("tools").as_array().size(), 2U);
  }
}

TEST(short_ids, keep_different_ids_different_and_depend_on_what_was_before_only) {
  detail::short_ids ids;
  const std::string first = ids.of("call_1");
  EXPECT_EQ(ids.of("call_1"), first);
  EXPECT_EQ(ids.of("aB3456789"), "aB3456789");
  // An id of the grammar that was given out for another.
  const std::string taken = ids.of(first);
  EXPECT_NE(taken, first);
  EXPECT_EQ(ids.of("call_1"), first);
  EXPECT_EQ(ids.of(first), taken);
  EXPECT_NE(ids.of(""), ids.of("call_2"));
  for (const std::string id : {"", "call_1", "call_2", "with ü"}) {
    const auto& mapped = ids.of(id);
    EXPECT_EQ(mapped.size(), 9U);
    EXPECT_TRUE(std::ranges::all_of(mapped, [](unsigned char c) { return std::isalnum(c); }));
  }
  detail::short_ids again;
  EXPECT_EQ(again.of("call_1"), first);
}

}  // namespace
}  // namespace skein::openai::test
