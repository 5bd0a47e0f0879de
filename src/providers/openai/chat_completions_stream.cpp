#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "core/ascii.hpp"
#include "providers/common/error_text.hpp"
#include "providers/common/event_json.hpp"
#include "providers/common/json_text.hpp"
#include "providers/openai/chat_completions.hpp"
#include "providers/openai/reasoning_form.hpp"

namespace skein::openai::detail {

using namespace providers;

namespace {

constexpr std::string_view blanks = " \t\r\n";

finish_reason reason_of(std::string_view word) {
  if (word == "stop" || word == "end_turn" || word == "eos" || word == "stop_sequence") {
    return finish_reason::stop;
  }
  if (word == "length" || word == "max_tokens") return finish_reason::length;
  if (word == "tool_calls" || word == "function_call" || word == "tool_use") {
    return finish_reason::tool_calls;
  }
  if (word == "content_filter") return finish_reason::content_filter;
  return finish_reason::other;
}

}  // namespace

std::expected<void, failure> stream_decoder::event(std::string_view, std::string_view data,
                                                   updates& out) {
  if (state_ == state::finished) return {};
  if (state_ == state::failed) {
    return fail(protocol_error("openai: an event after the stream had failed", "stream_cut"));
  }
  if (!data.starts_with('{')) {
    data = skein::detail::trimmed(data, blanks);
    if (data.empty() || data.starts_with(':')) return {};
    if (data == "[DONE]") {
      complete(out);
      return {};
    }
  }
  providers::event_memory memory;
  const auto value = memory.parse(provider_, data);
  if (!value) return fail(value.error());
  return chunk(*value, data, out);
}

std::expected<void, failure> stream_decoder::unterminated_event(std::string_view name,
                                                                std::string_view data,
                                                                updates& out) {
  const std::string_view text = skein::detail::trimmed(data, blanks);
  if (text == "[DONE]") return event(name, text, out);
  if (!text.starts_with('{')) return {};
  return answer_decoder::unterminated_event(name, text, out);
}

std::expected<void, failure> stream_decoder::finish(updates& out) {
  if (state_ == state::answered) complete(out);
  if (state_ == state::finished) return {};
  if (state_ == state::open) give_held_back(out);
  return cut();
}

std::expected<void, failure> stream_decoder::whole(std::string_view body, updates& out) {
  providers::event_memory memory;
  const auto value = memory.parse(provider_, body);
  if (!value) return fail(value.error());
  const auto* object = value->if_object();
  if (auto done = chunk(*value, body, out); !done) return done;
  const auto* choices = object ? array_at(*object, "choices") : nullptr;
  if (!choices || choices->empty()) {
    return fail(protocol_error(
        "openai: the answer has no choices: is this the URL of a chat completions server?",
        "malformed"));
  }
  complete(out);
  return {};
}

// Found in one pass: a search for each name would compare every name with every member.
struct stream_decoder::chunk_members {
  const json::value* error = nullptr;
  const json::value* object = nullptr;
  const json::value* id = nullptr;
  const json::value* model = nullptr;
  const json::value* choices = nullptr;
  const json::value* usage = nullptr;
  const json::value* x_groq = nullptr;

  explicit chunk_members(const json::object& chunk) {
    for (const auto& member : chunk) {
      const std::string_view key = member.key();
      const json::value* value = &member.value();
      if (key == "id") {
        id = value;
      } else if (key == "object") {
        object = value;
      } else if (key == "model") {
        model = value;
      } else if (key == "choices") {
        choices = value;
      } else if (key == "usage") {
        usage = value;
      } else if (key == "error") {
        error = value;
      } else if (key == "x_groq") {
        x_groq = value;
      }
    }
  }
};

struct stream_decoder::choice_members {
  const json::value* error = nullptr;
  const json::value* index = nullptr;
  const json::value* delta = nullptr;
  const json::value* message = nullptr;
  const json::value* logprobs = nullptr;
  const json::value* finish_reason = nullptr;
  const json::value* usage = nullptr;

