#include <cstdint>
#include <format>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <skein/testing/openai_bytes.hpp>

#include "testing/pieces.hpp"
#include "testing/protocol.hpp"
#include "testing/requests.hpp"

namespace skein::testing {
namespace {

constexpr std::string_view fingerprint = "fp_skein";

bool wants_usage(const json::value& request) {
  const auto* options = member(request, "stream_options");
  const auto* include = options ? member(*options, "include_usage") : nullptr;
  return include && include->is_bool() && include->get_bool();
}

bool has_text(const scripted_turn& turn) { return !turn.text.empty() || !turn.chunks.empty(); }

json::value content_of(const scripted_turn& turn) {
  if (!has_text(turn) && !turn.calls.empty()) return nullptr;
  return json::value(whole_text(turn));
}

json::object usage_object(const skein::usage& usage) {
  return {
      {"prompt_tokens", usage.input.value_or(0)},
      {"completion_tokens", usage.output.value_or(0)},
      {"total_tokens", usage.total()},
      {"prompt_tokens_details",
       json::object{{"cached_tokens", usage.cache_read.value_or(0)}, {"audio_tokens", 0}}},
      {"completion_tokens_details", json::object{{"reasoning_tokens", usage.reasoning.value_or(0)},
                                                 {"audio_tokens", 0},
                                                 {"accepted_prediction_tokens", 0},
                                                 {"rejected_prediction_tokens", 0}}}};
}

// Everything but the delta is the same in every chunk of a stream, so it is written only once.
class chunk_writer {
 public:
  chunk_writer(const json::value& request, const scripted_turn& turn)
      : with_usage_(wants_usage(request)) {
    json::object head{{"id", id_of(request, turn, "chatcmpl-")},
                      {"object", "chat.completion.chunk"},
                      {"created", turn.created},
                      {"model", model_of(request, turn)},
                      {"system_fingerprint", fingerprint}};
    head_ = "data: " + json::serialize(head);
    head_.pop_back();
  }

  [[nodiscard]] std::string delta(const json::object& delta, std::string_view finish = {}) const {
    std::string event = head_;
    event += R"(,"choices":[{"index":0,"delta":)";
    event += json::serialize(delta);
    event += R"(,"logprobs":null,"finish_reason":)";
    event += finish.empty() ? "null" : json::serialize(json::value(finish));
    event += with_usage_ ? "}],\"usage\":null}\n\n" : "}]}\n\n";
    return event;
  }

  [[nodiscard]] std::optional<std::string> usage(const skein::usage& usage) const {
    if (!with_usage_ || usage.empty()) return std::nullopt;
    return head_ + R"(,"choices":[],"usage":)" + json::serialize(usage_object(usage)) + "}\n\n";
  }

 private:
  bool with_usage_;
  std::string head_;
};

void say(std::vector<std::string>& events, const chunk_writer& write, const scripted_turn& turn) {
  events.push_back(write.delta(
      {{"role", "assistant"},
       {"content", turn.calls.empty() || has_text(turn) ? json::value("") : json::value(nullptr)},
       {"refusal", nullptr}}));
  for (auto piece : pieces_of(turn.reasoning, turn.chunk_size)) {
    events.push_back(write.delta({{"reasoning_content", piece}}));
  }
  for (auto piece : text_pieces(turn)) events.push_back(write.delta({{"content", piece}}));

  auto call_delta = [&](json::object call) {
    events.push_back(write.delta({{"tool_calls", json::array{std::move(call)}}}));
  };
  for (std::size_t i = 0; i < turn.calls.size(); ++i) {
    const auto& call = turn.calls[i];
    call_delta({{"index", i},
                {"id", call.id},
                {"type", "function"},
                {"function", json::object{{"name", call.name}, {"arguments", ""}}}});
    for (auto piece : pieces_of(call.arguments, turn.chunk_size)) {
      call_delta({{"index", i}, {"function", json::object{{"arguments", piece}}}});
    }
  }
  events.push_back(write.delta({}, finish_of(turn)));
}

std::vector<std::string> completion_events(const json::value& request, const scripted_turn& turn) {
  const chunk_writer write(request, turn);
  std::vector<std::string> events;
  say(events, write, turn);
  if (auto usage = write.usage(turn.usage)) events.push_back(*std::move(usage));
  events.emplace_back("data: [DONE]\n\n");
  return events;
}

json::object completion(const json::value& request, const scripted_turn& turn) {
  json::object message{{"role", "assistant"}, {"content", content_of(turn)}, {"refusal", nullptr}};
  if (!turn.reasoning.empty()) message["reasoning_content"] = turn.reasoning;
  if (!turn.calls.empty()) {
    auto& calls = message["tool_calls"].emplace_array();
    for (const auto& call : turn.calls) {
      calls.push_back(json::object{
          {"id", call.id},
          {"type", "function"},
          {"function", json::object{{"name", call.name}, {"arguments", call.arguments}}}});
    }
  }
  json::object body{{"id", id_of(request, turn, "chatcmpl-")},
                    {"object", "chat.completion"},
                    {"created", turn.created},
                    {"model", model_of(request, turn)},
                    {"choices", json::array{json::object{{"index", 0},
                                                         {"message", std::move(message)},
                                                         {"logprobs", nullptr},
                                                         {"finish_reason", finish_of(turn)}}}}};
  if (!turn.usage.empty()) body["usage"] = usage_object(turn.usage);
  body["system_fingerprint"] = fingerprint;
  return body;
}

std::string error_chunk(const api_error& error) { return data_event(openai_error(error)); }

json::value same_request(json::value request, std::string_view) { return request; }

}  // namespace

json::object openai_error(const api_error& error) {
  auto or_null = [](const std::string& text) {
    return text.empty() ? json::value(nullptr) : json::value(text);
  };
  return {{"error", json::object{{"message", error.message},
                                 {"type", error.type},
                                 {"param", or_null(error.param)},
                                 {"code", or_null(error.code)}}}};
}

bool wants_stream(const json::value& request) {
  const auto* stream = member(request, "stream");
  return stream && stream->is_bool() && stream->get_bool();
}

constinit const protocol chat_completions{.ending = "/chat/completions",
                                          .stream_type = "text/event-stream; charset=utf-8",
                                          .holds = "messages",
                                          .chat_form = same_request,
                                          .events = completion_events,
                                          .whole = completion,
                                          .error = openai_error,
                                          .error_event = error_chunk};

std::vector<std::string> sse_events(const json::value& request, const scripted_turn& turn) {
  return events_of(chat_completions, request, turn);
}

std::string response_bytes(const json::value& request, const scripted_turn& turn) {
  return body_of(chat_completions, request, turn);
}

std::optional<api_error> http_error(const scripted_turn& turn) {
  const auto kind = turn.fault ? turn.fault->kind : fault_kind::none;
  if (kind == fault_kind::error_event) return std::nullopt;  // there the error goes into the stream
  if (turn.error) return turn.error;
  if (kind == fault_kind::rate_limited) {
    return api_error{.status = 429,
                     .message = "Rate limit reached for requests. Please try again later.",
                     .type = "requests",
                     .code = "rate_limit_exceeded"};
  }
  if (kind == fault_kind::server_error) return api_error{};
  return std::nullopt;
}

std::string error_body(const api_error& error) { return json::serialize(openai_error(error)); }

}  // namespace skein::testing
