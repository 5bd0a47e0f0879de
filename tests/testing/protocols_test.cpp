// The protocols of the scripted servers: each library client reads what a script says, scripts see
// the same request in each, and the bytes are those of the providers.
#include <format>
#include <string>
#include <string_view>
#include <vector>

#include <gmock/gmock.h>

#include <skein/async/run.hpp>
#include <skein/async/simulated_runtime.hpp>
#include <skein/testing/scripted_transport.hpp>

#include "testing/peer.hpp"
#include "testing/protocol.hpp"
#include "testing/requests.hpp"
#include "testing/speakers.hpp"

namespace skein::testing {
namespace {

using test::speaker;
using ::testing::ElementsAre;

class protocols : public ::testing::TestWithParam<speaker> {
 protected:
  // What a turn comes to at the other end.
  static chat_response answer_to(const scripted_turn& turn, bool streaming) {
    return ask([turn](const json::value&) { return turn; }, {.messages = {user_message("hi")}},
               {.streaming = streaming});
  }
  static chat_response ask(responder script, const chat_request& request,
                           const chat_options& options = {}) {
    scripted_transport through(std::move(script));
    const auto client = GetParam().client(through);
    simulated_runtime rt(1);
    return sync_wait(rt, collect(client->stream(request, options)));
  }
};
INSTANTIATE_TEST_SUITE_P(testing, protocols, ::testing::ValuesIn(test::speakers),
                         ::testing::PrintToStringParamName());

std::string told(const message& m) {
  std::string all;
  for (const auto& p : m.parts) {
    if (const auto* text = std::get_if<text_part>(&p)) all += "text " + text->text + '\n';
    const auto* thought = std::get_if<reasoning_part>(&p);
    if (thought && !thought->text.empty()) all += "thought " + thought->text + '\n';
    if (const auto* call = std::get_if<tool_call_part>(&p)) {
      all += std::format("call {} {} {}\n", call->id, call->name, call->arguments);
    }
  }
  return all;
}

TEST_P(protocols, what_a_script_says_arrives) {
  scripted_turn turn{.text = "Two “calls”:",
                     .reasoning = "Hm, let me see.",
                     .calls = {{"a", "f", R"({"x":[1,"é"]})"}, {"b", "g", R"({"y":2})"}},
                     .chunk_size = 3};
  turn.usage = {.input = 100, .output = 20, .cache_read = 30, .cache_write = {}, .reasoning = 8};
  for (const bool streaming : {true, false}) {
    const auto answer = answer_to(turn, streaming);
    EXPECT_EQ(told(answer.message),
              "thought Hm, let me see.\n"
              "text Two “calls”:\n"
              "call a f {\"x\":[1,\"é\"]}\n"
              "call b g {\"y\":2}\n");
    EXPECT_EQ(answer.model, "demo-model");
    EXPECT_EQ(answer.usage.input, 100);
    EXPECT_EQ(answer.usage.output, 20);
    if (GetParam().name == std::string("Ollama")) continue;  // counts nothing else
    EXPECT_EQ(answer.usage.cache_read, 30);
    EXPECT_EQ(answer.usage.reasoning, 8);
  }
}

TEST_P(protocols, reasons_to_stop_arrive) {
  for (const bool streaming : {true, false}) {
    EXPECT_EQ(answer_to({.text = "Hi"}, streaming).finish, finish_reason::stop);
    EXPECT_EQ(answer_to({.text = "Hi", .finish = "length"}, streaming).finish,
              finish_reason::length);
    if (GetParam().name == std::string("Ollama")) continue;  // has no filter
    EXPECT_EQ(answer_to({.text = "Hi", .finish = "content_filter"}, streaming).finish,
              finish_reason::content_filter);
  }
}

TEST_P(protocols, scripts_see_the_same_request) {
  const chat_request request{
      .instructions = "You are terse.",
      .messages = {user_message("add"),
                   {.role = role::assistant,
                    .parts = {text_part{"I add."},
                              tool_call_part{.id = "a", .name = "add", .arguments = "{}"},
                              tool_call_part{.id = "b", .name = "now", .arguments = "{}"}}},
                   {.role = role::tool,
                    .parts = {tool_result_part{.call_id = "a", .name = "add", .content = "42"},
                              tool_result_part{.call_id = "b", .name = "now", .content = "12"}}}},
      .tools = {
          {.name = "add", .description = "Adds", .parameters = json::object{{"type", "object"}}}}};
  json::value seen;
  const auto see = [&](const json::value& r) {
    seen = r;
    return scripted_turn{.text = "Hi"};
  };
  (void)ask(see, request);
  EXPECT_EQ(model_in(seen), "demo-model");
  EXPECT_EQ(system_text(seen), "You are terse.");
  EXPECT_EQ(last_user_text(seen), "add");
  EXPECT_EQ(assistant_messages(seen), 1U);
  EXPECT_EQ(assistant_messages_since_user(seen), 1U);
  EXPECT_TRUE(tool_result_since_user(seen));
  EXPECT_TRUE(tool_offered(seen, "add"));
  EXPECT_FALSE(tool_offered(seen, "now"));
  std::vector<std::string_view> roles;
  for (const auto& message : messages_in(seen)) roles.push_back(role_of(message));
  EXPECT_THAT(roles, ElementsAre("system", "user", "assistant", "tool", "tool"));
  const auto& said = messages_in(seen)[2];
  EXPECT_EQ(text_of(said), "I add.");
  ASSERT_EQ(array_in(said, "tool_calls").size(), 2U);
  EXPECT_EQ(array_in(said, "tool_calls")[1].at("function").at("name"), "now");
  EXPECT_TRUE(text_of(messages_in(seen)[3]).contains("42"));
}

// ---- The bytes

std::vector<std::string> stream_of(const protocol& spoken, const scripted_turn& turn) {
  return events_of(spoken, json::parse(R"({"model":"m","stream":true,"messages":[]})"), turn);
}
const scripted_turn golden_turn{
    .chunks = {"Hi", "!"}, .calls = {{"c1", "f", R"({"x":1})"}}, .id = "i"};

TEST(protocol_bytes, of_anthropic) {
  EXPECT_THAT(
      stream_of(anthropic_messages, golden_turn),
      ElementsAre(
          "event: message_start\n"
          R"(data: {"type":"message_start","message":{"model":"m","id":"i","type":"message","role":"assistant","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":10,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":1}}})"
          "\n\n",
          "event: content_block_start\n"
          R"(data: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}})"
          "\n\n",
          "event: ping\ndata: {\"type\":\"ping\"}\n\n",
          "event: content_block_delta\n"
          R"(data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Hi"}})"
          "\n\n",
          "event: content_block_delta\n"
          R"(data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"!"}})"
          "\n\n",
          "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\n",
          "event: content_block_start\n"
          R"(data: {"type":"content_block_start","index":1,"content_block":{"type":"tool_use","id":"c1","name":"f","input":{}}})"
          "\n\n",
          "event: content_block_delta\n"
          R"(data: {"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":""}})"
          "\n\n",
          "event: content_block_delta\n"
          R"(data: {"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":"{\"x\":1}"}})"
          "\n\n",
          "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":1}\n\n",
          "event: message_delta\n"
          R"(data: {"type":"message_delta","delta":{"stop_reason":"tool_use","stop_sequence":null},"usage":{"input_tokens":10,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":5}})"
          "\n\n",
          "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n"));
}

