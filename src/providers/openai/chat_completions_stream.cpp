#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "chat_completions.hpp"
#include "error_text.hpp"
#include "json_text.hpp"
#include "reasoning_form.hpp"

namespace skein::openai::detail {

namespace {

constexpr std::string_view blanks = " \t\r\n";

boost::json::parse_options lenient() {
  boost::json::parse_options options;
  options.numbers = boost::json::number_precision::precise;
  options.max_depth = 64;
  options.allow_invalid_utf8 = true;
  options.allow_invalid_utf16 = true;
  options.allow_infinity_and_nan = true;
  return options;
}

std::string_view string_of(const json::value* value) {
  if (!value) return {};
  const auto* text = value->if_string();
  return text ? std::string_view(*text) : std::string_view();
}

std::string_view string_at(const json::object& object, std::string_view key) {
  return string_of(object.if_contains(key));
}

const json::object* object_of(const json::value* value) {
  return value ? value->if_object() : nullptr;
}

const json::object* object_at(const json::object& object, std::string_view key) {
  return object_of(object.if_contains(key));
}

const json::array* array_at(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  return value ? value->if_array() : nullptr;
}

std::optional<std::int64_t> integer_of(const json::value* value) {
  if (!value) return std::nullopt;
  if (const auto* number = value->if_int64()) return *number;
  if (const auto* digits = value->if_string()) {
    std::int64_t number = 0;
    const char* end = digits->data() + digits->size();
    const auto parsed = std::from_chars(digits->data(), end, number);
    if (parsed.ec == std::errc() && parsed.ptr == end) return number;
  }
  return std::nullopt;
}

// A count of tokens: absent if it is not one.
std::optional<std::int64_t> count_at(const json::object* object, std::string_view key) {
  const auto* value = object ? object->if_contains(key) : nullptr;
  const auto* number = value ? value->if_int64() : nullptr;
  return number && *number >= 0 ? std::optional(*number) : std::nullopt;
}

bool is_empty(const json::value& value) {
  if (value.is_null()) return true;
  if (const auto* text = value.if_string()) return text->empty();
  if (const auto* items = value.if_array()) return items->empty();
  if (const auto* members = value.if_object()) return members->empty();
  return false;
}

// Out of the memory of this event.
raw_update raw(std::string_view key, const json::value& value) {
  json::object copy;
  copy.emplace(key, json::value(value, json::value().storage()));
  return {.value = std::move(copy)};
}

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

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(blanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(blanks) - begin + 1);
}

}  // namespace

void throw_failure(failure&& f) {
  std::visit([]<class Error>(Error&& error) { throw std::forward<Error>(error); }, std::move(f));
  std::unreachable();
}

// What one event is parsed in. On the stack of whoever reads it: all streams take turns with memory
// that the processor has at hand, and none holds any between its events.
class stream_decoder::event_memory {
 public:
  event_memory()
      : resource_(value_memory_.data(), value_memory_.size()),
        parser_({}, lenient(), parse_memory_.data(), parse_memory_.size()) {
    parser_.reset(&resource_);
  }

  [[nodiscard]] std::expected<json::value, failure> parse(std::string_view text) {
    boost::system::error_code error;
    const std::size_t offset = parser_.write(text.data(), text.size(), error);
    if (error) {
      return std::unexpected(
          protocol_error("openai: the server sent something that is not JSON (at byte " +
                             std::to_string(offset) + " of " + std::to_string(text.size()) + ": " +
                             error.message() + "). Try again; if it stays, check the base URL",
                         "malformed"));
    }
    return parser_.release();
  }

 private:
  std::array<unsigned char, 4096> value_memory_;
  std::array<unsigned char, 1024> parse_memory_;
  boost::json::monotonic_resource resource_;
  boost::json::parser parser_;
};

std::expected<void, failure> stream_decoder::event(std::string_view data, updates& out) {
  if (state_ == state::finished) return {};
  if (state_ == state::failed) {
    return fail(protocol_error("openai: an event after the stream had failed", "stream_cut"));
  }
  if (!data.starts_with('{')) {
    data = trimmed(data);
    if (data.empty() || data.starts_with(':')) return {};
    if (data == "[DONE]") {
      complete(out);
      return {};
    }
  }
  event_memory memory;
  const auto value = memory.parse(data);
  if (!value) return fail(value.error());
  return chunk(*value, data, out);
}

std::expected<void, failure> stream_decoder::unterminated_event(std::string_view data,
                                                                updates& out) {
  const std::string_view text = trimmed(data);
  if (text.starts_with('{') && state_ != state::finished && !event_memory().parse(text)) return {};
  if (!text.starts_with('{') && text != "[DONE]") return {};
  return event(data, out);
}

std::expected<void, failure> stream_decoder::finish(updates& out) {
  switch (state_) {
    case state::finished:
      return {};
    case state::answered:
      complete(out);
      return {};
    case state::failed:
      return fail(protocol_error("openai: the end of a stream that had failed", "stream_cut"));
    case state::open:
      break;
  }
  give_held_back(out);
  return fail(protocol_error(
      "openai: the stream ended before a finish reason or [DONE]: the connection was cut, or the "
      "server gave up. The answer so far is not whole; ask again",
      "stream_cut"));
}

std::expected<void, failure> stream_decoder::whole(std::string_view body, updates& out) {
  event_memory memory;
  const auto value = memory.parse(body);
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

std::expected<void, failure> stream_decoder::fail(failure f) {
  state_ = state::failed;
  return std::unexpected(std::move(f));
}

std::expected<void, failure> stream_decoder::provider_failed(const json::value& error,
                                                             std::string_view body) {
  error_text said = read_error(error);
  std::string text = "openai: the server reported an error in its answer";
  if (!said.code.empty()) text += " (" + one_line(said.code, 60) + ")";
  text += ": " + one_line(said.message, 400);
  return fail(provider_error(text, {.status = said.status,
                                    .code = std::move(said.code),
                                    .retry_after = {},
                                    .body = std::string(body)}));
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
        out.emplace_back(raw("choice", item));
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
  if (choice.logprobs && !is_empty(*choice.logprobs)) {
    out.emplace_back(raw("logprobs", *choice.logprobs));
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
    } else if (key != "role" && !is_empty(value)) {
      out.emplace_back(raw(key, value));
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
    } else if (!is_empty(*known.tool_calls)) {
      add_call(*known.tool_calls, out);
    }
  }
  if (known.function_call && !is_empty(*known.function_call)) add_call(*known.function_call, out);
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
    if (!is_empty(content)) out.emplace_back(raw("content", content));
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
    } else if (!is_empty(item)) {
      out.emplace_back(raw("content", item));
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
    if (!is_empty(call)) out.emplace_back(raw("tool_call", call));
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
