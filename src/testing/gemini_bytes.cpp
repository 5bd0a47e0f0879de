// Gemini's generateContent and streamGenerateContent.
#include <utility>

#include "testing/pieces.hpp"
#include "testing/protocol.hpp"
#include "testing/requests.hpp"

namespace skein::testing {
namespace gemini_bytes {
namespace {

void read_part(chat_form& form, std::string_view role, const json::value& part) {
  if (const auto* result = member(part, "functionResponse")) {
    const auto* response = member(*result, "response");
    form.result(string_in(*result, "id"), response ? json::serialize(*response) : "");
  } else if (const auto* call = member(part, "functionCall")) {
    const auto* args = member(*call, "args");
    form.call(string_in(*call, "id"), string_in(*call, "name"),
              args ? json::serialize(*args) : "{}");
  } else if (!member(part, "thought")) {
    form.say(role, string_in(part, "text"));
  }
}

// .../models/NAME:streamGenerateContent
std::string_view model_at(std::string_view path) {
  const auto name = path.substr(path.rfind('/') + 1);
  return name.substr(0, name.rfind(':'));
}

json::value chat_form_of(json::value request, std::string_view path) {
  chat_form form;
  if (const auto* system = member(request, "systemInstruction")) {
    for (const auto& part : array_in(*system, "parts")) read_part(form, "system", part);
  }
  for (const auto& content : array_in(request, "contents")) {
    const auto role = role_of(content) == "model" ? "assistant" : "user";
    for (const auto& part : array_in(content, "parts")) read_part(form, role, part);
  }
  for (const auto& tools : array_in(request, "tools")) {
    for (const auto& tool : array_in(tools, "functionDeclarations")) {
      form.offer(string_in(tool, "name"));
    }
  }
  return std::move(form).take(model_at(path), path.ends_with(gemini_stream.ending));
}

json::value finish_reason_of(const scripted_turn& turn) {
  const auto finish = finish_of(turn);
  if (finish == "stop" || finish == "tool_calls") return "STOP";
  if (finish == "length") return "MAX_TOKENS";
  if (finish == "content_filter") return "SAFETY";
  return json::value(finish);
}

// What was generated is known at the end. Thoughts are counted beside the candidates.
json::object usage_of(const skein::usage& usage, bool at_end) {
  const auto input = usage.input.value_or(0);
  const auto output = at_end ? usage.output.value_or(0) : 0;
  json::object counts{{"promptTokenCount", input}};
  if (at_end) counts["candidatesTokenCount"] = output - usage.reasoning.value_or(0);
  counts["totalTokenCount"] = input + output;
  if (usage.cache_read) counts["cachedContentTokenCount"] = *usage.cache_read;
  if (at_end && usage.reasoning) counts["thoughtsTokenCount"] = *usage.reasoning;
  return counts;
}

class chunk_writer {
 public:
  chunk_writer(const json::value& request, const scripted_turn& turn)
      : usage_(turn.usage), model_(model_of(request, turn)), id_(id_of(request, turn, "")) {}

  [[nodiscard]] json::object chunk(json::array parts, const json::value& finish = nullptr) const {
    json::object candidate{
        {"content", json::object{{"parts", std::move(parts)}, {"role", "model"}}}};
    if (!finish.is_null()) candidate["finishReason"] = finish;
    candidate["index"] = 0;
    json::object all{{"candidates", json::array{std::move(candidate)}}};
    if (!usage_.empty()) all["usageMetadata"] = usage_of(usage_, !finish.is_null());
    all["modelVersion"] = model_;
    all["responseId"] = id_;
    return all;
  }

 private:
  skein::usage usage_;
  std::string model_;
  std::string id_;
};

json::object thought_part(std::string_view text) { return {{"text", text}, {"thought", true}}; }

// The first call is signed.
json::array call_parts(const scripted_turn& turn) {
  json::array parts;
  for (const auto& call : turn.calls) {
    json::object made{{"name", call.name}, {"args", arguments_of(call)}};
    if (!call.id.empty()) made["id"] = call.id;
    json::object part{{"functionCall", std::move(made)}};
    if (parts.empty()) part["thoughtSignature"] = "c2tlaW4=";
    parts.push_back(std::move(part));
  }
  return parts;
}

std::vector<std::string> events(const json::value& request, const scripted_turn& turn) {
  const chunk_writer write(request, turn);
  std::vector<std::string> all;
  for (const auto piece : pieces_of(turn.reasoning, turn.chunk_size)) {
    all.push_back(data_event(write.chunk({thought_part(piece)})));
  }
  for (const auto piece : text_pieces(turn)) {
    all.push_back(data_event(write.chunk({json::object{{"text", piece}}})));
  }
  if (!turn.calls.empty()) all.push_back(data_event(write.chunk(call_parts(turn))));
  all.push_back(data_event(write.chunk({json::object{{"text", ""}}}, finish_reason_of(turn))));
  return all;
}

json::object whole(const json::value& request, const scripted_turn& turn) {
  json::array parts;
  if (!turn.reasoning.empty()) parts.push_back(thought_part(turn.reasoning));
  if (auto text = whole_text(turn); !text.empty()) {
    parts.push_back(json::object{{"text", std::move(text)}});
  }
  for (auto& part : call_parts(turn)) parts.push_back(std::move(part));
  return chunk_writer(request, turn).chunk(std::move(parts), finish_reason_of(turn));
}

std::string_view status_word_of(int status) {
  switch (status) {
    case 401:
      return "UNAUTHENTICATED";
    case 403:
      return "PERMISSION_DENIED";
    case 404:
      return "NOT_FOUND";
    case 429:
      return "RESOURCE_EXHAUSTED";
    case 503:
      return "UNAVAILABLE";
    case 504:
      return "DEADLINE_EXCEEDED";
    default:
      return status < 500 ? "INVALID_ARGUMENT" : "INTERNAL";
  }
}

json::object error(const api_error& e) {
  return {{"error",
           json::object{
               {"code", e.status}, {"message", e.message}, {"status", status_word_of(e.status)}}}};
}

std::string error_event(const api_error& e) { return data_event(error(e)); }

constexpr protocol at(std::string_view ending) {
  return {.ending = ending,
          .stream_type = "text/event-stream",
          .holds = "contents",
          .chat_form = chat_form_of,
          .events = events,
          .whole = whole,
          .error = error,
          .error_event = error_event};
}

}  // namespace
}  // namespace gemini_bytes

constinit const protocol gemini_stream = gemini_bytes::at(":streamGenerateContent");
constinit const protocol gemini_whole = gemini_bytes::at(":generateContent");

}  // namespace skein::testing