TEST(protocol_bytes, of_gemini) {
  EXPECT_THAT(
      stream_of(gemini_stream, golden_turn),
      ElementsAre(
          R"(data: {"candidates":[{"content":{"parts":[{"text":"Hi"}],"role":"model"},"index":0}],"usageMetadata":{"promptTokenCount":10,"totalTokenCount":10},"modelVersion":"m","responseId":"i"})"
          "\n\n",
          R"(data: {"candidates":[{"content":{"parts":[{"text":"!"}],"role":"model"},"index":0}],"usageMetadata":{"promptTokenCount":10,"totalTokenCount":10},"modelVersion":"m","responseId":"i"})"
          "\n\n",
          R"(data: {"candidates":[{"content":{"parts":[{"functionCall":{"name":"f","args":{"x":1},"id":"c1"},"thoughtSignature":"c2tlaW4="}],"role":"model"},"index":0}],"usageMetadata":{"promptTokenCount":10,"totalTokenCount":10},"modelVersion":"m","responseId":"i"})"
          "\n\n",
          R"(data: {"candidates":[{"content":{"parts":[{"text":""}],"role":"model"},"finishReason":"STOP","index":0}],"usageMetadata":{"promptTokenCount":10,"candidatesTokenCount":5,"totalTokenCount":15},"modelVersion":"m","responseId":"i"})"
          "\n\n"));
}

TEST(protocol_bytes, of_ollama) {
  EXPECT_THAT(
      stream_of(ollama_chat, golden_turn),
      ElementsAre(
          R"({"model":"m","created_at":"2023-11-14T22:13:20Z","message":{"role":"assistant","content":"Hi"},"done":false})"
          "\n",
          R"({"model":"m","created_at":"2023-11-14T22:13:20Z","message":{"role":"assistant","content":"!"},"done":false})"
          "\n",
          R"({"model":"m","created_at":"2023-11-14T22:13:20Z","message":{"role":"assistant","content":"","tool_calls":[{"id":"c1","function":{"index":0,"name":"f","arguments":{"x":1}}}]},"done":false})"
          "\n",
          R"({"model":"m","created_at":"2023-11-14T22:13:20Z","message":{"role":"assistant","content":""},"done":true,"done_reason":"stop","total_duration":182242375,"load_duration":41295167,"prompt_eval_count":10,"prompt_eval_duration":24573166,"eval_count":5,"eval_duration":115959084})"
          "\n"));
}

