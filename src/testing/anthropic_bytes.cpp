// Anthropic's Messages API.
#include <cstdint>
#include <utility>

#include "testing/pieces.hpp"
#include "testing/protocol.hpp"
#include "testing/requests.hpp"

namespace skein::testing {
namespace anthropic_bytes {
namespace {

void read_block(chat_form& form, std::string_view role, const json::value& block) {
  const auto type = string_in(block, "type");
  if (type == "tool_result") {
    form.result(string_in(block, "tool_use_id"), text_of(block));
  } else if (type == "tool_use") {
    const auto* input = member(block, "input");
    form.call(string_in(block, "id"), string_in(block, "name"),
              input ? json::serialize(*input) : "{}");
  } else if (type == "text") {
    form.say(role, string_in(block, "text"));
  }
}

json::value chat_form_of(json::value request, std::string_view) {
  chat_form form;
  for (const auto& block : array_in(request, "system")) read_block(form, "system", block);
  if (const auto system = string_in(request, "system"); !system.empty()) {
    form.say("system", system);
  }
  for (const auto& message : messages_in(request)) {
    const auto text = string_in(message, "content");
    if (!text.empty()) form.say(role_of(message), text);
    for (const auto& block : array_in(message, "content")) {
      read_block(form, role_of(message), block);
    }
  }
  for (const auto& tool : array_in(request, "tools")) form.offer(string_in(tool, "name"));
  const auto* stream = member(request, "stream");
  return std::move(form).take(model_in(request), stream && *stream == true);
}

json::value stop_reason_of(const scripted_turn& turn) {
  const auto finish = finish_of(turn);
  if (finish == "stop") return "end_turn";
  if (finish == "tool_calls") return "tool_use";
  if (finish == "length") return "max_tokens";
  if (finish == "content_filter") return "refusal";
  return json::value(finish);
}

// `input_tokens` is what the cache had no part in.
json::object usage_of(const skein::usage& usage, std::int64_t output) {
  const auto read = usage.cache_read.value_or(0);
  const auto written = usage.cache_write.value_or(0);
  json::object counts{{"input_tokens", usage.input.value_or(0) - read - written},
                      {"cache_creation_input_tokens", written},
                      {"cache_read_input_tokens", read},
                      {"output_tokens", output}};
  if (usage.reasoning) {
    counts["output_tokens_details"] = json::object{{"thinking_tokens", *usage.reasoning}};
  }
  return counts;
}

json::object message_of(const json::value& request, const scripted_turn& turn, json::array content,
                        json::value stop_reason) {
  return {{"model", model_of(request, turn)},
          {"id", id_of(request, turn, "msg_")},
          {"type", "message"},
          {"role", "assistant"},
          {"content", std::move(content)},
          {"stop_reason", std::move(stop_reason)},
          {"stop_sequence", nullptr}};
}

// One block after the other, each with its events.
class block_writer {
 public:
  explicit block_writer(std::vector<std::string>& to) : to_(to) {}

  void write(json::object block, std::string_view delta_type, std::string_view delta_member,
             const std::vector<std::string_view>& pieces) {
    to_.push_back(named_event(
        {{"type", "content_block_start"}, {"index", index_}, {"content_block", std::move(block)}}));
    if (index_ == 0) to_.push_back(named_event({{"type", "ping"}}));
    for (const auto piece : pieces) delta({{"type", delta_type}, {delta_member, piece}});
  }
  void delta(json::object content) {
    to_.push_back(named_event(
        {{"type", "content_block_delta"}, {"index", index_}, {"delta", std::move(content)}}));
  }
  void end() { to_.push_back(named_event({{"type", "content_block_stop"}, {"index", index_++}})); }

 private:
  std::vector<std::string>& to_;
  std::size_t index_ = 0;
};

constexpr std::string_view signature = "c2tlaW4=";

std::vector<std::string> events(const json::value& request, const scripted_turn& turn) {
  std::vector<std::string> all;
  auto begun = message_of(request, turn, {}, nullptr);
  if (!turn.usage.empty()) begun["usage"] = usage_of(turn.usage, 1);
  all.push_back(named_event({{"type", "message_start"}, {"message", std::move(begun)}}));

  block_writer blocks(all);
  if (!turn.reasoning.empty()) {
    blocks.write({{"type", "thinking"}, {"thinking", ""}, {"signature", ""}}, "thinking_delta",
                 "thinking", pieces_of(turn.reasoning, turn.chunk_size));
    blocks.delta({{"type", "signature_delta"}, {"signature", signature}});
    blocks.end();
  }
  if (const auto text = text_pieces(turn); !text.empty()) {
    blocks.write({{"type", "text"}, {"text", ""}}, "text_delta", "text", text);
    blocks.end();
  }
  for (const auto& call : turn.calls) {
    // No arguments are no text at all.
    const std::string_view arguments =
        call.arguments == "{}" ? "" : std::string_view(call.arguments);
    auto pieces = pieces_of(arguments, turn.chunk_size);
    pieces.insert(pieces.begin(), "");
    blocks.write(
        {{"type", "tool_use"}, {"id", call.id}, {"name", call.name}, {"input", json::object()}},
        "input_json_delta", "partial_json", pieces);
    blocks.end();
  }

  json::object ended{
      {"type", "message_delta"},
      {"delta", json::object{{"stop_reason", stop_reason_of(turn)}, {"stop_sequence", nullptr}}}};
  if (!turn.usage.empty()) ended["usage"] = usage_of(turn.usage, turn.usage.output.value_or(0));
  all.push_back(named_event(ended));
  all.push_back(named_event({{"type", "message_stop"}}));
  return all;
}

json::object whole(const json::value& request, const scripted_turn& turn) {
  json::array content;
  if (!turn.reasoning.empty()) {
    content.push_back(
        json::object{{"type", "thinking"}, {"thinking", turn.reasoning}, {"signature", signature}});
  }
  if (auto text = whole_text(turn); !text.empty()) {
    content.push_back(json::object{{"type", "text"}, {"text", std::move(text)}});
  }
  for (const auto& call : turn.calls) {
    content.push_back(json::object{
        {"type", "tool_use"}, {"id", call.id}, {"name", call.name}, {"input", arguments_of(call)}});
  }
  auto message = message_of(request, turn, std::move(content), stop_reason_of(turn));
  if (!turn.usage.empty()) message["usage"] = usage_of(turn.usage, turn.usage.output.value_or(0));
  return message;
}

std::string_view error_type_of(int status) {
  switch (status) {
    case 401:
      return "authentication_error";
    case 403:
      return "permission_error";
    case 404:
      return "not_found_error";
    case 413:
      return "request_too_large";
    case 429:
      return "rate_limit_error";
    case 529:
      return "overloaded_error";
    default:
      return status < 500 ? "invalid_request_error" : "api_error";
  }
}

json::object error(const api_error& e) {
  return {{"type", "error"},
          {"error", json::object{{"type", error_type_of(e.status)}, {"message", e.message}}}};
}

std::string error_event(const api_error& e) { return named_event(error(e)); }

}  // namespace
}  // namespace anthropic_bytes

constinit const protocol anthropic_messages{.ending = "/messages",
                                            .stream_type = "text/event-stream; charset=utf-8",
                                            .holds = "messages",
                                            .chat_form = anthropic_bytes::chat_form_of,
                                            .events = anthropic_bytes::events,
                                            .whole = anthropic_bytes::whole,
                                            .error = anthropic_bytes::error,
                                            .error_event = anthropic_bytes::error_event};

}  // namespace skein::testing
