#include <cstdint>
#include <format>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <skein/testing/openai_bytes.hpp>

#include "testing/pieces.hpp"

namespace skein::testing {
namespace {

constexpr std::string_view fingerprint = "fp_skein";

const json::value* member(const json::value& in, std::string_view name) {
  const auto* object = in.if_object();
  return object ? object->if_contains(name) : nullptr;
}

bool wants_usage(const json::value& request) {
  const auto* options = member(request, "stream_options");
  const auto* include = options ? member(*options, "include_usage") : nullptr;
  return include && include->is_bool() && include->get_bool();
}

std::string id_of(const json::value& request, const scripted_turn& turn) {
  if (!turn.id.empty()) return turn.id;
  std::uint64_t hash = 14695981039346656037U;  // FNV-1a: the same on every machine
  for (const char c : json::serialize(request)) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211U;
  }
  return std::format("chatcmpl-{:016x}", hash);
}

std::string model_of(const json::value& request, const scripted_turn& turn) {
  if (!turn.model.empty()) return turn.model;
  const auto* model = member(request, "model");
  return model && model->is_string() ? std::string{model->get_string()} : std::string{"scripted"};
}

std::string_view finish_of(const scripted_turn& turn) {
  if (!turn.finish.empty()) return turn.finish;
  return turn.calls.empty() ? "stop" : "tool_calls";
}

bool has_text(const scripted_turn& turn) { return !turn.text.empty() || !turn.chunks.empty(); }

json::value content_of(const scripted_turn& turn) {
  if (!has_text(turn) && !turn.calls.empty()) return nullptr;
  if (turn.chunks.empty()) return json::value(turn.text);
  std::string text;
  for (const auto& chunk : turn.chunks) text += chunk;
  return json::value(text);
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
    json::object head{{"id", id_of(request, turn)},
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
  if (turn.chunks.empty()) {
    for (auto piece : pieces_of(turn.text, turn.chunk_size)) {
      events.push_back(write.delta({{"content", piece}}));
    }
  }
  for (const auto& chunk : turn.chunks) events.push_back(write.delta({{"content", chunk}}));

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

void spoil(std::vector<std::string>& events, const fault& what, const scripted_turn& turn) {
  const auto at = std::min(what.at, events.size() - 1);
  switch (what.kind) {
    case fault_kind::malformed: {
      auto& event = events[at];
      event.resize(event.size() / 2);
      event += "\n\n";
      break;
    }
    case fault_kind::no_done:
      events.pop_back();
      break;
    case fault_kind::error_event:
      events.resize(at);
      events.push_back("data: " + error_body(turn.error.value_or(api_error{})) + "\n\n");
      break;
    default:
      break;
  }
}

std::string completion(const json::value& request, const scripted_turn& turn) {
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
  json::object body{{"id", id_of(request, turn)},
                    {"object", "chat.completion"},
                    {"created", turn.created},
                    {"model", model_of(request, turn)},
                    {"choices", json::array{json::object{{"index", 0},
                                                         {"message", std::move(message)},
                                                         {"logprobs", nullptr},
                                                         {"finish_reason", finish_of(turn)}}}}};
  if (!turn.usage.empty()) body["usage"] = usage_object(turn.usage);
  body["system_fingerprint"] = fingerprint;
  auto text = json::serialize(body);
  if (turn.fault && turn.fault->kind == fault_kind::malformed) text.resize(text.size() / 2);
  return text;
}

}  // namespace

bool wants_stream(const json::value& request) {
  const auto* stream = member(request, "stream");
  return stream && stream->is_bool() && stream->get_bool();
}

std::vector<std::string> sse_events(const json::value& request, const scripted_turn& turn) {
  const chunk_writer write(request, turn);
  std::vector<std::string> events;
  say(events, write, turn);
  if (auto usage = write.usage(turn.usage)) events.push_back(*std::move(usage));
  events.emplace_back("data: [DONE]\n\n");
  if (turn.fault) spoil(events, *turn.fault, turn);
  return events;
}

std::string response_bytes(const json::value& request, const scripted_turn& turn) {
  if (auto error = http_error(turn)) return error_body(*error);
  std::string body;
  if (wants_stream(request)) {
    for (const auto& event : sse_events(request, turn)) body += event;
  } else {
    body = completion(request, turn);
  }
  using enum fault_kind;
  if (turn.fault &&
      (turn.fault->kind == cut || turn.fault->kind == stall || turn.fault->kind == reset)) {
    body.resize(std::min(body.size(), turn.fault->at));
  }
  return body;
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

std::string error_body(const api_error& error) {
  auto or_null = [](const std::string& text) {
    return text.empty() ? json::value(nullptr) : json::value(text);
  };
  return json::serialize(json::object{{"error", json::object{{"message", error.message},
                                                             {"type", error.type},
                                                             {"param", or_null(error.param)},
                                                             {"code", or_null(error.code)}}}});
}

}  // namespace skein::testing
