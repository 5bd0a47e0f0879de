// An answer of 1000 text deltas as each provider sends it, from bytes in pieces of 4 KB to updates:
// framing, decoder and exchange as in production, without sockets. `per_delta` is CPU time, `bytes`
// what a delta is on the wire; names are those of client_named. bench/instructions counts
// instructions, which other work on the machine does not change.
#include <cstddef>
#include <format>
#include <memory>
#include <string>
#include <string_view>

#include <benchmark/benchmark.h>

#include <skein/async/run.hpp>
#include <skein/async/stream.hpp>
#include <skein/async/task.hpp>
#include <skein/http/transport.hpp>

#include "providers/anthropic/messages.hpp"
#include "providers/common/exchange.hpp"
#include "providers/gemini/generate_content.hpp"
#include "providers/ollama/chat.hpp"
#include "providers/openai/chat_completions.hpp"
#include "providers/openai/responses.hpp"

namespace {

using benchmark::Counter;
using benchmark::State;
using skein::providers::framing;

constexpr std::size_t deltas = 1000;

// ---- What the servers send, with every member that they send, and their spaces

struct openai_chat {
  using decoder = skein::openai::detail::stream_decoder;
  static constexpr framing frames = framing::server_sent_events;
  static std::string chunk(std::string_view choices, std::string_view usage) {
    return std::format(
        R"(data: {{"id":"chatcmpl-CsQ7fJ2kVx0mB9nTzRwL4yHdEaU1P","object":"chat.completion.chunk",)"
        R"("created":1767225600,"model":"gpt-5-mini-2025-08-07","service_tier":"default",)"
        R"("system_fingerprint":null,"choices":[{}],"usage":{},"obfuscation":"kX3w7Qp1Zb"}})"
        "\n\n",
        choices, usage);
  }
  static std::string begin() {
    return chunk(R"({"index":0,"delta":{"role":"assistant","content":"","refusal":null},)"
                 R"("finish_reason":null})",
                 "null");
  }
  static std::string delta(std::size_t) {
    return chunk(R"({"index":0,"delta":{"content":" token"},"finish_reason":null})", "null");
  }
  static std::string end() {
    return chunk(R"({"index":0,"delta":{},"finish_reason":"stop"})", "null") +
           chunk("", R"({"prompt_tokens":12,"completion_tokens":1000,"total_tokens":1012,)"
                     R"("prompt_tokens_details":{"cached_tokens":0,"audio_tokens":0},)"
                     R"("completion_tokens_details":{"reasoning_tokens":0,"audio_tokens":0,)"
                     R"("accepted_prediction_tokens":0,"rejected_prediction_tokens":0}})") +
           "data: [DONE]\n\n";
  }
};

struct openai_responses {
  using decoder = skein::openai::detail::responses_decoder;
  static constexpr framing frames = framing::server_sent_events;
  static constexpr std::string_view item = "msg_68b5ebae5a708196b74b94f22ca8995e0698ecbf1b9f2704";

