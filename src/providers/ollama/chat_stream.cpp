#include <algorithm>
#include <utility>

#include "core/ascii.hpp"
#include "providers/common/call_id.hpp"
#include "providers/common/error_text.hpp"
#include "providers/common/event_json.hpp"
#include "providers/common/json_text.hpp"
#include "providers/common/opaque.hpp"
#include "providers/ollama/chat.hpp"

namespace skein::ollama::detail {

using namespace providers;

namespace {

finish_reason reason_of(std::string_view word) {
  if (word == "stop") return finish_reason::stop;
  if (word == "length") return finish_reason::length;
  return word.empty() ? finish_reason::none : finish_reason::other;
}

// Members of a line that are read, or that say how long what took.
bool is_known(std::string_view key) {
  return key == "model" || key == "created_at" || key == "message" || key == "done" ||
         key == "done_reason" || key == "error" || key == "remote_model" || key == "remote_host" ||
         key == "prompt_eval_count" || key == "eval_count" || key.ends_with("_duration");
}

}  // namespace

std::expected<void, failure> stream_decoder::event(std::string_view, std::string_view data,
                                                   updates& out) {
  if (state_ == state::finished) return {};
  if (state_ == state::failed) {
    return fail(protocol_error("ollama: a line after the stream had failed", "stream_cut"));
  }
  if (skein::detail::trimmed(data, " \t\r\n").empty()) return {};
  event_memory memory;
  const auto value = memory.parse(provider_, data);
  if (!value) return fail(value.error());
  return line(*value, data, out);
}

std::expected<void, failure> stream_decoder::finish(updates& out) {
  if (state_ == state::finished) return {};
  if (state_ == state::open) end_thinking(out);
  return cut();
}

std::expected<void, failure> stream_decoder::whole(std::string_view body, updates& out) {
  event_memory memory;
  const auto value = memory.parse(provider_, body);
  if (!value) return fail(value.error());
  if (auto read = line(*value, body, out); !read) return read;
  return finish(out);
}

std::expected<void, failure> stream_decoder::line(const json::value& value, std::string_view data,
                                                  updates& out) {
  const auto* members = value.if_object();
  if (!members) {
    out.emplace_back(raw_update{.value = kept(value)});
    return {};
  }
  if (const auto* error = members->if_contains("error"); is_error(error)) {
    end_thinking(out);
    return provider_failed(*error, data);
  }
  if (created_at_.empty()) created_at_ = string_at(*members, "created_at");
  if (const auto model = string_at(*members, "model"); !model.empty() && model != model_) {
    model_ = model;
    out.emplace_back(response_started{.id = {}, .model = model_});
  }
  if (const auto* message = object_at(*members, "message")) add_message(*message, out);
  for (const auto& member : *members) {
    if (!is_known(member.key()) && !says_nothing(member.value())) {
      out.emplace_back(raw_member(member.key(), member.value()));
    }
  }
  const auto* done = members->if_contains("done");
  if (!done || !done->is_bool() || !done->get_bool()) return {};
  const skein::usage usage{.input = count_at(members, "prompt_eval_count"),
                           .output = count_at(members, "eval_count")};
  if (!usage.empty()) out.emplace_back(usage_update{usage});
  end_thinking(out);
  state_ = state::finished;
  const auto word = string_at(*members, "done_reason");
  out.emplace_back(response_finished{.reason = reason_of(word), .raw = std::string(word)});
  return {};
}

void stream_decoder::add_message(const json::object& message, updates& out) {
  if (const auto thinking = string_at(message, "thinking"); !thinking.empty()) {
    thinking_ = true;
    out.emplace_back(reasoning_delta{.text = std::string(thinking)});
  }
  if (const auto content = string_at(message, "content"); !content.empty()) {
    end_thinking(out);
    out.emplace_back(text_delta{std::string(content)});
  }
  if (const auto* calls = array_at(message, "tool_calls")) {
    for (const auto& call : *calls) add_call(call, out);
  }
  for (const auto& member : message) {
    const std::string_view key = member.key();
    if (key != "role" && key != "content" && key != "thinking" && key != "tool_calls" &&
        !says_nothing(member.value())) {
      out.emplace_back(raw_member(key, member.value()));
    }
  }
}

void stream_decoder::add_call(const json::value& call, updates& out) {
  const auto* members = call.if_object();
  const auto* function = members ? object_at(*members, "function") : nullptr;
  const auto name = function ? string_at(*function, "name") : std::string_view();
  if (name.empty()) {
    if (!says_nothing(call)) out.emplace_back(raw_member("tool_call", call));
    return;
  }
  end_thinking(out);
  const auto number = static_cast<std::uint32_t>(ids_.size());
  const auto given = string_at(*members, "id");
  const bool usable = !given.empty() && !std::ranges::contains(ids_, given);
  std::string id = usable ? std::string(given) : call_id_for(number, created_at_);
  while (std::ranges::contains(ids_, id)) id.push_back('_');
  ids_.push_back(id);
  tool_call_delta delta{.call = number, .id = std::move(id), .name = std::string(name)};
  if (const auto* arguments = function->if_contains("arguments")) {
    if (const auto* text = arguments->if_string()) {
      delta.arguments = *text;
    } else if (!arguments->is_null()) {
      append_value(delta.arguments, *arguments);
    }
  }
  out.emplace_back(std::move(delta));
}

// Tells the thinking of this protocol from others'.
void stream_decoder::end_thinking(updates& out) {
  if (!std::exchange(thinking_, false)) return;
  out.emplace_back(reasoning_delta{.text = {}, .opaque = opaque_of(protocol, json::object())});
}

}  // namespace skein::ollama::detail
