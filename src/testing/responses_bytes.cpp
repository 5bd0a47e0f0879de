// OpenAI's responses. Nothing is stored: `previous_response_id` is not looked at.
#include <format>
#include <utility>

#include "testing/pieces.hpp"
#include "testing/protocol.hpp"
#include "testing/requests.hpp"

namespace skein::testing {
namespace responses_bytes {
namespace {

json::value chat_form_of(json::value request, std::string_view) {
  chat_form form;
  if (const auto text = string_in(request, "instructions"); !text.empty()) {
    form.say("system", text);
  }
  if (const auto text = string_in(request, "input"); !text.empty()) form.say("user", text);
  for (const auto& item : array_in(request, "input")) {
    const auto type = string_in(item, "type");
    if (type == "function_call") {
      form.call(string_in(item, "call_id"), string_in(item, "name"), string_in(item, "arguments"));
    } else if (type == "function_call_output") {
      form.result(string_in(item, "call_id"), string_in(item, "output"));
    } else if (type == "message" || type.empty()) {
      form.say(role_of(item), text_of(item));
    }
  }
  for (const auto& tool : array_in(request, "tools")) form.offer(string_in(tool, "name"));
  const auto* stream = member(request, "stream");
  return std::move(form).take(model_in(request), stream && *stream == true);
}

// Why it is not complete; empty: it is.
std::string_view reason_of(const scripted_turn& turn) {
  const auto finish = finish_of(turn);
  if (finish == "stop" || finish == "tool_calls") return {};
  return finish == "length" ? "max_output_tokens" : finish;
}

std::string_view status_of(const scripted_turn& turn) {
  return reason_of(turn).empty() ? "completed" : "incomplete";
}

json::object usage_of(const skein::usage& usage) {
  return {
      {"input_tokens", usage.input.value_or(0)},
      {"input_tokens_details", json::object{{"cached_tokens", usage.cache_read.value_or(0)}}},
      {"output_tokens", usage.output.value_or(0)},
      {"output_tokens_details", json::object{{"reasoning_tokens", usage.reasoning.value_or(0)}}},
      {"total_tokens", usage.total()}};
}

class response_writer {
 public:
  response_writer(const json::value& request, const scripted_turn& turn)
      : turn_(turn), model_(model_of(request, turn)), id_(id_of(request, turn, "resp_")) {}

  [[nodiscard]] json::object response(std::string_view status, json::array output) const {
    const bool ended = status != "in_progress";
    json::value details;
    if (status == "incomplete") details = json::object{{"reason", reason_of(turn_)}};
    return {{"id", id_},
            {"object", "response"},
            {"created_at", turn_.created},
            {"status", status},
            {"background", false},
            {"error", nullptr},
            {"incomplete_details", std::move(details)},
            {"model", model_},
            {"output", std::move(output)},
            {"previous_response_id", nullptr},
            {"usage", ended && !turn_.usage.empty() ? json::value(usage_of(turn_.usage))
                                                    : json::value(nullptr)}};
  }
  [[nodiscard]] std::string item_id(std::string_view prefix, std::size_t index) const {
    return std::format("{}_{}_{}", prefix, id_, index);
  }

 private:
  const scripted_turn& turn_;
  std::string model_;
  std::string id_;
};

json::object text_part(std::string_view text) {
  return {{"type", "output_text"},
          {"annotations", json::array()},
          {"logprobs", json::array()},
          {"text", text}};
}

json::object message_item(std::string_view id, std::string_view status, json::array content) {
  return {{"id", id},
          {"type", "message"},
          {"status", status},
          {"content", std::move(content)},
          {"role", "assistant"}};
}

json::object reasoning_item(std::string_view id, json::array summary) {
  return {{"id", id}, {"type", "reasoning"}, {"summary", std::move(summary)}};
}

json::object summary_part(std::string_view text) {
  return {{"type", "summary_text"}, {"text", text}};
}

json::object call_item(std::string_view id, const scripted_call& call, std::string_view status,
                       std::string_view arguments) {
  return {{"id", id},           {"type", "function_call"},
          {"status", status},   {"arguments", arguments},
          {"call_id", call.id}, {"name", call.name}};
}

class event_writer {
 public:
  event_writer(const json::value& request, const scripted_turn& turn)
      : turn_(turn), write_(request, turn) {}

  std::vector<std::string> events() && {
    for (const auto* type : {"response.created", "response.in_progress"}) {
      add(type, {{"response", write_.response("in_progress", {})}});
    }
    if (!turn_.reasoning.empty()) reasoning();
    if (!whole_text(turn_).empty()) text();
    for (const auto& call : turn_.calls) arguments(call);
    const auto status = status_of(turn_);
    add(std::format("response.{}", status),
        {{"response", write_.response(status, std::move(output_))}});
    return std::move(events_);
  }