  static std::string event(std::string_view type, std::size_t number, std::string_view members) {
    return std::format(
        "event: response.{0}\ndata: {{\"type\":\"response.{0}\","
        "\"sequence_number\":{1},{2}}}\n\n",
        type, number, members);
  }
  static std::string response(std::string_view status, std::string_view output,
                              std::string_view usage) {
    return std::format(
        R"("response":{{"id":"resp_0014c1f7a9b3e5d20688fd1a7c2b4e6098d5f3a1c7b9e2d",)"
        R"("object":"response","created_at":1767225600,"status":"{}","background":false,)"
        R"("error":null,"incomplete_details":null,"instructions":null,"max_output_tokens":null,)"
        R"("model":"gpt-5-mini-2025-08-07","output":[{}],"parallel_tool_calls":true,)"
        R"("previous_response_id":null,"reasoning":{{"effort":"medium","summary":null}},)"
        R"("service_tier":"auto","store":true,"temperature":1.0,)"
        R"("text":{{"format":{{"type":"text"}},"verbosity":"medium"}},"tool_choice":"auto",)"
        R"("tools":[],"top_p":1.0,"truncation":"disabled","usage":{},"user":null,)"
        R"("metadata":{{}}}})",
        status, output, usage);
  }
  static std::string part(std::string_view text) {
    return std::format(R"({{"type":"output_text","annotations":[],"logprobs":[],"text":"{}"}})",
                       text);
  }
  static std::string message(std::string_view status, std::string_view content) {
    return std::format(
        R"({{"id":"{}","type":"message","status":"{}","content":[{}],"role":"assistant"}})", item,
        status, content);
  }
  static std::string place() {
    return std::format(R"("item_id":"{}","output_index":0,"content_index":0,)", item);
  }
  static std::string begin() {
    return event("created", 0, response("in_progress", "", "null")) +
           event("in_progress", 1, response("in_progress", "", "null")) +
           event("output_item.added", 2,
                 R"("output_index":0,"item":)" + message("in_progress", "")) +
           event("content_part.added", 3, place() + R"("part":)" + part(""));
  }
  static std::string delta(std::size_t i) {
    return event("output_text.delta", 4 + i,
                 place() + R"("delta":" token","logprobs":[],"obfuscation":"kX3w7Qp1Zb")");
  }
  static std::string end() {
    std::string text;
    for (std::size_t i = 0; i < deltas; ++i) text += " token";
    const auto whole = message("completed", part(text));
    return event("output_text.done", deltas + 4,
                 place() + R"("text":")" + text + R"(","logprobs":[])") +
           event("content_part.done", deltas + 5, place() + R"("part":)" + part(text)) +
           event("output_item.done", deltas + 6, R"("output_index":0,"item":)" + whole) +
           event("completed", deltas + 7,
                 response("completed", whole,
                          R"({"input_tokens":12,"input_tokens_details":{"cached_tokens":0},)"
                          R"("output_tokens":1000,"output_tokens_details":{"reasoning_tokens":0},)"
                          R"("total_tokens":1012})"));
  }
};

struct anthropic_messages {
  using decoder = skein::anthropic::detail::messages_decoder;
  static constexpr framing frames = framing::server_sent_events;

  static std::string event(std::string_view type, std::string_view members) {
    return std::format("event: {0}\ndata: {{\"type\":\"{0}\"{1}     }}\n\n", type, members);
  }
  static std::string begin() {
    return event("message_start",
                 R"(,"message":{"model":"claude-sonnet-4-5-20250929",)"
                 R"("id":"msg_013Zva2CMHLNnXjNJJKqJ2EF","type":"message","role":"assistant",)"
                 R"("content":[],"stop_reason":null,"stop_sequence":null,)"
                 R"("usage":{"input_tokens":12,"cache_creation_input_tokens":0,)"
                 R"("cache_read_input_tokens":0,"cache_creation":{"ephemeral_5m_input_tokens":0,)"
                 R"("ephemeral_1h_input_tokens":0},"output_tokens":1,)"
                 R"("service_tier":"standard"}})") +
           event("content_block_start", R"(,"index":0,"content_block":{"type":"text","text":""})") +
           "event: ping\ndata: {\"type\": \"ping\"}\n\n";
  }
  static std::string delta(std::size_t) {
    return event("content_block_delta",
                 R"(,"index":0,"delta":{"type":"text_delta","text":" token"})");
  }
  static std::string end() {
    return event("content_block_stop", R"(,"index":0)") +
           event("message_delta", R"(,"delta":{"stop_reason":"end_turn","stop_sequence":null},)"
                                  R"("usage":{"input_tokens":12,"cache_creation_input_tokens":0,)"
                                  R"("cache_read_input_tokens":0,"output_tokens":1000})") +
           event("message_stop", "");
  }
};

struct gemini {
  using decoder = skein::gemini::detail::stream_decoder;
  static constexpr framing frames = framing::server_sent_events;

