#include <algorithm>
#include <ranges>
#include <type_traits>

#include <skein/chat/update.hpp>

namespace skein {

std::string_view name_of(finish_reason r) noexcept {
  switch (r) {
    case finish_reason::stop:
      return "stop";
    case finish_reason::length:
      return "length";
    case finish_reason::tool_calls:
      return "tool_call";
    case finish_reason::content_filter:
      return "content_filter";
    case finish_reason::none:
    case finish_reason::other:
      break;
  }
  return {};
}

std::vector<tool_call_part> chat_response::tool_calls() const {
  std::vector<tool_call_part> calls;
  for (const auto& p : message.parts) {
    if (const auto* call = std::get_if<tool_call_part>(&p)) calls.push_back(*call);
  }
  return calls;
}

namespace {

using part_list = std::vector<part>;

template <class Part>
Part* last_as(part_list& parts) {
  return parts.empty() ? nullptr : std::get_if<Part>(&parts.back());
}

void add_text(part_list& parts, const text_delta& delta) {
  if (delta.text.empty()) return;
  if (auto* last = last_as<text_part>(parts)) {
    last->text += delta.text;
  } else {
    parts.emplace_back(text_part{delta.text});
  }
}

void add_reasoning(part_list& parts, const reasoning_delta& delta) {
  if (delta.text.empty() && delta.opaque.empty()) return;
  auto* last = last_as<reasoning_part>(parts);
  if (last && last->opaque.empty()) {
    last->text += delta.text;
    last->opaque = delta.opaque;
  } else {
    parts.emplace_back(reasoning_part{.text = delta.text, .opaque = delta.opaque});
  }
}

}  // namespace

void chat_accumulator::add(const chat_update& update) {
  auto& parts = response_.message.parts;
  const auto replace = [](std::string& to, const std::string& from) {
    if (!from.empty()) to = from;
  };
  std::visit(
      [&]<class Update>(const Update& u) {
        if constexpr (std::is_same_v<Update, response_started>) {
          if (u.restarted) *this = {};
          replace(response_.id, u.id);
          replace(response_.model, u.model);
          replace(response_.continuation, u.continuation);
        } else if constexpr (std::is_same_v<Update, text_delta>) {
          add_text(parts, u);
        } else if constexpr (std::is_same_v<Update, reasoning_delta>) {
          add_reasoning(parts, u);
        } else if constexpr (std::is_same_v<Update, tool_call_delta>) {
          add_call(u);
        } else if constexpr (std::is_same_v<Update, part_update>) {
          parts.push_back(u.part);
        } else if constexpr (std::is_same_v<Update, usage_update>) {
          response_.usage = u.usage;
        } else if constexpr (std::is_same_v<Update, response_finished>) {
          response_.finish = u.reason;
          response_.finish_raw = u.raw;
          finished_ = true;
        } else {
          static_assert(std::is_same_v<Update, raw_update>);
        }
      },
      static_cast<const chat_update_variant&>(update));
}

void chat_accumulator::add_call(const tool_call_delta& delta) {
  auto& parts = response_.message.parts;
  // From the back: deltas mostly continue the newest call.
  const auto known = std::ranges::find(calls_ | std::views::reverse, delta.call,
                                       &std::pair<std::uint32_t, std::size_t>::first);
  if (known == calls_.rend()) {
    calls_.emplace_back(delta.call, parts.size());
    parts.emplace_back(tool_call_part{
        .id = delta.id, .name = delta.name, .arguments = delta.arguments, .opaque = delta.opaque});
    return;
  }
  auto& call = std::get<tool_call_part>(parts[known->second]);
  if (call.id.empty()) call.id = delta.id;
  if (call.name.empty()) call.name = delta.name;
  call.arguments += delta.arguments;
  if (call.opaque.empty()) call.opaque = delta.opaque;
}

}  // namespace skein