 private:
  void add(std::string_view type, json::object members) {
    json::object event{{"type", type}, {"sequence_number", events_.size()}};
    for (auto& [key, value] : members) event.emplace(key, std::move(value));
    events_.push_back(named_event(event));
  }
  // Of an item, or of a part of it.
  void add_of_item(std::string_view type, const std::string& id, json::object members,
                   std::string_view part = {}) {
    json::object all{{"item_id", id}, {"output_index", output_.size()}};
    if (!part.empty()) all[part] = 0;
    for (auto& [key, value] : members) all.emplace(key, std::move(value));
    add(type, std::move(all));
  }
  void deltas(std::string_view type, const std::string& id,
              const std::vector<std::string_view>& pieces, std::string_view part) {
    for (const auto piece : pieces) {
      json::object delta{{"delta", piece}};
      if (part == "content_index") delta["logprobs"] = json::array();
      delta["obfuscation"] = "kX3w7Qp1";
      add_of_item(type, id, std::move(delta), part);
    }
  }
  void begin(json::object item) {
    add("response.output_item.added",
        {{"output_index", output_.size()}, {"item", std::move(item)}});
  }
  void end(json::object item) {
    add("response.output_item.done", {{"output_index", output_.size()}, {"item", item}});
    output_.push_back(std::move(item));
  }

  void reasoning() {
    const auto id = write_.item_id("rs", output_.size());
    const std::string_view part = "summary_index";
    begin(reasoning_item(id, {}));
    add_of_item("response.reasoning_summary_part.added", id, {{"part", summary_part("")}}, part);
    deltas("response.reasoning_summary_text.delta", id,
           pieces_of(turn_.reasoning, turn_.chunk_size), part);
    add_of_item("response.reasoning_summary_text.done", id, {{"text", turn_.reasoning}}, part);
    add_of_item("response.reasoning_summary_part.done", id,
                {{"part", summary_part(turn_.reasoning)}}, part);
    end(reasoning_item(id, {summary_part(turn_.reasoning)}));
  }

  void text() {
    const auto id = write_.item_id("msg", output_.size());
    const auto whole = whole_text(turn_);
    const std::string_view part = "content_index";
    begin(message_item(id, "in_progress", {}));
    add_of_item("response.content_part.added", id, {{"part", text_part("")}}, part);
    deltas("response.output_text.delta", id, text_pieces(turn_), part);
    add_of_item("response.output_text.done", id, {{"text", whole}, {"logprobs", json::array()}},
                part);
    add_of_item("response.content_part.done", id, {{"part", text_part(whole)}}, part);
    end(message_item(id, status_of(turn_), {text_part(whole)}));
  }

  void arguments(const scripted_call& call) {
    const auto id = write_.item_id("fc", output_.size());
    begin(call_item(id, call, "in_progress", ""));
    deltas("response.function_call_arguments.delta", id,
           pieces_of(call.arguments, turn_.chunk_size), {});
    add_of_item("response.function_call_arguments.done", id, {{"arguments", call.arguments}});
    end(call_item(id, call, "completed", call.arguments));
  }

  const scripted_turn& turn_;
  response_writer write_;
  json::array output_;
  std::vector<std::string> events_;
};

std::vector<std::string> events(const json::value& request, const scripted_turn& turn) {
  return event_writer(request, turn).events();
}

json::object whole(const json::value& request, const scripted_turn& turn) {
  const response_writer write(request, turn);
  const auto status = status_of(turn);
  json::array output;
  if (!turn.reasoning.empty()) {
    output.push_back(
        reasoning_item(write.item_id("rs", output.size()), {summary_part(turn.reasoning)}));
  }
  if (const auto text = whole_text(turn); !text.empty()) {
    output.push_back(message_item(write.item_id("msg", output.size()), status, {text_part(text)}));
  }
  for (const auto& call : turn.calls) {
    output.push_back(
        call_item(write.item_id("fc", output.size()), call, "completed", call.arguments));
  }
  return write.response(status, std::move(output));
}

std::string error_event(const api_error& e) {
  const auto& code = e.code.empty() ? e.type : e.code;
  return named_event({{"type", "error"},
                      {"code", code},
                      {"message", e.message},
                      {"param", e.param.empty() ? json::value(nullptr) : json::value(e.param)}});
}

}  // namespace
}  // namespace responses_bytes

constinit const protocol openai_responses{.ending = "/responses",
                                          .stream_type = "text/event-stream; charset=utf-8",
                                          .holds = "input",
                                          .chat_form = responses_bytes::chat_form_of,
                                          .events = responses_bytes::events,
                                          .whole = responses_bytes::whole,
                                          .error = openai_error,
                                          .error_event = responses_bytes::error_event};

}  // namespace skein::testing
