#include "json/describe.hpp"

#include <algorithm>

#include <skein/json/text.hpp>

namespace skein::json::detail {

std::string quoted(std::string_view text) {
  if (text.size() <= quote_limit) return write_text(value(text));
  std::size_t end = quote_limit;
  // Not in the middle of a character.
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  std::string cut = write_text(value(text.substr(0, end)));
  cut.insert(cut.size() - 1, "…");
  return cut;
}

std::string described(const value& found) {
  if (const auto* text = found.if_string()) return quoted(*text);
  if (const auto* items = found.if_array()) return "an array of " + std::to_string(items->size());
  if (found.is_object()) return "an object";
  return write_text(found);
}

std::string listed(std::span<const std::string_view> names) {
  std::string list;
  for (std::string_view name : names.first(std::min(names.size(), list_limit))) {
    if (!list.empty()) list += ", ";
    list += quoted(name);
  }
  if (names.size() > list_limit) {
    list += " and " + std::to_string(names.size() - list_limit) + " more";
  }
  return list;
}

}  // namespace skein::json::detail
