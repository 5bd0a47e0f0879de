#include <algorithm>
#include <iterator>
#include <utility>

#include "core/ascii.hpp"
#include "providers/anthropic/messages.hpp"
#include "providers/common/call_id.hpp"
#include "providers/common/error_text.hpp"
#include "providers/common/event_json.hpp"
#include "providers/common/json_text.hpp"
#include "providers/common/opaque.hpp"

namespace skein::anthropic::detail {

using namespace providers;

namespace {

constexpr std::string_view own_word = "anthropic";
constexpr std::size_t no_block = static_cast<std::size_t>(-1);

json::object kept_object(const json::object& object) { return {object, json::value().storage()}; }

finish_reason reason_of(std::string_view word) {
  if (word == "end_turn" || word == "stop_sequence") return finish_reason::stop;
  if (word == "max_tokens" || word == "model_context_window_exceeded") return finish_reason::length;
  if (word == "tool_use") return finish_reason::tool_calls;
  if (word == "refusal") return finish_reason::content_filter;
  return finish_reason::other;
}

// What a delta of a type that is not known adds to a block that is not known: text to text, the
// rest in place of what was there.
void grow(json::object& block, const json::object& delta) {
  for (const auto& [key, value] : delta) {
    if (key == "type") continue;
    auto* old = block.if_contains(key);
    if (old && old->is_string() && value.is_string()) {
      old->get_string() += std::string_view(value.get_string());
    } else {
      block[key] = kept(value);
    }
  }
}

json::value input_of(std::string_view text) {
  boost::system::error_code error;
  json::value parsed = json::parse(text, error, {}, {.max_depth = 64, .allow_invalid_utf8 = true});
  if (!error) return parsed;
  return json::object{{"invalid_json", text}};
}

std::optional<std::int64_t> sum_of(std::optional<std::int64_t> a, std::optional<std::int64_t> b) {
  std::int64_t sum = 0;
  if (!a || __builtin_add_overflow(*a, b.value_or(0), &sum)) return std::nullopt;
  return sum;
}

}  // namespace

std::expected<void, failure> messages_decoder::event(std::string_view name, std::string_view data,
                                                     updates& out) {
  if (state_ == state::finished) return {};
  if (state_ == state::failed) {
    return fail(protocol_error("anthropic: an event after the stream had failed", "stream_cut"));
  }
  if (skein::detail::trimmed(data, " \t\r\n").empty()) return {};
  event_memory memory;
  const auto value = memory.parse(provider_, data);
  if (!value) {
    give_held_back(out);
    return fail(value.error());
  }
  const auto* object = value->if_object();
  if (!object) {
    out.emplace_back(raw_update{kept(*value)});
    return {};
  }
  const std::string_view type = string_at(*object, "type");
  return read(type.empty() ? name : type, *object, data, out);
}

std::expected<void, failure> messages_decoder::finish(updates& out) {
  if (state_ == state::finished) return {};
  if (state_ == state::open) give_held_back(out);
  return cut();
}

std::expected<void, failure> messages_decoder::whole(std::string_view body, updates& out) {
  event_memory memory;
  const auto value = memory.parse(provider_, body);
  if (!value) return fail(value.error());
  const auto* message = value->if_object();
  const auto* error = message ? message->if_contains("error") : nullptr;
  if (is_error(error)) return provider_failed(*error, body);
  if (!message || !array_at(*message, "content")) {
    return fail(protocol_error(
        "anthropic: the answer has no content: is this the URL of a Messages API?", "malformed"));
  }
  add_message(*message, out);
  complete(out);
  return {};
}

std::expected<void, failure> messages_decoder::read(std::string_view type,
                                                    const json::object& event,
                                                    std::string_view data, updates& out) {
  bool known = false;
  const auto index = integer_of(event.if_contains("index"));
  if (type == "content_block_delta") {
    const auto* delta = object_at(event, "delta");
    const std::size_t which = find_block(index);
    known = delta && which != no_block && add_delta(open_[which], *delta, out);
  } else if (type == "content_block_start") {
    const auto* content = object_at(event, "content_block");
    known = content && begin_block(index, *content, out);
  } else if (type == "content_block_stop") {
    if (const std::size_t which = find_block(index); which != no_block) end_block(which, out);
    known = true;
  } else if (type == "message_start") {
    if (const auto* message = object_at(event, "message")) {
      add_message(*message, out);
      known = true;
    }
  } else if (type == "message_delta") {
    if (const auto* delta = object_at(event, "delta")) add_message(*delta, out);
    if (const auto* counts = object_at(event, "usage")) add_usage(*counts, out);
    known = true;
  } else if (type == "message_stop") {
    complete(out);
    return {};
  } else if (type == "error") {
    give_held_back(out);
    const auto* error = event.if_contains("error");
    return provider_failed(error ? *error : json::value(event), data);
  } else {
    known = type == "ping";
  }
  if (!known) out.emplace_back(raw_update{kept_object(event)});
  return {};
}

// The message at the start of a stream, what a message_delta changes of it, or a whole answer.
void messages_decoder::add_message(const json::object& message, updates& out) {
  const std::string_view id = string_at(message, "id");
  const std::string_view model = string_at(message, "model");
  const bool new_id = !id.empty() && id != started_.id;
  const bool new_model = !model.empty() && model != started_.model;
  if (new_id) started_.id = id;
  if (new_model) started_.model = model;
  if (new_id || new_model) out.emplace_back(started_);

  if (const auto* content = array_at(message, "content")) {
    for (const auto& item : *content) {
      const auto* object = item.if_object();
      if (object && begin_block(std::nullopt, *object, out)) {
        end_block(open_.size() - 1, out);
      } else {
        out.emplace_back(raw_member("content", item));
      }
    }
  }
  if (const std::string_view word = string_at(message, "stop_reason"); !word.empty()) {
    raw_reason_ = word;
    reason_ = reason_of(word);
  }
  if (const auto* details = object_at(message, "stop_details")) {
    const std::string_view why = string_at(*details, "explanation");
    if (string_at(*details, "type") == "refusal" && !why.empty()) {
      out.emplace_back(part_update{error_part{.code = "refusal", .message = std::string(why)}});
    }
  }
  for (const auto& [key, value] : message) {
    const bool known = key == "id" || key == "model" || key == "content" || key == "stop_reason" ||
                       key == "usage" || key == "type" || key == "role";
    if (!known && !says_nothing(value)) out.emplace_back(raw_member(key, value));
  }
  if (const auto* counts = object_at(message, "usage")) add_usage(*counts, out);
}

// The counts are cumulative; one that is missing stays what it was. `input_tokens` is what neither
// came from the cache nor went into it (Prompt caching, Tracking cache performance).
void messages_decoder::add_usage(const json::object& counts, updates& out) {
  const auto set = [](std::optional<std::int64_t>& to, std::optional<std::int64_t> count) {
    if (count) to = count;
  };
  set(counted_.input, count_at(&counts, "input_tokens"));
  set(counted_.cache_read, count_at(&counts, "cache_read_input_tokens"));
  set(counted_.cache_write, count_at(&counts, "cache_creation_input_tokens"));
  set(counted_.output, count_at(&counts, "output_tokens"));
  set(counted_.reasoning, count_at(object_at(counts, "output_tokens_details"), "thinking_tokens"));
  skein::usage now = counted_;
  now.input = sum_of(sum_of(counted_.input, counted_.cache_read), counted_.cache_write);
  if (now.empty() || now == usage_) return;
  usage_ = now;
  out.emplace_back(usage_update{now});
}

bool messages_decoder::begin_block(std::optional<std::int64_t> index, const json::object& content,
                                   updates& out) {
  const std::string_view type = string_at(content, "type");
  if (type.empty()) return false;
  // A block that begins again has ended.
  if (const std::size_t which = find_block(index); index && which != no_block) {
    end_block(which, out);
  }
  // llama-server ends all blocks after the last: what was thought stays before what comes of it,
  // unless a signature has begun, of which half is worth nothing.
  const auto thought = std::ranges::find_if(
      open_, [](const block& b) { return b.kind == block_kind::thinking && b.gathered.empty(); });
  if (thought != open_.end()) end_block(static_cast<std::size_t>(thought - open_.begin()), out);
  block b{.index = index, .kind = block_kind::other};
  if (type == "text") {
    b.kind = block_kind::text;
    b.text = string_at(content, "text");
    if (const auto* citations = array_at(content, "citations")) {
      for (const auto& citation : *citations) b.citations.push_back(kept(citation));
    }
    if (!b.text.empty()) out.emplace_back(text_delta{b.text});
  } else if (type == "thinking") {
    b.kind = block_kind::thinking;
    b.gathered = string_at(content, "signature");
    const std::string_view text = string_at(content, "thinking");
    if (!text.empty()) out.emplace_back(reasoning_delta{.text = std::string(text)});
  } else if (type == "tool_use") {
    b.kind = block_kind::call;
    begin_call(b, content, out);
  } else {
    b.value = kept_object(content);
  }
  open_.push_back(std::move(b));
  return true;
}

void messages_decoder::begin_call(block& b, const json::object& content, updates& out) {
  b.call = static_cast<std::uint32_t>(call_ids_.size());
  std::string id(string_at(content, "id"));
  const auto taken = [&] { return std::ranges::contains(call_ids_, id); };
  if (id.empty() || taken()) id = call_id_for(b.call, started_.id);
  while (taken()) id.push_back('x');
  call_ids_.push_back(id);

  json::object others;
  for (const auto& [key, value] : content) {
    if (key == "type" || key == "id" || key == "name") continue;
    if (key != "input") {
      if (!value.is_null()) others[key] = kept(value);
    } else if (!says_nothing(value)) {
      append_value(b.gathered, value);
    }
  }
  out.emplace_back(tool_call_delta{
      .call = b.call,
      .id = std::move(id),
      .name = std::string(string_at(content, "name")),
      .arguments = {},
      .opaque = others.empty() ? std::string() : opaque_of(own_word, std::move(others))});
}

bool messages_decoder::add_delta(block& b, const json::object& delta, updates& out) {
  const std::string_view type = string_at(delta, "type");
  if (b.kind == block_kind::other) {
    if (type == "input_json_delta") {
      b.gathered += string_at(delta, "partial_json");
    } else {
      grow(b.value, delta);
    }
    return true;
  }
  if (b.kind == block_kind::text && type == "text_delta") {
    const std::string_view text = string_at(delta, "text");
    if (text.empty()) return true;
    b.text += text;
    out.emplace_back(text_delta{std::string(text)});
    return true;
  }
  if (b.kind == block_kind::text && type == "citations_delta") {
    const auto* citation = delta.if_contains("citation");
    if (citation) b.citations.push_back(kept(*citation));
    return citation != nullptr;
  }
  if (b.kind == block_kind::thinking && type == "thinking_delta") {
    const std::string_view text = string_at(delta, "thinking");
    if (!text.empty()) out.emplace_back(reasoning_delta{.text = std::string(text)});
    return true;
  }
  if (b.kind == block_kind::thinking && type == "signature_delta") {
    b.gathered = string_at(delta, "signature");
    return true;
  }
  if (b.kind == block_kind::call && type == "input_json_delta") {
    const std::string_view text = string_at(delta, "partial_json");
    if (text.empty()) return true;
    b.streamed = true;
    out.emplace_back(tool_call_delta{.call = b.call, .arguments = std::string(text)});
    return true;
  }
  return false;
}

void messages_decoder::end_block(std::size_t which, updates& out) {
  block b = std::move(open_[which]);
  open_.erase(std::next(open_.begin(), static_cast<std::ptrdiff_t>(which)));
  switch (b.kind) {
    case block_kind::text:
      if (b.citations.empty()) return;
      b.value["type"] = "text";
      b.value["text"] = b.text;
      b.value["citations"] = std::move(b.citations);
      break;
    case block_kind::thinking:
      out.emplace_back(reasoning_delta{
          .text = {},
          .opaque = opaque_of(own_word, json::object{{"signature", std::move(b.gathered)}})});
      return;
    case block_kind::call:
      if (!b.streamed && !b.gathered.empty()) {
        out.emplace_back(tool_call_delta{.call = b.call, .arguments = std::move(b.gathered)});
      }
      return;
    case block_kind::other:
      if (b.value.at("type") == "redacted_thinking" && b.value.contains("data")) {
        b.value.erase("type");
        out.emplace_back(
            reasoning_delta{.text = {}, .opaque = opaque_of(own_word, std::move(b.value))});
        return;
      }
      if (!b.gathered.empty()) b.value["input"] = input_of(b.gathered);
      break;
  }
  out.emplace_back(part_update{raw_part{.provider = std::string(own_word), .value = b.value}});
}

// Without an index, the last one.
std::size_t messages_decoder::find_block(std::optional<std::int64_t> index) const noexcept {
  for (std::size_t i = open_.size(); i-- > 0;) {
    if (!index || open_[i].index == index) return i;
  }
  return no_block;
}

// Of a stream that will not be whole: half a block is no part, and half a signature none at all.
void messages_decoder::give_held_back(updates& out) {
  for (auto& b : open_) {
    if (b.kind == block_kind::call && !b.streamed && !b.gathered.empty()) {
      out.emplace_back(tool_call_delta{.call = b.call, .arguments = std::move(b.gathered)});
    } else if (b.kind == block_kind::other) {
      out.emplace_back(raw_member("content_block", b.value));
    }
  }
  open_.clear();
}

void messages_decoder::complete(updates& out) {
  while (!open_.empty()) end_block(0, out);
  state_ = state::finished;
  out.emplace_back(response_finished{.reason = reason_, .raw = raw_reason_});
}

}  // namespace skein::anthropic::detail
