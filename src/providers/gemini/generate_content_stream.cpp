#include <algorithm>
#include <utility>

#include <skein/json/base64.hpp>

#include "core/ascii.hpp"
#include "providers/common/call_id.hpp"
#include "providers/common/error_text.hpp"
#include "providers/common/event_json.hpp"
#include "providers/common/json_text.hpp"
#include "providers/common/opaque.hpp"
#include "providers/gemini/generate_content.hpp"

namespace skein::gemini::detail {

using namespace providers;

namespace {

// The words of Candidate.FinishReason and of PromptFeedback.BlockReason.
finish_reason reason_of(std::string_view word) {
  if (word == "STOP") return finish_reason::stop;
  if (word == "MAX_TOKENS") return finish_reason::length;
  for (const std::string_view filter :
       {"SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "IMAGE_SAFETY",
        "IMAGE_PROHIBITED_CONTENT", "IMAGE_RECITATION", "MODEL_ARMOR", "JAILBREAK"}) {
    if (word == filter) return finish_reason::content_filter;
  }
  return finish_reason::other;
}

bool is_failed_call(std::string_view word) {
  return word == "MALFORMED_FUNCTION_CALL" || word == "UNEXPECTED_TOOL_CALL" ||
         word == "TOO_MANY_TOOL_CALLS";
}

// The default of the enumerations: nothing is said.
bool is_said(std::string_view word) { return !word.empty() && !word.ends_with("_UNSPECIFIED"); }

media_kind kind_of(std::string_view type) {
  if (type.starts_with("image/")) return media_kind::image;
  if (type.starts_with("audio/")) return media_kind::audio;
  if (type.starts_with("video/")) return media_kind::video;
  return media_kind::file;
}

reasoning_delta signature_of(std::string_view signature) {
  return {.text = {}, .opaque = opaque_of(protocol, json::object{{"thoughtSignature", signature}})};
}

// Members that a part of this kind is not known to have.
bool says_more(const json::object& part, std::string_view kind) {
  return std::ranges::any_of(part, [&](const auto& member) {
    const std::string_view key = member.key();
    return key != kind && key != "thought" && key != "thoughtSignature" &&
           !says_nothing(member.value());
  });
}

}  // namespace

std::expected<void, failure> stream_decoder::event(std::string_view, std::string_view data,
                                                   updates& out) {
  if (state_ == state::finished) return {};
  if (state_ == state::failed) {
    return fail(protocol_error("gemini: an event after the stream had failed", "stream_cut"));
  }
  if (skein::detail::trimmed(data, " \t\r\n").empty()) return {};
  event_memory memory;
  const auto value = memory.parse(provider_, data);
  if (!value) return fail(value.error());
  return chunk(*value, data, out);
}

std::expected<void, failure> stream_decoder::finish(updates& out) {
  if (state_ == state::answered) complete(out);
  if (state_ == state::finished) return {};
  if (state_ == state::open) end_thought(out);
  return cut();
}

std::expected<void, failure> stream_decoder::whole(std::string_view body, updates& out) {
  event_memory memory;
  const auto value = memory.parse(provider_, body);
  if (!value) return fail(value.error());
  if (const auto* chunks = value->if_array()) {
    for (const auto& item : *chunks) {
      if (auto read = chunk(item, body, out); !read) return read;
    }
    return finish(out);
  }
  if (auto read = chunk(*value, body, out); !read) return read;
  const auto* object = value->if_object();
  const auto* candidates = object ? array_at(*object, "candidates") : nullptr;
  if (state_ != state::answered && (!candidates || candidates->empty())) {
    return fail(protocol_error(
        "gemini: the answer has no candidates, and no reason why not. Try again; if it stays, "
        "check the base URL",
        "malformed"));
  }
  complete(out);
  return {};
}

std::expected<void, failure> stream_decoder::chunk(const json::value& value, std::string_view data,
                                                   updates& out) {
  const auto* chunk = value.if_object();
  if (!chunk) {
    out.emplace_back(raw_update{.value = kept(value)});
    return {};
  }
  const json::value* candidates = nullptr;
  const json::value* counts = nullptr;
  const json::value* model = nullptr;
  const json::value* id = nullptr;
  const json::value* feedback = nullptr;
  const json::value* error = nullptr;
  const known_member known[] = {{"candidates", &candidates},
                                {"usageMetadata", &counts},
                                {"modelVersion", &model},
                                {"responseId", &id},
                                {"promptFeedback", &feedback},
                                {"error", &error},
                                {"createTime"}};
  const bool others = find_members(*chunk, known);
  if (is_error(error)) {
    end_thought(out);
    return provider_failed(*error, data);
  }
  add_start(string_of(id), string_of(model), out);
  if (const auto* items = candidates ? candidates->if_array() : nullptr) {
    std::int64_t position = 0;
    for (const auto& item : *items) {
      const auto* candidate = item.if_object();
      const auto index = candidate ? integer_of(candidate->if_contains("index")) : std::nullopt;
      if (candidate && index.value_or(position) == 0) {
        add_candidate(*candidate, out);
      } else if (!says_nothing(item)) {
        out.emplace_back(raw_member("candidate", item));
      }
      ++position;
    }
  }
  if (const auto* said = object_of(feedback)) add_feedback(*said, out);
  if (const auto* said = object_of(counts)) add_usage(*said, out);
  if (others) add_others(*chunk, known, out);
  return {};
}

void stream_decoder::add_start(std::string_view id, std::string_view model, updates& out) {
  const bool new_id = !id.empty() && id != started_.id;
  const bool new_model = !model.empty() && model != started_.model;
  if (!new_id && !new_model) return;
  if (new_id) started_.id = id;
  if (new_model) started_.model = model;
  out.emplace_back(started_);
}

// Thoughts are counted beside the candidates, and results of Google's own tools beside the prompt.
void stream_decoder::add_usage(const json::object& counts, updates& out) {
  const json::value* prompt = nullptr;
  const json::value* candidates = nullptr;
  const json::value* thoughts = nullptr;
  const json::value* cached = nullptr;
  const json::value* tools = nullptr;
  find_members(counts, std::to_array<known_member>({{"promptTokenCount", &prompt},
                                                    {"candidatesTokenCount", &candidates},
                                                    {"thoughtsTokenCount", &thoughts},
                                                    {"cachedContentTokenCount", &cached},
                                                    {"toolUsePromptTokenCount", &tools}}));
  const auto sum = [](std::optional<std::int64_t> total, const json::value* beside) {
    if (const auto more = count_of(beside)) total = total.value_or(0) + *more;
    return total;
  };
  skein::usage now{.input = sum(count_of(prompt), tools),
                   .output = sum(count_of(candidates), thoughts),
                   .cache_read = count_of(cached),
                   .reasoning = count_of(thoughts)};
  if (now.empty() || now == usage_) return;
  usage_ = now;
  out.emplace_back(usage_update{now});
}

void stream_decoder::add_feedback(const json::object& feedback, updates& out) {
  const auto reason = string_at(feedback, "blockReason");
  if (!is_said(reason)) return;
  reason_ = finish_reason::content_filter;
  raw_reason_ = reason;
  state_ = state::answered;
  out.emplace_back(raw_member("promptFeedback", feedback));
}

void stream_decoder::add_candidate(const json::object& candidate, updates& out) {
  const json::value* content = nullptr;
  const json::value* finish = nullptr;
  const json::value* message = nullptr;
  const known_member known[] = {
      {"content", &content}, {"index"},       {"finishReason", &finish},  {"safetyRatings"},
      {"tokenCount"},        {"avgLogprobs"}, {"finishMessage", &message}};
  const bool others = find_members(candidate, known);
  if (const auto* said = object_of(content)) {
    if (const auto* parts = array_at(*said, "parts")) {
      for (const auto& part : *parts) add_part(part, out);
    }
  }
  const auto reason = string_of(finish);
  const bool failed_call = is_failed_call(reason);
  if (others || message) {
    // The message of a failed call is that of its error.
    add_others(candidate, std::span(known).first(std::size(known) - (failed_call ? 0 : 1)), out);
  }
  if (!is_said(reason)) return;
  if (failed_call) {
    end_thought(out);
    out.emplace_back(part_update{
        error_part{.code = std::string(reason), .message = std::string(string_of(message))}});
  }
  reason_ = reason_of(reason);
  raw_reason_ = reason;
  state_ = state::answered;
}

void stream_decoder::add_part(const json::value& part, updates& out) {
  const auto* members = part.if_object();
  if (!members) {
    if (!says_nothing(part)) out.emplace_back(raw_member("part", part));
    return;
  }
  const json::value* text = nullptr;
  const json::value* thought = nullptr;
  const json::value* signed_by = nullptr;
  const known_member known[] = {
      {"text", &text}, {"thought", &thought}, {"thoughtSignature", &signed_by}};
  const bool others = find_members(*members, known);
  const auto signature = string_of(signed_by);
  const auto* call = others ? object_at(*members, "functionCall") : nullptr;
  if (call && add_call(*call, signature, out)) {
    if (says_more(*members, "functionCall")) out.emplace_back(raw_member("part", part));
    return;
  }
  const bool more = others && says_more(*members, "text");
  if ((text && text->is_string()) || (!signature.empty() && !more)) {
    if (thought && thought->is_bool() && thought->get_bool()) {
      add_thought(string_of(text), signature, out);
    } else {
      add_text(string_of(text), signature, out);
    }
    if (more) out.emplace_back(raw_member("part", part));
    return;
  }
  if (add_media(*members, signature, out) || !more) return;
  end_thought(out);
  out.emplace_back(part_update{raw_part{.provider = std::string(protocol), .value = kept(part)}});
}

void stream_decoder::add_thought(std::string_view text, std::string_view signature, updates& out) {
  if (signature.empty()) {
    if (text.empty()) return;
    thinking_ = true;
    out.emplace_back(reasoning_delta{.text = std::string(text)});
    return;
  }
  // A signed part stays apart from what was thought before it.
  end_thought(out);
  const json::object opaque{{"thought", true}, {"thoughtSignature", signature}};
  out.emplace_back(
      reasoning_delta{.text = std::string(text), .opaque = opaque_of(protocol, opaque)});
}

void stream_decoder::add_text(std::string_view text, std::string_view signature, updates& out) {
  if (text.empty() && signature.empty()) return;
  end_thought(out);
  if (!text.empty()) out.emplace_back(text_delta{std::string(text)});
  if (signature.empty()) return;
  const json::object opaque{{"thoughtSignature", signature}, {"text", text.size()}};
  out.emplace_back(reasoning_delta{.text = {}, .opaque = opaque_of(protocol, opaque)});
}

bool stream_decoder::add_call(const json::object& call, std::string_view signature, updates& out) {
  const auto name = string_at(call, "name");
  if (name.empty()) return false;
  end_thought(out);
  const auto number = static_cast<std::uint32_t>(ids_.size());
  const auto given = string_at(call, "id");
  const bool usable = !given.empty() && !std::ranges::contains(ids_, given);
  std::string id = usable ? std::string(given) : call_id_for(number, started_.id);
  while (std::ranges::contains(ids_, id)) id.push_back('_');
  ids_.push_back(std::move(id));
  tool_call_delta delta{.call = number, .id = ids_.back(), .name = std::string(name)};
  if (const auto* args = call.if_contains("args"); args && !args->is_null()) {
    append_value(delta.arguments, *args);
  }
  json::object opaque;
  if (!usable) opaque["id"] = given;
  if (!signature.empty()) opaque["thoughtSignature"] = signature;
  if (!opaque.empty()) delta.opaque = opaque_of(protocol, std::move(opaque));
  out.emplace_back(std::move(delta));
  return true;
}

// What a model drew while it thought is no answer: such a part stays raw.
bool stream_decoder::add_media(const json::object& part, std::string_view signature, updates& out) {
  media_part media;
  const auto* blob = object_at(part, "inlineData");
  const auto* file = object_at(part, "fileData");
  if (part.contains("thought") || (!blob == !file)) return false;
  if (says_more(part, blob ? "inlineData" : "fileData")) return false;
  const auto& members = blob ? *blob : *file;
  media.media_type = string_at(members, "mimeType");
  media.kind = kind_of(media.media_type);
  media.name = string_at(members, "displayName");
  if (blob) {
    auto bytes = json::from_base64(string_at(members, "data"));
    if (!bytes || bytes->empty()) return false;
    media.bytes = std::move(*bytes);
  } else {
    media.uri = string_at(members, "fileUri");
    if (media.uri.empty()) return false;
  }
  end_thought(out);
  out.emplace_back(part_update{std::move(media)});
  if (!signature.empty()) out.emplace_back(signature_of(signature));
  return true;
}

// Also tells the thoughts of this protocol from others', which have no `opaque` of it.
void stream_decoder::end_thought(updates& out) {
  if (!std::exchange(thinking_, false)) return;
  out.emplace_back(
      reasoning_delta{.text = {}, .opaque = opaque_of(protocol, json::object{{"thought", true}})});
}

void stream_decoder::complete(updates& out) {
  end_thought(out);
  state_ = state::finished;
  out.emplace_back(response_finished{.reason = reason_, .raw = raw_reason_});
}

}  // namespace skein::gemini::detail
