#include <algorithm>
#include <utility>

#include "core/ascii.hpp"
#include "providers/common/call_id.hpp"
#include "providers/common/error_text.hpp"
#include "providers/common/event_json.hpp"
#include "providers/common/json_text.hpp"
#include "providers/common/opaque.hpp"
#include "providers/openai/call_tracker.hpp"
#include "providers/openai/responses.hpp"

namespace skein::openai::detail {

using namespace providers;

namespace {

// The parts of an item's text.
constexpr std::string_view output_text = "output_text";
constexpr std::string_view summary_text = "summary_text";
constexpr std::string_view reasoning_text = "reasoning_text";

// Events that say what others say as well.
constexpr std::string_view repeating_events[] = {
    "response.created",
    "response.queued",
    "response.in_progress",
    "response.reasoning_summary_part.added",
    "response.reasoning_summary_part.done",
    "keepalive",
};

bool is_filled_array(const json::value* value) {
  const auto* array = value ? value->if_array() : nullptr;
  return array && !array->empty();
}

}  // namespace

// Found in one pass: a search for each name would compare every name with every member.
struct responses_decoder::event_members {
  std::string_view type;
  std::string_view item_id;
  std::string_view text;  // delta, text, refusal or arguments
  std::string_view name;
  std::int64_t number = 0;  // of the event in its response
  std::int64_t output_index = -1;
  std::int64_t part_index = 0;
  const json::value* response = nullptr;
  const json::value* item = nullptr;
  const json::value* part = nullptr;
  const json::value* logprobs = nullptr;
  const json::value* error = nullptr;

