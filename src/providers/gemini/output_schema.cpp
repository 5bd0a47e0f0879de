#include "providers/gemini/output_schema.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace skein::gemini::detail {

namespace {

constexpr auto known_words = std::to_array<std::string_view>({"$id",
                                                              "$defs",
                                                              "$ref",
                                                              "$anchor",
                                                              "type",
                                                              "format",
                                                              "title",
                                                              "description",
                                                              "enum",
                                                              "items",
                                                              "prefixItems",
                                                              "minItems",
                                                              "maxItems",
                                                              "minimum",
                                                              "maximum",
                                                              "anyOf",
                                                              "oneOf",
                                                              "properties",
                                                              "additionalProperties",
                                                              "required",
                                                              "propertyOrdering"});
// They say nothing of what fits.
constexpr auto silent_words =
    std::to_array<std::string_view>({"$schema", "$comment", "default", "examples"});

void look(const json::value& value, const std::string& path, std::vector<std::string>& ignored) {
  const auto* schema = value.if_object();
  if (!schema) return;
  for (const auto& member : *schema) {
    const std::string_view key = member.key();
    const auto& inner = member.value();
    const std::string at = path + "." + std::string(key);
    if (std::ranges::contains(silent_words, key)) continue;
    if (!std::ranges::contains(known_words, key)) {
      ignored.push_back(at);
    } else if (key == "properties" || key == "$defs") {
      const auto* named = inner.if_object();
      if (!named) continue;
      for (const auto& [name, one] : *named) look(one, at + "." + std::string(name), ignored);
    } else if (const auto* several = inner.if_array(); several && key != "enum") {
      for (std::size_t i = 0; i < several->size(); ++i) {
        look((*several)[i], at + "[" + std::to_string(i) + "]", ignored);
      }
    } else {
      look(inner, at, ignored);
    }
  }
}

}  // namespace

std::vector<std::string> ignored_in(const json::value& schema) {
  std::vector<std::string> ignored;
  look(schema, "$", ignored);
  return ignored;
}

}  // namespace skein::gemini::detail