  explicit choice_members(const json::object& choice) {
    for (const auto& member : choice) {
      const std::string_view key = member.key();
      const json::value* value = &member.value();
      if (key == "index") {
        index = value;
      } else if (key == "delta") {
        delta = value;
      } else if (key == "finish_reason") {
        finish_reason = value;
      } else if (key == "logprobs") {
        logprobs = value;
      } else if (key == "message") {
        message = value;
      } else if (key == "usage") {
        usage = value;
      } else if (key == "error") {
        error = value;
      }
    }
  }
};

std::expected<void, failure> stream_decoder::chunk(const json::value& value, std::string_view data,
                                                   updates& out) {
  const auto* chunk = value.if_object();
  if (!chunk) {
    out.emplace_back(raw_update{.value = json::value(value, json::value().storage())});
    return {};
  }
  const chunk_members known(*chunk);
  if (is_error(known.error)) return provider_failed(*known.error, data);
  if (string_of(known.object) == "error") return provider_failed(value, data);
  add_start(string_of(known.id), string_of(known.model), out);
  calls_.begin_event();
  const json::value* usage = known.usage;
  if (const auto* choices = known.choices ? known.choices->if_array() : nullptr) {
    for (const auto& item : *choices) {
      const auto* object = item.if_object();
      if (!object) continue;
      const choice_members choice(*object);
      if (is_error(choice.error)) return provider_failed(*choice.error, data);
      if (integer_of(choice.index).value_or(0) != 0) {
        out.emplace_back(raw_member("choice", item));
        continue;
      }
      add_choice(choice, out);
      // Moonshot puts it there.
      if (!usage) usage = choice.usage;
    }
  }
  if (!usage) {
    const auto* groq = object_of(known.x_groq);
    if (groq) usage = groq->if_contains("usage");
  }
  add_usage(usage, out);
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

void stream_decoder::add_usage(const json::value* usage, updates& out) {
  const auto* counts = usage ? usage->if_object() : nullptr;
  if (!counts) return;
  const auto* input = object_at(*counts, "prompt_tokens_details");
  const auto* output = object_at(*counts, "completion_tokens_details");
  skein::usage now{.input = count_at(counts, "prompt_tokens"),
                   .output = count_at(counts, "completion_tokens"),
                   .cache_read = count_at(input, "cached_tokens"),
                   .cache_write = count_at(input, "cache_write_tokens"),
                   .reasoning = count_at(output, "reasoning_tokens")};
  // xAI counts reasoning beside the output, which only the total shows.
  const auto total = count_at(counts, "total_tokens");
  if (now.reasoning && now.input && now.output &&
      total == *now.input + *now.output + *now.reasoning) {
    *now.output += *now.reasoning;
  }
  // DeepSeek, then Moonshot; LiteLLM.
  if (!now.cache_read) now.cache_read = count_at(counts, "prompt_cache_hit_tokens");
  if (!now.cache_read) now.cache_read = count_at(counts, "cached_tokens");
  if (!now.cache_write) now.cache_write = count_at(counts, "cache_creation_input_tokens");
  if (now.empty() || now == usage_) return;
  usage_ = now;
  out.emplace_back(usage_update{now});
}

void stream_decoder::add_choice(const choice_members& choice, updates& out) {
  if (const auto* delta = object_of(choice.delta)) {
    add_delta(*delta, out);
  } else if (const auto* message = object_of(choice.message); message && !any_content_) {
    // In a stream, some servers end with the whole message, which is known by then.
    add_delta(*message, out);
  }
  if (choice.logprobs && !says_nothing(*choice.logprobs)) {
    out.emplace_back(raw_member("logprobs", *choice.logprobs));
  }
  if (const std::string_view word = string_of(choice.finish_reason); !word.empty()) {
    raw_reason_ = word;
    reason_ = reason_of(word);
    state_ = state::answered;
  }
}

struct stream_decoder::delta_members {
  const json::value* content = nullptr;
  const json::value* refusal = nullptr;
  const json::value* reasoning_content = nullptr;
  const json::value* reasoning = nullptr;
  const json::value* reasoning_details = nullptr;
  const json::value* tool_calls = nullptr;
  const json::value* function_call = nullptr;
};

void stream_decoder::add_delta(const json::object& delta, updates& out) {
  delta_members known;
  for (const auto& member : delta) {
    const std::string_view key = member.key();
    const json::value& value = member.value();
    if (key == "content") {
      known.content = &value;
    } else if (key == "tool_calls") {
      known.tool_calls = &value;
    } else if (key == reasoning_content_key) {
      known.reasoning_content = &value;
    } else if (key == reasoning_key) {
      known.reasoning = &value;
    } else if (key == "reasoning_details") {
      known.reasoning_details = &value;
    } else if (key == "refusal") {
      known.refusal = &value;
    } else if (key == "function_call") {
      known.function_call = &value;
    } else if (key != "role" && !says_nothing(value)) {
      out.emplace_back(raw_member(key, value));
    }
  }
  add_reasoning(known, out);
  if (known.content) add_content(*known.content, out);
  if (const std::string_view text = string_of(known.refusal); !text.empty()) {
    refusal_ += text;
    any_content_ = true;
  }
  if (known.tool_calls) {
    if (const auto* calls = known.tool_calls->if_array()) {
      for (const auto& call : *calls) add_call(call, out);
    } else if (!says_nothing(*known.tool_calls)) {
      add_call(*known.tool_calls, out);
    }
  }
  if (known.function_call && !says_nothing(*known.function_call))
    add_call(*known.function_call, out);
}

void stream_decoder::add_reasoning(const delta_members& delta, updates& out) {
  // Servers that send the text under several names mean it once.
  std::string text(string_of(delta.reasoning_content));
  std::string_view key = reasoning_content_key;
  if (text.empty()) {
    text = string_of(delta.reasoning);
    key = reasoning_key;
  }
  if (!text.empty()) reasoning_key_ = key;
  const auto* details = delta.reasoning_details ? delta.reasoning_details->if_array() : nullptr;
  if (details) {
    if (text.empty()) {
      for (const auto& detail : *details) {
        const auto* fields = detail.if_object();
        if (!fields) continue;
        text += string_at(*fields, "text");
        text += string_at(*fields, "summary");
      }
    }
    add_reasoning_details(*details);
  }
  if (!text.empty()) out.emplace_back(reasoning_delta{.text = std::move(text)});
}

// Fragments of one text or summary become one item again; all others are whole.
void stream_decoder::add_reasoning_details(const json::array& details) {
  for (const auto& detail : details) {
    const auto* fields = detail.if_object();
    if (!fields) continue;
    auto* last = reasoning_details_.empty() ? nullptr : reasoning_details_.back().if_object();
    const std::string_view type = string_at(*fields, "type");
    const bool joins =
        last && (type == "reasoning.text" || type == "reasoning.summary") &&
        string_at(*last, "type") == type &&
        integer_of(last->if_contains("index")) == integer_of(fields->if_contains("index")) &&
        string_at(*last, "signature").empty();
    if (!joins) {
      reasoning_details_.emplace_back(json::value(detail, reasoning_details_.storage()));
      continue;
    }
    for (const auto& field : *fields) {
      if (field.value().is_null()) continue;
      json::value& known = (*last)[field.key()];
      if ((field.key() == "text" || field.key() == "summary") && known.is_string() &&
          field.value().is_string()) {
        known.get_string() += std::string_view(field.value().get_string());
      } else {
        known = json::value(field.value(), reasoning_details_.storage());
      }
    }
  }
}

void stream_decoder::add_content(const json::value& content, updates& out) {
  if (const auto* text = content.if_string()) return add_text(*text, out);
  const auto* items = content.if_array();
  if (!items) {
    if (!says_nothing(content)) out.emplace_back(raw_member("content", content));
    return;
  }
  for (const auto& item : *items) {
    if (item.is_string()) {
      add_text(item.get_string(), out);
      continue;
    }
    const auto* fields = item.if_object();
    const std::string_view type = fields ? string_at(*fields, "type") : std::string_view();
    if (type == "text") {
      add_text(string_at(*fields, "text"), out);
    } else if (const auto* thoughts = fields ? array_at(*fields, "thinking") : nullptr) {
      // Mistral.
      for (const auto& thought : *thoughts) {
        const auto* parts = thought.if_object();
        const std::string_view text = parts ? string_at(*parts, "text") : std::string_view();
        if (!text.empty()) out.emplace_back(reasoning_delta{.text = std::string(text)});
      }
    } else if (!says_nothing(item)) {
      out.emplace_back(raw_member("content", item));
    }
  }
}

void stream_decoder::add_text(std::string_view text, updates& out) {
  if (text.empty()) return;
  end_reasoning(out);
  any_content_ = true;
  out.emplace_back(text_delta{std::string(text)});
}

void stream_decoder::add_call(const json::value& call, updates& out) {
  const auto* fields = call.if_object();
  if (!fields || string_at(*fields, "type") == "custom") {
    if (!says_nothing(call)) out.emplace_back(raw_member("tool_call", call));
    return;
  }
  end_reasoning(out);
  any_content_ = true;
  const auto* function = object_at(*fields, "function");
  if (!function) function = fields;
  call_tracker::fragment fragment{.id = string_at(*fields, "id"),
                                  .index = integer_of(fields->if_contains("index")),
                                  .name = string_at(*function, "name")};
  std::string serialised;
  if (const auto* arguments = function->if_contains("arguments")) {
    if (const auto* text = arguments->if_string()) {
      fragment.arguments = *text;
    } else if (!arguments->is_null()) {
      append_value(serialised, *arguments);
      fragment.arguments = serialised;
    }
  }
  calls_.add(fragment, started_.id, out);
}

void stream_decoder::end_reasoning(updates& out) {
  if (reasoning_key_.empty() && reasoning_details_.empty()) return;
  reasoning_form form{.key = std::exchange(reasoning_key_, {}),
                      .details = std::exchange(reasoning_details_, {})};
  out.emplace_back(reasoning_delta{.text = {}, .opaque = form.text()});
}

void stream_decoder::give_held_back(updates& out) {
  end_reasoning(out);
  calls_.finish(out);
  if (!refusal_.empty()) {
    out.emplace_back(
        part_update{error_part{.code = "refusal", .message = std::exchange(refusal_, {})}});
  }
}

void stream_decoder::complete(updates& out) {
  give_held_back(out);
  state_ = state::finished;
  out.emplace_back(response_finished{.reason = reason_, .raw = raw_reason_});
}

}  // namespace skein::openai::detail