  // The counts of each event are of the answer so far, so that each gives an update of usage too.
  static std::string chunk(std::string_view text, std::string_view finish, std::size_t tokens) {
    return std::format(
        R"(data: {{"candidates": [{{"content": {{"parts": [{{"text": "{}"}}],"role": "model"}},{})"
        R"("index": 0}}],"usageMetadata": {{"promptTokenCount": 12,"candidatesTokenCount": {},)"
        R"("totalTokenCount": {},"promptTokensDetails": [{{"modality": "TEXT","tokenCount": 12}}],)"
        R"("thoughtsTokenCount": 64}},"modelVersion": "gemini-3-flash-preview",)"
        R"("responseId": "pWvmZ8iMFuLdxN8P1oGDkQE"}})"
        "\n\n",
        text, finish, tokens, tokens + 12 + 64);
  }
  static std::string begin() { return {}; }
  static std::string delta(std::size_t i) { return chunk(" token", "", i + 1); }
  static std::string end() { return chunk("", R"("finishReason": "STOP",)", deltas); }
};

struct ollama {
  using decoder = skein::ollama::detail::stream_decoder;
  static constexpr framing frames = framing::lines;

  static std::string line(std::size_t i, std::string_view content, std::string_view rest) {
    return std::format(R"({{"model":"qwen3:4b","created_at":"2026-03-02T09:14:07.{:06}Z",)"
                       R"("message":{{"role":"assistant","content":"{}"}},{}}})"
                       "\n",
                       100'000 + i, content, rest);
  }
  static std::string begin() { return {}; }
  static std::string delta(std::size_t i) { return line(i, " token", R"("done":false)"); }
  static std::string end() {
    return line(deltas, "",
                R"("done":true,"done_reason":"stop","total_duration":182242375,)"
                R"("load_duration":41295167,"prompt_eval_count":12,)"
                R"("prompt_eval_duration":24573166,"eval_count":1000,"eval_duration":115959084)");
  }
};

// ---- The way of the bytes

class bytes_at_hand final : public skein::http::transport {
 public:
  explicit bytes_at_hand(std::string body) : body_(std::move(body)) {}

  skein::stream<std::string_view> send(skein::http::request,
                                       skein::http::response_head& head) override {
    constexpr std::size_t piece = 4096;
    head.status = 200;
    for (std::size_t at = 0; at < body_.size(); at += piece) {
      co_yield std::string_view(body_).substr(at, piece);
    }
  }

 private:
  std::string body_;
};

template <class Provider>
void answer(State& state) {
  std::string body = Provider::begin();
  const std::size_t before = body.size();
  for (std::size_t i = 0; i < deltas; ++i) body += Provider::delta(i);
  const std::size_t streamed = body.size() - before;
  bytes_at_hand transport(body + Provider::end());
  bool right = true;
  skein::sync_wait([&](State& s) -> skein::task<> {
    for (auto _ : s) {
      auto plan = std::make_unique<skein::providers::exchange_plan>();
      plan->streaming = true;
      plan->frames = Provider::frames;
      plan->decoder = std::make_unique<typename Provider::decoder>();
      std::size_t texts = 0;
      bool finished = false;
      auto updates = skein::providers::exchange(std::move(plan), transport);
      while (auto* update = co_await updates.next()) {
        if (!update->text().empty()) ++texts;
        finished = std::holds_alternative<skein::response_finished>(*update);
      }
      right = right && finished && texts == deltas;
    }
  }(state));
  if (!right) state.SkipWithError("a wrong answer");
  state.counters["bytes"] = static_cast<double>(streamed) / deltas;
  state.counters["per_delta"] =
      Counter(deltas, Counter::kIsIterationInvariantRate | Counter::kInvert);
}
BENCHMARK(answer<openai_chat>)->Name("openai");
BENCHMARK(answer<openai_responses>)->Name("openai-responses");
BENCHMARK(answer<anthropic_messages>)->Name("anthropic");
BENCHMARK(answer<gemini>)->Name("gemini");
BENCHMARK(answer<ollama>)->Name("ollama");

}  // namespace