TEST(protocol_bytes, of_responses) {
  const auto events = stream_of(openai_responses, golden_turn);
  std::vector<std::string> names;
  for (std::size_t i = 0; i < events.size(); ++i) {
    names.push_back(events[i].substr(16, events[i].find('\n') - 16));  // event: response.NAME
    const auto data = json::parse(std::string_view(events[i]).substr(events[i].find('{')));
    EXPECT_EQ(data.at("sequence_number").to_number<std::size_t>(), i);
  }
  EXPECT_THAT(names, ElementsAre("created", "in_progress", "output_item.added",
                                 "content_part.added", "output_text.delta", "output_text.delta",
                                 "output_text.done", "content_part.done", "output_item.done",
                                 "output_item.added", "function_call_arguments.delta",
                                 "function_call_arguments.done", "output_item.done", "completed"));
  EXPECT_EQ(
      events[4],
      "event: response.output_text.delta\n"
      R"(data: {"type":"response.output_text.delta","sequence_number":4,"item_id":"msg_i_0","output_index":0,"content_index":0,"delta":"Hi","logprobs":[],"obfuscation":"kX3w7Qp1"})"
      "\n\n");
  EXPECT_EQ(
      events[13],
      "event: response.completed\n"
      R"(data: {"type":"response.completed","sequence_number":13,"response":{"id":"i","object":"response","created_at":1700000000,"status":"completed","background":false,"error":null,"incomplete_details":null,"model":"m","output":[{"id":"msg_i_0","type":"message","status":"completed","content":[{"type":"output_text","annotations":[],"logprobs":[],"text":"Hi!"}],"role":"assistant"},{"id":"fc_i_1","type":"function_call","status":"completed","arguments":"{\"x\":1}","call_id":"c1","name":"f"}],"previous_response_id":null,"usage":{"input_tokens":10,"input_tokens_details":{"cached_tokens":0},"output_tokens":5,"output_tokens_details":{"reasoning_tokens":0},"total_tokens":15}}})"
      "\n\n");
}

TEST(protocol_bytes, are_chosen_by_the_path) {
  model_server server(turns({{.text = "Hi"}}), {.require_key = "k"});
  peer client(server);
  const struct {
    std::string_view path, key, body, type, begin, refusal;
  } cases[]{
      {"/v1/responses", "Authorization: Bearer k", R"({"model":"m","input":"hi","stream":true})",
       "text/event-stream; charset=utf-8", "event: response.created\n",
       R"({"error":{"message":"We could not parse)"},
      {"/v1/messages", "x-api-key: k", R"({"model":"m","messages":[],"stream":true})",
       "text/event-stream; charset=utf-8", "event: message_start\n",
       R"({"type":"error","error":{"type":"invalid_request_error","message":")"},
      {"/v1beta/models/m:streamGenerateContent?alt=sse", "x-goog-api-key: k",
       R"({"contents":[{"role":"user","parts":[{"text":"hi"}]}]})", "text/event-stream",
       "data: {\"candidates\":", R"({"error":{"code":400,"message":")"},
      {"/v1beta/models/m:generateContent", "x-goog-api-key: k", R"({"contents":[]})",
       "application/json", "{\"candidates\":", R"({"error":{"code":400,"message":")"},
      {"/api/chat", "Authorization: Bearer k", R"({"model":"m","messages":[]})",
       "application/x-ndjson", "{\"model\":\"m\",", R"({"error":"We could not parse)"},
      {"/api/chat", "Authorization: Bearer k", R"({"model":"m","messages":[],"stream":false})",
       "application/json", "{\"model\":\"m\",", R"({"error":"We could not parse)"}};
  for (const auto& c : cases) {
    SCOPED_TRACE(c.path);
    const auto key = std::string(c.key) + "\r\n";
    client.send(post(std::string(c.body), key, std::string(c.path)));
    auto seen = read_answer(client);
    EXPECT_EQ(seen.status, 200);
    EXPECT_TRUE(seen.head.contains(std::format("\r\nContent-Type: {}\r\n", c.type))) << seen.head;
    EXPECT_TRUE(seen.body.starts_with(c.begin)) << seen.body;
    client.send(post("{", key, std::string(c.path)));
    seen = read_answer(client);
    EXPECT_EQ(seen.status, 400);
    EXPECT_TRUE(seen.body.starts_with(c.refusal)) << seen.body;
    client.send(post("{}", key, std::string(c.path)));
    EXPECT_EQ(read_answer(client).status, 400);
    client.send(post(std::string(c.body), "x-api-key: wrong\r\n", std::string(c.path)));
    EXPECT_EQ(read_answer(client).status, 401);
  }
}

}  // namespace
}  // namespace skein::testing
