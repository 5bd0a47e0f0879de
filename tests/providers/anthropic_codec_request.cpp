// The request body: every option and part, in a stable order.
#include <set>

#include <gtest/gtest.h>

#include "anthropic_codec.hpp"
#include "providers/anthropic/call_ids.hpp"
#include "providers/anthropic/output_schema.hpp"

namespace skein::anthropic::test {
namespace {

const std::string request_head = R"({"model":"m","max_tokens":16384,"messages":)";

std::string messages_of(const std::vector<message>& messages) {
  const std::string body = body_of(messages, {.streaming = false});
  return providers::test::after_head(request_head, body);
}

std::string message_of(const char* role, const std::string& blocks) {
  return std::string(R"({"role":")") + role + R"(","content":[)" + blocks + "]}";
}
std::string text_of(const std::string& text) {
  return R"({"type":"text","text":")" + text + R"("})";
}

TEST(anthropic_request, sends_nothing_that_is_not_set_but_max_tokens) {
  EXPECT_EQ(body_of({user_message("hi")}),
            R"({"model":"m","max_tokens":16384,"stream":true,"messages":[)"
            R"({"role":"user","content":[{"type":"text","text":"hi"}]}]})");
  EXPECT_EQ(body_of({}, {.streaming = false}), request_head + "[]}");
}

TEST(anthropic_request, sends_every_option_that_the_api_has) {
  chat_options options = providers::test::sampling_options();
  options.logit_bias = {{"1", 0.5}};
  options.logprobs = false;
  options.reasoning_effort = "low";
  options.verbosity = "high";
  options.service_tier = "standard_only";
  options.user = "u";
  options.store = false;
  options.metadata = {{"b", "2"}};
  options.tool_choice = tool_choice{.mode = tool_mode::required};
  options.parallel_tool_calls = false;
  options.response_format =
      json_schema_format{.name = "city", .schema = json::object{{"type", "string"}}};
  options.conversation_id = "not sent";
  EXPECT_EQ(
      body_of({}, options, {{.name = "f", .description = ""}}),
      R"({"model":"m","max_tokens":100,"stream":true,"temperature":0.7,"top_p":1,"top_k":40,)"
      R"("stop_sequences":["\n","END"],"service_tier":"standard_only","metadata":{"user_id":"u"},)"
      R"("thinking":{"type":"adaptive"},)"
      R"("output_config":{"effort":"low","format":{"type":"json_schema","schema":{"type":"string"}}},)"
      R"("tool_choice":{"type":"any","disable_parallel_tool_use":true},)"
      R"("tools":[{"name":"f","input_schema":{"type":"object","properties":{}}}],"messages":[]})");
}

TEST(anthropic_request, refuses_what_would_change_the_answer_unsaid) {
  const auto refused = [](const chat_options& options) {
    try {
      (void)body_of({}, options);
    } catch (const usage_error& e) {
      return std::string(e.what());
    }
    return std::string();
  };
  EXPECT_TRUE(refused({.response_format = json_object_format{}}).contains("response_format"));
  EXPECT_TRUE(refused({.logprobs = true}).contains("logprobs"));
  EXPECT_TRUE(refused({.top_logprobs = 2}).contains("logprobs"));
  for (const auto kind : {media_kind::audio, media_kind::video}) {
    EXPECT_THROW((void)body_of({{.parts = {media_part{.kind = kind, .bytes = "b"}}}}), usage_error);
  }
}

TEST(anthropic_request, says_how_much_to_think) {
  const auto members = [](const char* effort) {
    const std::string body = body_of({}, {.reasoning_effort = effort, .streaming = false});
    const std::string head = R"({"model":"m","max_tokens":16384,)";
    return body.substr(head.size(), body.find(",\"messages\"") - head.size());
  };
  EXPECT_EQ(members("none"), R"("thinking":{"type":"disabled"})");
  EXPECT_EQ(members("minimal"),
            R"("thinking":{"type":"adaptive"},"output_config":{"effort":"low"})");
  EXPECT_EQ(members("xhigh"),
            R"("thinking":{"type":"adaptive"},"output_config":{"effort":"xhigh"})");
}

TEST(anthropic_request, chooses_tools) {
  struct row {
    chat_options options;
    std::string sent;
  };
  using enum tool_mode;
  for (const auto& r :
       std::vector<row>{{{}, ""},
                        {{.parallel_tool_calls = true}, ""},
                        {{.parallel_tool_calls = false},
                         R"("tool_choice":{"type":"auto","disable_parallel_tool_use":true},)"},
                        {{.tool_choice = tool_choice{}, .parallel_tool_calls = true},
                         R"("tool_choice":{"type":"auto"},)"},
                        {{.tool_choice = tool_choice{.mode = none}, .parallel_tool_calls = false},
                         R"("tool_choice":{"type":"none"},)"},
                        {{.tool_choice = tool_choice{.mode = required, .name = "f"}},
                         R"("tool_choice":{"type":"tool","name":"f"},)"}}) {
    auto options = r.options;
    options.streaming = false;
    EXPECT_EQ(body_of({}, options, {{.name = "f", .description = "d"}}),
              R"({"model":"m","max_tokens":16384,)" + r.sent +
                  R"("tools":[{"name":"f","description":"d","input_schema":)"
                  R"({"type":"object","properties":{}}}],"messages":[]})");
    EXPECT_EQ(body_of({}, options), request_head + "[]}");
  }
}

TEST(anthropic_request, merges_extra_members_last) {
  const chat_options options{
      .reasoning_effort = "high",
      .extra_body =
          json::parse(
              R"({"thinking":{"type":"enabled","budget_tokens":2048},"max_tokens":1,"x":[1],"tools":[{"type":"web_search_20250305","name":"web_search"}]})")
              .as_object()};
  EXPECT_EQ(
      body_of({user_message("hi")}, options, {{.name = "f", .description = ""}}),
      R"({"model":"m","max_tokens":1,"stream":true,"thinking":{"type":"enabled","budget_tokens":2048},)"
      R"("output_config":{"effort":"high"},"x":[1],"tools":[{"type":"web_search_20250305","name":"web_search"}],)"
      R"("messages":[{"role":"user","content":[{"type":"text","text":"hi"}]}]})");
}

TEST(anthropic_request, marks_where_the_cache_ends) {
  const cache_points cache{.tools = cache_ttl::one_hour,
                           .system = cache_ttl::one_hour,
                           .history = cache_ttl::five_minutes};
  const chat_request request{
      .instructions = "a",
      .messages = {system_message("b"), user_message("c")},
      .tools = {{.name = "f", .description = ""}, {.name = "g", .description = ""}}};
  EXPECT_EQ(
      detail::request_body(request, {.streaming = false}, "m", cache),
      R"({"model":"m","max_tokens":16384,"cache_control":{"type":"ephemeral","ttl":"5m"},)"
      R"("tools":[{"name":"f","input_schema":{"type":"object","properties":{}}},)"
      R"({"name":"g","input_schema":{"type":"object","properties":{}},"cache_control":{"type":"ephemeral","ttl":"1h"}}],)"
      R"("system":[{"type":"text","text":"a"},{"type":"text","text":"b","cache_control":{"type":"ephemeral","ttl":"1h"}}],)"
      R"("messages":[{"role":"user","content":[{"type":"text","text":"c"}]}]})");
}

TEST(anthropic_request, sends_all_system_messages_as_system) {
  EXPECT_EQ(detail::request_body({.instructions = "i",
                                  .messages = {system_message("s"), user_message("u"),
                                               system_message(" "), system_message("t")}},
                                 {.streaming = false}, "m", {}),
            R"({"model":"m","max_tokens":16384,"system":[)" + text_of("i") + "," + text_of("s") +
                "," + text_of("t") + R"(],"messages":[)" + message_of("user", text_of("u")) + "]}");
}

TEST(anthropic_request, merges_messages_of_one_role_and_leaves_out_blank_ones) {
  EXPECT_EQ(messages_of({user_message("a"),
                         {.role = role::user, .parts = {text_part{"b"}}, .name = "Ann"},
                         assistant_message(" \n"),
                         user_message("c"),
                         assistant_message("d"),
                         {.role = role::assistant},
                         assistant_message("e")}),
            "[" + message_of("user", text_of("a") + "," + text_of("b") + "," + text_of("c")) + "," +
                message_of("assistant", text_of("d") + "," + text_of("e")) + "]");
}

TEST(anthropic_request, sends_calls_and_their_results) {
  const message calls{
      .role = role::assistant,
      .parts = {tool_call_part{"1", "f", R"({"a": 1})"}, tool_call_part{"2", "g", " "},
                tool_call_part{"3", "h", R"({"a":)"},
                tool_call_part{"4", "i", "null", R"({"openai_reasoning":{"caller":1}})"}}};
  const message results{.role = role::tool,
                        .parts = {tool_result_part{"1", "f", "r1"},
                                  tool_result_part{"2", "g", "no", tool_outcome::error},
                                  tool_result_part{"3", "h", ""},
                                  tool_result_part{"4", "i", "", tool_outcome::error}}};
  EXPECT_EQ(
      messages_of({calls, results}),
      "[" +
          message_of(
              "assistant",
              R"({"type":"tool_use","id":"1","name":"f","input":{"a": 1}},)"
              R"({"type":"tool_use","id":"2","name":"g","input":{}},)"
              R"({"type":"tool_use","id":"3","name":"h","input":{"invalid_json":"{\"a\":"}},)"
              R"({"type":"tool_use","id":"4","name":"i","input":{"invalid_json":"null"}})") +
          "," +
          message_of(
              "user",
              R"({"type":"tool_result","tool_use_id":"1","content":"r1"},)"
              R"({"type":"tool_result","tool_use_id":"2","content":"no","is_error":true},)"
              R"({"type":"tool_result","tool_use_id":"3","content":""},)"
              R"({"type":"tool_result","tool_use_id":"4","content":"The tool failed.","is_error":true})") +
          "]");
}

TEST(anthropic_request, sends_all_results_of_a_turn_first_in_one_message) {
  const auto result = [](const char* id) { return tool_result_part{id, "f", "r"}; };
  const auto sent = [](const char* id) {
    return R"({"type":"tool_result","tool_use_id":")" + std::string(id) + R"(","content":"r"})";
  };
  EXPECT_EQ(
      messages_of({{.role = role::assistant,
                    .parts = {tool_call_part{"1", "f", "{}"}, tool_call_part{"2", "f", "{}"}}},
                   {.role = role::tool, .parts = {text_part{"see"}, result("1")}},
                   {.role = role::tool,
                    .parts = {result("2"),
                              media_part{.kind = media_kind::image, .uri = "https://e.org/a"}}},
                   user_message("so?")}),
      "[" +
          message_of("assistant", R"({"type":"tool_use","id":"1","name":"f","input":{}},)"
                                  R"({"type":"tool_use","id":"2","name":"f","input":{}})") +
          "," +
          message_of("user",
                     sent("1") + "," + sent("2") + "," + text_of("see") +
                         R"(,{"type":"image","source":{"type":"url","url":"https://e.org/a"}},)" +
                         text_of("so?")) +
          "]");
}

TEST(anthropic_request, sends_every_kind_of_media) {
  struct row {
    media_part media;
    std::string sent;
  };
  using enum media_kind;
  for (
      const auto& r : std::vector<row>{
          {{.kind = image, .media_type = "image/jpeg", .bytes = "\xFF\xD8\xFF"},
           R"({"type":"image","source":{"type":"base64","media_type":"image/jpeg","data":"/9j/"}})"},
          {{.kind = image, .bytes = "a"},
           R"({"type":"image","source":{"type":"base64","media_type":"image/png","data":"YQ=="}})"},
          {{.kind = image, .uri = "data:image/gif;base64,YQ=="},
           R"({"type":"image","source":{"type":"base64","media_type":"image/gif","data":"YQ=="}})"},
          {{.kind = image, .uri = "https://e.org/a.png"},
           R"({"type":"image","source":{"type":"url","url":"https://e.org/a.png"}})"},
          {{.kind = image, .uri = "file_011CNha8iCJcU1wXNR6q4V8w"},
           R"({"type":"image","source":{"type":"file","file_id":"file_011CNha8iCJcU1wXNR6q4V8w"}})"},
          {{.kind = file, .media_type = "image/webp", .bytes = "a", .name = "a.webp"},
           R"({"type":"image","source":{"type":"base64","media_type":"image/webp","data":"YQ=="}})"},
          {{.kind = file, .bytes = "a", .name = "a.pdf"},
           R"({"type":"document","source":{"type":"base64","media_type":"application/pdf","data":"YQ=="},"title":"a.pdf"})"},
          {{.kind = file, .media_type = "text/csv", .bytes = "a,b"},
           R"({"type":"document","source":{"type":"text","media_type":"text/plain","data":"a,b"}})"},
          {{.kind = file, .uri = "https://e.org/a.pdf"},
           R"({"type":"document","source":{"type":"url","url":"https://e.org/a.pdf"}})"}}) {
    EXPECT_EQ(messages_of({{.parts = {r.media}}}), "[" + message_of("user", r.sent) + "]");
    EXPECT_EQ(messages_of({{.role = role::assistant, .parts = {r.media}}}), "[]");
  }
}

TEST(anthropic_request, sends_reasoning_and_raw_parts_of_its_own_only) {
  const std::vector<part> parts = {
      reasoning_part{"r", R"({"anthropic":{"signature":"s"}})"},
      reasoning_part{"", R"({"anthropic":{"data":"d"}})"},
      reasoning_part{"plain"},
      reasoning_part{"other", R"({"openai_reasoning":{"key":"reasoning"}})"},
      reasoning_part{"broken", R"({"anthropic":)"},
      reasoning_part{"odd", R"({"anthropic":7})"},
      reasoning_part{"empty", R"({"anthropic":{}})"},
      raw_part{"anthropic", json::parse(R"({"type":"x","y":1})")},
      raw_part{"anthropic", "no object"},
      raw_part{"openai", json::parse(R"({"type":"z"})")},
      error_part{"refusal", "no"},
      error_part{"e", "x"},
      text_part{"t"}};
  EXPECT_EQ(messages_of({{.role = role::assistant, .parts = parts}}),
            "[" +
                message_of("assistant", R"({"type":"thinking","thinking":"r","signature":"s"},)"
                                        R"({"type":"redacted_thinking","data":"d"},)"
                                        R"({"type":"x","y":1},)" +
                                            text_of("no") + "," + text_of("t")) +
                "]");
}

TEST(anthropic_request, is_always_valid_utf8) {
  EXPECT_EQ(messages_of({user_message("a\xFF")}),
            "[" + message_of("user", text_of("a\xEF\xBF\xBD")) + "]");
}

// ---- Ids

TEST(anthropic_call_ids, of_other_providers_fit_the_grammar_and_stay_different) {
  const std::vector<std::string> ids = {"toolu_01A",   "call-1_x", "",    "a.b",           "a_2eb",
                                        "skein_a_2eb", "skein_",   "a:b", "functions.f:0", "ü",
                                        "skein_a",     "_",        "a b", "skein_a_2eb_n2"};
  std::set<std::string> sent;
  for (const auto& id : ids) {
    const std::string wire = detail::wire_id(id);
    EXPECT_FALSE(wire.empty());
    EXPECT_EQ(
        wire.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-"),
        std::string::npos)
        << wire;
    EXPECT_EQ(wire, detail::wire_id(id));
    sent.insert(wire);
  }
  EXPECT_EQ(sent.size(), ids.size());
  EXPECT_EQ(detail::wire_id("toolu_01A"), "toolu_01A");
  EXPECT_EQ(detail::wire_id("functions.f:0"), "skein_functions_2ef_3a0");
}

TEST(anthropic_call_ids, given_twice_are_told_apart_turn_by_turn) {
  const auto turn = [](std::string id) {
    return std::vector<message>{{.role = role::assistant, .parts = {tool_call_part{id, "f", "{}"}}},
                                {.role = role::tool, .parts = {tool_result_part{id, "f", "r"}}}};
  };
  std::vector<message> all = turn("call_0");
  for (const auto& m : turn("call_0")) all.push_back(m);
  const auto sent = json::parse(messages_of(all)).as_array();
  const auto id_of = [&](std::size_t at, const char* key) {
    return sent.at(at).at("content").at(0).at(key).as_string();
  };
  EXPECT_EQ(id_of(0, "id"), "call_0");
  EXPECT_EQ(id_of(1, "tool_use_id"), "call_0");
  EXPECT_EQ(id_of(2, "id"), "skein_call_5f0_n2");
  EXPECT_EQ(id_of(3, "tool_use_id"), "skein_call_5f0_n2");
}

// ---- Schemas

TEST(anthropic_schema, is_sent_as_it_is_where_the_subset_has_it) {
  const auto schema = json::parse(
      R"({"type":"object","properties":{"a":{"type":"string","format":"date","enum":["x"]},)"
      R"("b":{"type":"array","items":{"$ref":"#/$defs/c"},"minItems":1}},"required":["a"],)"
      R"("additionalProperties":false,"$defs":{"c":{"anyOf":[{"type":"null"},{"type":"integer"}]}}})");
  const auto lowered = detail::lower_schema(schema);
  EXPECT_EQ(lowered.schema, schema);
  EXPECT_TRUE(lowered.dropped.empty());
}

TEST(anthropic_schema, closes_objects_and_says_what_it_drops) {
  const auto lowered = detail::lower_schema(json::parse(
      R"({"type":"object","description":"D","minProperties":1,"properties":{)"
      R"("minimum":{"type":"integer","minimum":1,"maximum":9},)"
      R"("s":{"type":"string","format":"regex","oneOf":[{"const":"a"},{"minLength":2}]},)"
      R"("m":{"type":["object","null"],"additionalProperties":{"type":"string"}},)"
      R"("l":{"type":"array","minItems":2,"items":true}}})"));
  EXPECT_EQ(
      json::serialize(lowered.schema),
      R"({"type":"object","description":"D\n\n{\"minProperties\":1}","properties":{)"
      R"("minimum":{"type":"integer","description":"{\"minimum\":1,\"maximum\":9}"},)"
      R"("s":{"type":"string","anyOf":[{"const":"a"},{"description":"{\"minLength\":2}"}],"description":"{\"format\":\"regex\"}"},)"
      R"("m":{"type":["object","null"],"additionalProperties":false,"description":"{\"additionalProperties\":{\"type\":\"string\"}}"},)"
      R"("l":{"type":"array","items":true,"description":"{\"minItems\":2}"}},"additionalProperties":false})");
  EXPECT_EQ(lowered.dropped,
            (std::vector<std::string>{
                "$.minProperties", "$.properties.minimum.minimum", "$.properties.minimum.maximum",
                "$.properties.s.format", "$.properties.s.oneOf[1].minLength",
                "$.properties.m.additionalProperties", "$.properties.l.minItems"}));
}

