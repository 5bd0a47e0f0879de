#include "providers/openai/call_tracker.hpp"

#include <algorithm>
#include <utility>

#include "providers/common/call_id.hpp"

namespace skein::openai::detail {

void json_end_scanner::add(std::string_view text) noexcept {
  for (const char c : text) {
    if (in_string_) {
      if (escaped_) {
        escaped_ = false;
      } else if (c == '\\') {
        escaped_ = true;
      } else if (c == '"') {
        in_string_ = false;
      }
    } else if (c == '"') {
      in_string_ = true;
    } else if (c == '{' || c == '[') {
      opened_ = true;
      ++depth_;
    } else if ((c == '}' || c == ']') && depth_ > 0) {
      --depth_;
    }
  }
}

void call_tracker::add(const fragment& f, std::string_view response_id,
                       std::vector<chat_update>& out) {
  const std::size_t number = find(f, response_id);
  call& c = calls_[number];
  c.event = event_;
  c.end.add(f.arguments);
  tool_call_delta delta{.call = static_cast<std::uint32_t>(number)};
  if (c.name.empty()) {
    c.held.append(f.arguments);
    if (f.name.empty()) return;
    c.name = f.name;
    delta.id = c.id;
    delta.name = c.name;
    delta.arguments = std::exchange(c.held, {});
  } else {
    if (f.arguments.empty()) return;
    delta.arguments = f.arguments;
  }
  out.emplace_back(std::move(delta));
}

void call_tracker::finish(std::vector<chat_update>& out) {
  for (std::size_t number = 0; number < calls_.size(); ++number) {
    call& c = calls_[number];
    if (!c.name.empty()) continue;
    out.emplace_back(tool_call_delta{.call = static_cast<std::uint32_t>(number),
                                     .id = c.id,
                                     .name = {},
                                     .arguments = std::exchange(c.held, {})});
  }
}

std::size_t call_tracker::find(const fragment& f, std::string_view response_id) {
  const auto last_where = [&](auto matches) -> std::optional<std::size_t> {
    for (std::size_t i = calls_.size(); i-- > 0;) {
      if (matches(calls_[i])) return i;
    }
    return std::nullopt;
  };
  const auto has_index = [&](const call& c) { return !f.index || c.index == f.index; };
  const auto has_id = [&](const call& c) { return c.provider_id == f.id; };

  if (f.id.empty()) {
    const auto known = last_where(has_index);
    if (known && !starts_another(calls_[*known], f)) return *known;
    return open(f, response_id);
  }
  if (const auto known = last_where([&](const call& c) { return has_id(c) && has_index(c); })) {
    const call& c = calls_[*known];
    const bool twice = !f.index && !f.name.empty() && !c.name.empty() &&
                       (f.name != c.name || (c.end.complete() && !f.arguments.empty()));
    return twice ? open(f, response_id) : *known;
  }
  if (const auto known = last_where(has_id)) {
    // The same id under another index: one call whose index moved, unless it has a name of its own.
    const bool twice = !f.name.empty() && calls_[*known].index;
    return twice || starts_another(calls_[*known], f) ? open(f, response_id) : *known;
  }
  if (const auto known = last_where(has_index)) {
    call& c = calls_[*known];
    if (c.provider_id.empty() && !starts_another(c, f)) {
      c.provider_id = f.id;
      return *known;
    }
  }
  return open(f, response_id);
}

bool call_tracker::starts_another(const call& c, const fragment& f) const noexcept {
  if (f.name.empty() || c.name.empty()) return false;
  if (f.name != c.name || c.event == event_) return true;
  // The name again: of the same call, if its index says so or its arguments are still to come.
  if (c.end.complete()) return !f.arguments.empty() || !f.index;
  return !f.index && !c.end.begun() && f.arguments.empty();
}

std::size_t call_tracker::open(const fragment& f, std::string_view response_id) {
  const std::size_t number = calls_.size();
  std::string id(f.id);
  if (id.empty() || taken(id)) id = providers::call_id_for(number, response_id);
  while (taken(id)) id.push_back('x');
  calls_.push_back({.id = std::move(id),
                    .provider_id = std::string(f.id),
                    .index = f.index,
                    .name = {},
                    .held = {},
                    .end = {}});
  return number;
}

bool call_tracker::taken(std::string_view id) const noexcept {
  return std::ranges::find(calls_, id, &call::id) != calls_.end();
}

}  // namespace skein::openai::detail
