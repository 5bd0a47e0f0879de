#include "testing/protocol.hpp"

#include <algorithm>
#include <cstdint>
#include <format>
#include <utility>

#include <skein/testing/openai_bytes.hpp>

#include "testing/pieces.hpp"
#include "testing/requests.hpp"

namespace skein::testing {
namespace {

// Breaks its JSON off, but not its end.
void break_event(std::string& event) {
  const auto end = event.find_last_not_of('\n') + 1;
  const auto begin = std::min(event.find('{'), end);
  event.erase(begin + (end - begin) / 2, end - begin - (end - begin) / 2);
}

void spoil(std::vector<std::string>& events, const protocol& spoken, const fault& what,
           const scripted_turn& turn) {
  const auto at = std::min(what.at, events.size() - 1);
  switch (what.kind) {
    case fault_kind::malformed:
      break_event(events[at]);
      break;
    case fault_kind::no_done:
      events.pop_back();
      break;
    case fault_kind::error_event:
      events.resize(at);
      events.push_back(spoken.error_event(turn.error.value_or(api_error{})));
      break;
    default:
      break;
  }
}

}  // namespace

const protocol* protocol_at(std::string_view path) {
  for (const auto* spoken : {&chat_completions, &openai_responses, &anthropic_messages,
                             &gemini_stream, &gemini_whole, &ollama_chat}) {
    if (path.ends_with(spoken->ending)) return spoken;
  }
  return nullptr;
}

std::vector<std::string> events_of(const protocol& spoken, const json::value& request,
                                   const scripted_turn& turn) {
  auto events = spoken.events(request, turn);
  if (turn.fault) spoil(events, spoken, *turn.fault, turn);
  return events;
}

std::string body_of(const protocol& spoken, const json::value& request, const scripted_turn& turn) {
  if (auto error = http_error(turn)) return json::serialize(spoken.error(*error));
  std::string body;
  using enum fault_kind;
  if (wants_stream(request)) {
    for (const auto& event : events_of(spoken, request, turn)) body += event;
  } else {
    body = json::serialize(spoken.whole(request, turn));
    if (turn.fault && turn.fault->kind == malformed) body.resize(body.size() / 2);
  }
  if (turn.fault &&
      (turn.fault->kind == cut || turn.fault->kind == stall || turn.fault->kind == reset)) {
    body.resize(std::min(body.size(), turn.fault->at));
  }
  return body;
}

std::string id_of(const json::value& request, const scripted_turn& turn, std::string_view prefix) {
  if (!turn.id.empty()) return turn.id;
  std::uint64_t hash = 14695981039346656037U;  // FNV-1a: the same on every machine
  for (const char c : json::serialize(request)) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211U;
  }
  return std::format("{}{:016x}", prefix, hash);
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

std::vector<std::string_view> text_pieces(const scripted_turn& turn) {
  if (turn.chunks.empty()) return pieces_of(turn.text, turn.chunk_size);
  return {turn.chunks.begin(), turn.chunks.end()};
}

std::string whole_text(const scripted_turn& turn) {
  if (turn.chunks.empty()) return turn.text;
  std::string text;
  for (const auto& chunk : turn.chunks) text += chunk;
  return text;
}

json::value arguments_of(const scripted_call& call) {
  boost::system::error_code not_json;
  auto value = json::parse(call.arguments, not_json);
  return not_json ? json::value(call.arguments) : std::move(value);
}

std::string data_event(const json::object& data) {
  return "data: " + json::serialize(data) + "\n\n";
}

std::string named_event(const json::object& data) {
  return std::format("event: {}\n{}", std::string_view{data.at("type").get_string()},
                     data_event(data));
}

}  // namespace skein::testing
