// One event of a stream as JSON, and its members: lenient, since servers leave out, null or misname
// anything.
#pragma once

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <skein/json/value.hpp>

#include "providers/common/decoder.hpp"

namespace skein::providers {

// What one event is parsed in. On the stack of whoever reads it: all streams take turns with memory
// that the processor has at hand, and none holds any between its events. What parse() gives lives
// no longer than this.
class event_memory {
 public:
  event_memory();
  // `malformed` with the place if it is no JSON.
  [[nodiscard]] std::expected<json::value, protocol_error> parse(std::string_view provider,
                                                                 std::string_view text);

 private:
  std::array<unsigned char, 4096> value_memory_;
  std::array<unsigned char, 1024> parse_memory_;
  boost::json::monotonic_resource resource_;
  boost::json::parser parser_;
};

// Out of the memory of an event.
[[nodiscard]] inline json::value kept(const json::value& value) {
  return json::value(value, json::value().storage());
}

// One that this version does not know, to be passed on.
[[nodiscard]] inline raw_update raw_member(std::string_view key, const json::value& value) {
  json::object copy;
  copy.emplace(key, kept(value));
  return {.value = std::move(copy)};
}

// Null or empty.
[[nodiscard]] inline bool says_nothing(const json::value& value) {
  if (value.is_null()) return true;
  if (const auto* text = value.if_string()) return text->empty();
  if (const auto* items = value.if_array()) return items->empty();
  if (const auto* members = value.if_object()) return members->empty();
  return false;
}

// Empty, null or nothing if there is none, or one of another type.
[[nodiscard]] inline std::string_view string_of(const json::value* value) {
  if (!value) return {};
  const auto* text = value->if_string();
  return text ? std::string_view(*text) : std::string_view();
}

[[nodiscard]] inline std::string_view string_at(const json::object& object, std::string_view key) {
  return string_of(object.if_contains(key));
}

[[nodiscard]] inline const json::object* object_of(const json::value* value) {
  return value ? value->if_object() : nullptr;
}

[[nodiscard]] inline const json::object* object_at(const json::object& object,
                                                   std::string_view key) {
  return object_of(object.if_contains(key));
}

[[nodiscard]] inline const json::array* array_at(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  return value ? value->if_array() : nullptr;
}

[[nodiscard]] inline std::optional<std::int64_t> integer_of(const json::value* value) {
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
[[nodiscard]] inline std::optional<std::int64_t> count_of(const json::value* value) {
  const auto* number = value ? value->if_int64() : nullptr;
  return number && *number >= 0 ? std::optional(*number) : std::nullopt;
}

[[nodiscard]] inline std::optional<std::int64_t> count_at(const json::object* object,
                                                          std::string_view key) {
  return count_of(object ? object->if_contains(key) : nullptr);
}

// ---- Members of an object in one pass: a search for each name would compare every name with
// every member

struct known_member {
  std::string_view name;
  const json::value** value = nullptr;  // none: of no use to the reader
};

// Sets the values of those that are there. Are there others?
inline bool find_members(const json::object& object, std::span<const known_member> known) {
  bool others = false;
  for (const auto& member : object) {
    const std::string_view key = member.key();
    const auto found = std::ranges::find(known, key, &known_member::name);
    if (found == known.end()) {
      others = true;
    } else if (found->value) {
      *found->value = &member.value();
    }
  }
  return others;
}

// Those others, as raw_update.
inline void add_others(const json::object& object, std::span<const known_member> known,
                       updates& out) {
  for (const auto& member : object) {
    const std::string_view key = member.key();
    if (!std::ranges::contains(known, key, &known_member::name) && !says_nothing(member.value())) {
      out.emplace_back(raw_member(key, member.value()));
    }
  }
}

}  // namespace skein::providers