  explicit event_members(const json::object& event) {
    for (const auto& member : event) {
      const std::string_view key = member.key();
      const json::value* value = &member.value();
      if (key == "type") {
        type = string_of(value);
      } else if (key == "delta" || key == "text" || key == "refusal" || key == "arguments") {
        text = string_of(value);
      } else if (key == "item_id") {
        item_id = string_of(value);
      } else if (key == "output_index") {
        output_index = integer_of(value).value_or(-1);
      } else if (key == "content_index" || key == "summary_index") {
        part_index = integer_of(value).value_or(0);
      } else if (key == "sequence_number") {
        number = integer_of(value).value_or(0);
      } else if (key == "logprobs") {
        logprobs = value;
      } else if (key == "response") {
        response = value;
      } else if (key == "item") {
        item = value;
      } else if (key == "part") {
        part = value;
      } else if (key == "name") {
        name = string_of(value);
      } else if (key == "error") {
        error = value;
      }
    }
  }
};

std::expected<void, failure> responses_decoder::event(std::string_view name, std::string_view data,
                                                      updates& out) {
  if (state_ == state::finished) return {};
  if (state_ == state::failed) {
    return fail(protocol_error("openai: an event after the stream had failed", "stream_cut"));
  }
  if (!data.starts_with('{')) {
    data = skein::detail::trimmed(data, " \t\r\n");
    // Translating servers end their streams as chat completions do.
    if (data.empty() || data.starts_with(':') || data == "[DONE]") return {};
  }
  event_memory memory;
  const auto value = memory.parse(provider_, data);
  if (!value) return fail(value.error());
  const auto* object = value->if_object();
  if (!object) {
    out.emplace_back(raw_update{.value = kept(*value)});
    return {};
  }
  event_members event(*object);
  if (event.type.empty()) event.type = name;
  return known(event, *value, data, out);
}

std::expected<void, failure> responses_decoder::known(const event_members& event,
                                                      const json::value& value,
                                                      std::string_view data, updates& out) {
  const std::string_view type = event.type;
  const auto* response = object_of(event.response);
  if (response && response->contains("id")) add_start(*response, event.number, out);

  if (type == "response.output_text.delta" || type == "response.output_text.done") {
    add_text(find_or_open(event, item_kind::message), output_text, event.part_index, event.text,
             type.ends_with("done"), out);
    if (is_filled_array(event.logprobs) && type.ends_with("delta")) {
      out.emplace_back(raw_update{.value = json::object{{"logprobs", kept(*event.logprobs)}}});
    }
  } else if (type == "response.function_call_arguments.delta" ||
             type == "response.function_call_arguments.done") {
    auto& call = find_or_open(event, item_kind::call);
    if (!event.name.empty()) name_call(call, event.name, out);
    add_arguments(call, event.text, type.ends_with("done"), out);
  } else if (type == "response.reasoning_summary_text.delta" ||
             type == "response.reasoning_summary_text.done") {
    add_text(find_or_open(event, item_kind::reasoning), summary_text, event.part_index, event.text,
             type.ends_with("done"), out);
  } else if (type == "response.reasoning_text.delta" || type == "response.reasoning_text.done") {
    add_text(find_or_open(event, item_kind::reasoning), reasoning_text, event.part_index,
             event.text, type.ends_with("done"), out);
  } else if (type == "response.refusal.delta") {
    find_or_open(event, item_kind::message).refusal += event.text;
  } else if (type == "response.refusal.done") {
    auto& message = find_or_open(event, item_kind::message);
    if (!event.text.empty()) message.refusal = event.text;
    give_refusal(message, out);
  } else if (type == "response.output_item.added" || type == "response.output_item.done") {
    if (event.item) add_item(*event.item, event.output_index, type.ends_with("done"), out);
  } else if (type == "response.content_part.added" || type == "response.content_part.done") {
    const auto* part = object_of(event.part);
    const auto kind = part ? string_at(*part, "type") : std::string_view();
    const bool shown = kind == output_text || kind == reasoning_text || kind == "refusal";
    if (!shown) out.emplace_back(raw_update{.value = kept(value)});
  } else if (type == "response.completed" || type == "response.incomplete" ||
             type == "response.failed" || type == "response.cancelled") {
    std::string_view status = type.substr(type.find('.') + 1);
    // vLLM completes whatever came of it.
    const auto said = response ? string_at(*response, "status") : std::string_view();
    if (status == "completed" && (said == "incomplete" || said == "failed")) status = said;
    return ended(response ? *response : json::object(), status, data, out);
  } else if (type == "error" || (is_error(event.error) && !type.starts_with("response."))) {
    give_held_back(out);
    return provider_failed(is_error(event.error) ? *event.error : value, data);
  } else if (!std::ranges::contains(repeating_events, type)) {
    out.emplace_back(raw_update{.value = kept(value)});
  }
  return {};
}

std::expected<void, failure> responses_decoder::ended(const json::object& response,
                                                      std::string_view status,
                                                      std::string_view data, updates& out) {
  // Some servers stream nothing else. Where items came, their labels may differ from these.
  if (items_.empty()) {
    if (const auto* output = array_at(response, "output")) {
      for (std::size_t i = 0; i < output->size(); ++i) {
        add_item((*output)[i], static_cast<std::int64_t>(i), true, out);
      }
    }
  }
  give_held_back(out);
  add_usage(response, out);
  if (status == "failed" || status == "cancelled") {
    const auto* error = response.if_contains("error");
    if (is_error(error)) return provider_failed(*error, data);
    return provider_failed(
        json::object{{"code", status}, {"message", "the response was " + std::string(status)}},
        data);
  }
  response_finished finished{.reason = finish_reason::other, .raw = std::string(status)};
  if (status == "incomplete") {
    const auto* details = object_at(response, "incomplete_details");
    if (const auto why = details ? string_at(*details, "reason") : std::string_view();
        !why.empty()) {
      finished.raw = why;
    }
    finished.reason = finished.raw == "max_output_tokens" || finished.raw == "max_tokens"
                          ? finish_reason::length
                      : finished.raw == "content_filter" ? finish_reason::content_filter
                                                         : finish_reason::other;
  } else if (status == "completed") {
    finished.reason = call_ids_.empty() ? finish_reason::stop : finish_reason::tool_calls;
  }
  state_ = state::finished;
  out.emplace_back(std::move(finished));
  return {};
}

std::expected<void, failure> responses_decoder::finish(updates& out) {
  if (state_ == state::finished) return {};
  if (state_ == state::open) give_held_back(out);
  return cut();
}

std::expected<void, failure> responses_decoder::whole(std::string_view body, updates& out) {
  event_memory memory;
  const auto value = memory.parse(provider_, body);
  if (!value) return fail(value.error());
  const auto* response = value->if_object();
  const auto status = response ? string_at(*response, "status") : std::string_view();
  const bool failed = status == "failed" || status == "cancelled";
  if (response && !failed) {
    if (const auto* error = response->if_contains("error"); is_error(error)) {
      return provider_failed(*error, body);
    }
  }
  if (!response || (!failed && !array_at(*response, "output"))) {
    return fail(protocol_error(
        "openai: the answer has no output: is this the URL of a server of responses?",
        "malformed"));
  }
  add_start(*response, 0, out);
  if (status == "queued" || status == "in_progress") {
    const continuation here{.id = started_.id};
    return fail(protocol_error("openai: the answer is " + std::string(status) +
                                   " in the background; ask again later with "
                                   "chat_options::continuation_token " +
                                   here.token(),
                               "not_ready"));
  }
  return ended(*response, status.empty() ? "completed" : status, body, out);
}

void responses_decoder::add_start(const json::object& response, std::int64_t number, updates& out) {
  const auto id = string_at(response, "id");
  const auto model = string_at(response, "model");
  const bool new_id = !id.empty() && id != started_.id;
  const bool new_model = !model.empty() && model != started_.model;
  if (!new_id && !new_model) return;
  if (new_id) started_.id = id;
  if (new_model) started_.model = model;
  const auto* background = response.if_contains("background");
  if (started_.continuation.empty() && background && background->is_bool() &&
      background->get_bool()) {
    started_.continuation = continuation{.id = started_.id, .after = number}.token();
  }
  out.emplace_back(started_);
}

void responses_decoder::add_usage(const json::object& response, updates& out) {
  const auto* counts = object_at(response, "usage");
  if (!counts) return;
  const auto* input = object_at(*counts, "input_tokens_details");
  const auto* output = object_at(*counts, "output_tokens_details");
  usage_ = {.input = count_at(counts, "input_tokens"),
            .output = count_at(counts, "output_tokens"),
            .cache_read = count_at(input, "cached_tokens"),
            .cache_write = count_at(input, "cache_write_tokens"),
            .reasoning = count_at(output, "reasoning_tokens")};
  if (!usage_.empty()) out.emplace_back(usage_update{usage_});
}

// ---- Items

responses_decoder::item* responses_decoder::find(std::string_view id, std::int64_t index) {
  const auto last_where = [&](auto matches) -> item* {
    const auto found = std::ranges::find_last_if(items_, matches);
    return found.empty() ? nullptr : &found.front();
  };
  if (!id.empty()) {
    if (auto* known = last_where([&](const item& i) { return i.id == id; })) return known;
  }
  if (index >= 0) return last_where([&](const item& i) { return i.index == index; });
  return nullptr;
}

responses_decoder::item& responses_decoder::find_or_open(const event_members& event,
                                                         item_kind kind) {
  if (auto* known = find(event.item_id, event.output_index); known && known->kind == kind) {
    return *known;
  }
  // Labelled as nothing that was announced: what was opened last, if it can be that.
  if (!items_.empty()) {
    auto& last = items_.back();
    const bool another = event.output_index >= 0 && last.index >= 0;
    if (last.kind == kind && !last.done && !another) return last;
  }
  return open(kind, event.item_id, event.output_index);
}

responses_decoder::item& responses_decoder::open(item_kind kind, std::string_view id,
                                                 std::int64_t index) {
  if (kind == item_kind::reasoning) reasoned_ = true;
  return items_.emplace_back(item{.kind = kind, .id = std::string(id), .index = index});
}

void responses_decoder::add_item(const json::value& value, std::int64_t index, bool done,
                                 updates& out) {
  const auto* fields = value.if_object();
  const auto type = fields ? string_at(*fields, "type") : std::string_view();
  const auto kind = type == "message"         ? item_kind::message
                    : type == "reasoning"     ? item_kind::reasoning
                    : type == "function_call" ? item_kind::call
                                              : item_kind::other;
  if (kind == item_kind::other) {
    if (done) {
      out.emplace_back(
          part_update{raw_part{.provider = std::string(responses_protocol), .value = kept(value)}});
    } else {
      out.emplace_back(raw_update{
          .value = json::object{{"type", "response.output_item.added"}, {"item", kept(value)}}});
    }
    if (fields) open(kind, string_at(*fields, "id"), index).done = true;
    return;
  }
  // llama.cpp labels the deltas of a call with its call_id.
  auto id = string_at(*fields, "id");
  if (id.empty() && kind == item_kind::call) id = string_at(*fields, "call_id");
  item* known = nullptr;
  if (done) {
    known = find(id, index);
    if (!known && !items_.empty() && !items_.back().done) known = &items_.back();
    if (known && known->kind == kind && known->done && known->id == id) return;
    if (known && (known->kind != kind || known->done)) known = nullptr;
  }
  item& of = known ? *known : open(kind, id, index);
  switch (kind) {
    case item_kind::message:
    case item_kind::reasoning:
      if (done) add_content(of, *fields, out);
      break;
    case item_kind::call:
      add_call(of, *fields, out);
      break;
    case item_kind::other:
      break;
  }
  if (!done || std::exchange(of.done, true)) return;
  if (kind == item_kind::message) {
    give_refusal(of, out);
    end_message(of, *fields, out);
  } else if (kind == item_kind::reasoning) {
    end_reasoning(*fields, out);
  }
}

// Of an item that is done: what the events before did not give.
void responses_decoder::add_content(item& to, const json::object& fields, updates& out) {
  const auto texts = [&](std::string_view key) {
    const auto* parts = array_at(fields, key);
    if (!parts) return;
    for (std::size_t i = 0; i < parts->size(); ++i) {
      const auto& value = (*parts)[i];
      const auto* part = value.if_object();
      const auto type = part ? string_at(*part, "type") : std::string_view();
      if (type == "refusal") {
        if (!to.refused) to.refusal = string_at(*part, "refusal");
      } else if (type == output_text || type == summary_text || type == reasoning_text) {
        const auto kind = type == output_text    ? output_text
                          : type == summary_text ? summary_text
                                                 : reasoning_text;
        add_text(to, kind, static_cast<std::int64_t>(i), string_at(*part, "text"), true, out);
      } else {
        out.emplace_back(raw_update{.value = kept(value)});
      }
    }
  };
  if (to.kind == item_kind::reasoning) texts("summary");
  texts("content");
}

// `whole`: all the text of that part, of which only the rest is new.
void responses_decoder::add_text(item& to, std::string_view kind, std::int64_t index,
                                 std::string_view text, bool whole, updates& out) {
  auto part = std::ranges::find_if(
      to.parts, [&](const item_part& p) { return p.kind == kind && p.index == index; });
  const std::size_t given = part == to.parts.end() ? 0 : part->given;
  if (whole) text.remove_prefix(std::min(given, text.size()));
  if (text.empty()) return;
  std::string piece(text);
  if (part == to.parts.end()) {
    // Parts of a summary are paragraphs, those of a message go on in the line.
    if (to.kind == item_kind::reasoning && !to.parts.empty()) piece.insert(0, "\n\n");
    to.parts.push_back({.kind = kind, .index = index});
    part = std::prev(to.parts.end());
  }
  part->given += text.size();
  if (to.kind == item_kind::reasoning) {
    out.emplace_back(reasoning_delta{.text = std::move(piece)});
  } else {
    out.emplace_back(text_delta{std::move(piece)});
  }
}

void responses_decoder::add_call(item& to, const json::object& fields, updates& out) {
  if (const auto id = string_at(fields, "call_id"); !id.empty()) to.call_id = id;
  if (const auto name = string_at(fields, "name"); !name.empty()) name_call(to, name, out);
  add_arguments(to, string_at(fields, "arguments"), true, out);
}

void responses_decoder::add_arguments(item& to, std::string_view text, bool whole, updates& out) {
  if (whole) text.remove_prefix(std::min(to.given, text.size()));
  to.given += text.size();
  if (text.empty()) return;
  if (to.named) {
    out.emplace_back(tool_call_delta{.call = to.call, .arguments = std::string(text)});
  } else {
    to.held += text;
  }
}

void responses_decoder::name_call(item& to, std::string_view name, updates& out) {
  if (std::exchange(to.named, true)) return;
  const std::size_t number = call_ids_.size();
  const auto taken = [&](const std::string& s) { return std::ranges::contains(call_ids_, s); };
  std::string unique = to.call_id;
  if (unique.empty() || taken(unique)) unique = call_id_for(number, started_.id);
  while (taken(unique)) unique.push_back('x');
  call_ids_.push_back(unique);
  to.call = static_cast<std::uint32_t>(number);
  tool_call_delta delta{.call = to.call,
                        .id = std::move(unique),
                        .name = std::string(name),
                        .arguments = std::exchange(to.held, {})};
  if (reasoned_ && !to.id.empty() && to.id != to.call_id) {
    delta.opaque = opaque_of(responses_protocol, json::object{{"id", to.id}});
  }
  out.emplace_back(std::move(delta));
}

void responses_decoder::end_message(item& of, const json::object& fields, updates& out) {
  const auto phase = string_at(fields, "phase");
  if (!reasoned_ && phase.empty()) return;
  json::object end{{"type", "message"}};
  if (!of.id.empty()) end["id"] = of.id;
  if (const auto status = string_at(fields, "status"); !status.empty()) end["status"] = status;
  if (!phase.empty()) end["phase"] = phase;
  out.emplace_back(
      part_update{raw_part{.provider = std::string(responses_protocol), .value = std::move(end)}});
}

void responses_decoder::end_reasoning(const json::object& fields, updates& out) {
  json::object whole{{"type", "reasoning"}};
  if (const auto id = string_at(fields, "id"); !id.empty()) whole["id"] = id;
  const auto* summary = array_at(fields, "summary");
  whole["summary"] = summary ? kept(*fields.if_contains("summary")) : json::array();
  if (const auto* text = fields.if_contains("content"); is_filled_array(text)) {
    whole["content"] = kept(*text);
  }
  if (const auto sealed = string_at(fields, "encrypted_content"); !sealed.empty()) {
    whole["encrypted_content"] = sealed;
  }
  out.emplace_back(
      reasoning_delta{.text = {}, .opaque = opaque_of(responses_protocol, std::move(whole))});
}

void responses_decoder::give_refusal(item& of, updates& out) {
  if (of.refusal.empty() || std::exchange(of.refused, true)) return;
  out.emplace_back(
      part_update{error_part{.code = "refusal", .message = std::exchange(of.refusal, {})}});
}

void responses_decoder::give_held_back(updates& out) {
  for (auto& each : items_) {
    give_refusal(each, out);
    if (each.kind == item_kind::call && !each.named) name_call(each, {}, out);
  }
}

}  // namespace skein::openai::detail