// ---- Stability

TEST(anthropic_request, of_a_growing_conversation_only_grows) {
  const std::vector<message> all = {
      user_message("u"),
      {.role = role::assistant,
       .parts = {reasoning_part{"r", R"({"anthropic":{"signature":"s"}})"},
                 tool_call_part{"a.1", "f", "{}"}}},
      {.role = role::tool, .parts = {tool_result_part{"a.1", "f", "x"}}},
      {.role = role::assistant, .parts = {tool_call_part{"a.1", "f", "{"}}},
      {.role = role::tool, .parts = {tool_result_part{"a.1", "f", "x"}}},
      user_message("v"),
      assistant_message("w"),
      {.parts = {media_part{.kind = media_kind::image, .bytes = "b"}}}};
  const cache_points cache{.system = cache_ttl::one_hour, .history = cache_ttl::one_hour};
  std::string before;
  for (std::size_t n = 0; n <= all.size(); ++n) {
    const std::vector<message> some(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(n));
    const std::string body = body_of(some, {}, {{.name = "f", .description = "d"}}, cache);
    EXPECT_EQ(body, body_of(some, {}, {{.name = "f", .description = "d"}}, cache));
    std::string open = before;
    while (open.ends_with(']') || open.ends_with('}')) {
      if (body.starts_with(open)) break;
      open.pop_back();
    }
    EXPECT_TRUE(body.starts_with(open)) << open << "\n" << body;
    EXPECT_LE(before.size() - open.size(), 4U) << open;
    before = body;
  }
}

}  // namespace
}  // namespace skein::anthropic::test
