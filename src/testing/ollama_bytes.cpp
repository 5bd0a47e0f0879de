// Ollama's /api/chat: lines of JSON.
#include <chrono>
#include <format>
#include <utility>

#include "testing/pieces.hpp"
#include "testing/protocol.hpp"
#include "testing/requests.hpp"

namespace skein::testing {
namespace ollama_bytes {
namespace {

// Its requests differ from those of chat completions in nothing that a script looks at, but it
// streams unless it is told otherwise.
json::value chat_form_of(json::value request, std::string_view) {
  if (auto* members = request.if_object()) members->emplace("stream", true);
  return request;
}

json::object message_of(std::string_view text) {
  return {{"role", "assistant"}, {"content", text}};
}

json::object call_of(const scripted_turn& turn, std::size_t index) {
  const auto& call = turn.calls[index];
  json::object made;
  if (!call.id.empty()) made["id"] = call.id;
  made["function"] =
      json::object{{"index", index}, {"name", call.name}, {"arguments", arguments_of(call)}};
  return made;
}

class line_writer {
 public:
  line_writer(const json::value& request, const scripted_turn& turn)
      : turn_(turn),
        model_(model_of(request, turn)),
        created_(std::format("{:%FT%TZ}",
                             std::chrono::sys_seconds(std::chrono::seconds(turn.created)))) {}

  [[nodiscard]] json::object line(json::object message) const {
    return {{"model", model_},
            {"created_at", created_},
            {"message", std::move(message)},
            {"done", false}};
  }
  [[nodiscard]] json::object last(json::object message) const {
    const auto finish = finish_of(turn_);
    auto all = line(std::move(message));
    all["done"] = true;
    all["done_reason"] = finish == "tool_calls" ? "stop" : finish;
    all["total_duration"] = 182'242'375;
    all["load_duration"] = 41'295'167;
    if (turn_.usage.input) all["prompt_eval_count"] = *turn_.usage.input;
    all["prompt_eval_duration"] = 24'573'166;
    if (turn_.usage.output) all["eval_count"] = *turn_.usage.output;
    all["eval_duration"] = 115'959'084;
    return all;
  }

 private:
  const scripted_turn& turn_;
  std::string model_;
  std::string created_;
};

std::vector<std::string> events(const json::value& request, const scripted_turn& turn) {
  const line_writer write(request, turn);
  std::vector<std::string> all;
  const auto add = [&](const json::object& line) { all.push_back(json::serialize(line) + '\n'); };
  for (const auto piece : pieces_of(turn.reasoning, turn.chunk_size)) {
    auto message = message_of("");
    message["thinking"] = piece;
    add(write.line(std::move(message)));
  }
  for (const auto piece : text_pieces(turn)) add(write.line(message_of(piece)));
  for (std::size_t i = 0; i < turn.calls.size(); ++i) {
    auto message = message_of("");
    message["tool_calls"] = json::array{call_of(turn, i)};
    add(write.line(std::move(message)));
  }
  add(write.last(message_of("")));
  return all;
}

json::object whole(const json::value& request, const scripted_turn& turn) {
  auto message = message_of(whole_text(turn));
  if (!turn.reasoning.empty()) message["thinking"] = turn.reasoning;
  json::array calls;
  for (std::size_t i = 0; i < turn.calls.size(); ++i) calls.push_back(call_of(turn, i));
  if (!calls.empty()) message["tool_calls"] = std::move(calls);
  return line_writer(request, turn).last(std::move(message));
}

json::object error(const api_error& e) { return {{"error", e.message}}; }

std::string error_line(const api_error& e) { return json::serialize(error(e)) + '\n'; }

}  // namespace
}  // namespace ollama_bytes

constinit const protocol ollama_chat{.ending = "/api/chat",
                                     .stream_type = "application/x-ndjson",
                                     .holds = "messages",
                                     .chat_form = ollama_bytes::chat_form_of,
                                     .events = ollama_bytes::events,
                                     .whole = ollama_bytes::whole,
                                     .error = ollama_bytes::error,
                                     .error_event = ollama_bytes::error_line};

}  // namespace skein::testing
