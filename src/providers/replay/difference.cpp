#include "providers/replay/difference.hpp"

#include <algorithm>
#include <array>
#include <format>
#include <string>
#include <string_view>
#include <utility>

#include <skein/json/text.hpp>

#include "core/ascii.hpp"
#include "providers/replay/cassette.hpp"

namespace skein::replay::detail {

namespace {

constexpr std::size_t context_before = 24;
constexpr std::size_t excerpt_size = 80;
constexpr std::string_view absent = "nothing";

bool inside_character(std::string_view text, std::size_t at) {
  return at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0U) == 0x80U;
}

// What stands around a place in a text, in quotes.
std::string excerpt(std::string_view text, std::size_t at) {
  auto from = at > context_before ? at - context_before : 0;
  while (from > 0 && inside_character(text, from)) --from;
  auto to = std::min(text.size(), from + excerpt_size);
  while (inside_character(text, to)) ++to;
  return std::format("{}{}{}", from > 0 ? "…" : "",
                     json::write_text(json::value(text.substr(from, to - from))),
                     to < text.size() ? "…" : "");
}

std::size_t first_differing(std::string_view a, std::string_view b) {
  return static_cast<std::size_t>(std::ranges::mismatch(a, b).in1 - a.begin());
}

difference of_texts(std::string where, std::string_view recorded, std::string_view now) {
  const auto at = first_differing(recorded, now);
  return {std::move(where), excerpt(recorded, at), excerpt(now, at)};
}

std::string shown(const json::value* value) {
  if (value == nullptr) return std::string(absent);
  auto text = json::write_text(*value);
  if (text.size() <= excerpt_size) return text;
  auto end = excerpt_size;
  while (end > 0 && inside_character(text, end)) --end;
  return text.substr(0, end) + "…";
}

std::string member_path(const std::string& path, std::string_view key) {
  const bool plain = !key.empty() && std::ranges::all_of(key, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  });
  if (plain) return std::format("{}.{}", path, key);
  return std::format("{}[{}]", path, json::write_text(json::value(key)));
}

std::optional<difference> json_difference(const std::string& path, const json::value* recorded,
                                          const json::value* now) {
  if (recorded != nullptr && now != nullptr) {
    if (*recorded == *now) return std::nullopt;
    if (recorded->is_string() && now->is_string()) {
      return of_texts(path, recorded->get_string(), now->get_string());
    }
    if (recorded->is_object() && now->is_object()) {
      const auto& a = recorded->get_object();
      const auto& b = now->get_object();
      for (const auto& [key, value] : a) {
        auto found = json_difference(member_path(path, key), &value, b.if_contains(key));
        if (found) return found;
      }
      for (const auto& [key, value] : b) {
        if (!a.contains(key)) return json_difference(member_path(path, key), nullptr, &value);
      }
    }
    if (recorded->is_array() && now->is_array()) {
      const auto& a = recorded->get_array();
      const auto& b = now->get_array();
      for (std::size_t i = 0; i < std::max(a.size(), b.size()); ++i) {
        auto found =
            json_difference(std::format("{}[{}]", path, i), a.if_contains(i), b.if_contains(i));
        if (found) return found;
      }
    }
  }
  return difference{path, shown(recorded), shown(now)};
}

bool says_who_asks(std::string_view name) {
  static constexpr std::array names{"user-agent",  "openai-organization", "openai-project",
                                    "traceparent", "tracestate",          "baggage"};
  return std::ranges::contains(names, skein::detail::lower(name));
}

std::optional<difference> header_difference(const http::header_list& recorded,
                                            const http::header_list& now) {
  auto compare = [&](const std::string& name) -> std::optional<difference> {
    const auto a = http::find_header(recorded, name);
    const auto b = http::find_header(now, name);
    if (a == b || says_who_asks(name)) return std::nullopt;
    const auto where = "header " + name;
    if (a && b) return of_texts(where, *a, *b);
    return difference{where, a ? excerpt(*a, 0) : std::string(absent),
                      b ? excerpt(*b, 0) : std::string(absent)};
  };
  for (const auto* list : {&recorded, &now}) {
    for (const auto& header : *list) {
      if (auto found = compare(header.first)) return found;
    }
  }
  return std::nullopt;
}

}  // namespace

std::optional<difference> first_difference(const http::request& recorded,
                                           const http::request& now) {
  if (recorded.method != now.method) return of_texts("method", recorded.method, now.method);
  if (recorded.url != now.url) return of_texts("url", recorded.url, now.url);
  if (auto found = header_difference(recorded.headers, now.headers)) return found;
  if (recorded.body == now.body) return std::nullopt;
  const auto a = json_body(recorded.body);
  const auto b = json_body(now.body);
  if (a && b) return json_difference("$", &*a, &*b);
  return of_texts(std::format("byte {}", first_differing(recorded.body, now.body)), recorded.body,
                  now.body);
}

}  // namespace skein::replay::detail
