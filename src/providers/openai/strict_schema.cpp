#include "providers/openai/strict_schema.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

#include "providers/common/event_json.hpp"

namespace skein::openai::detail {

namespace {

constexpr auto strict_words = std::to_array<std::string_view>(
    {"type", "title", "description", "enum", "const", "pattern", "multipleOf", "minimum", "maximum",
     "exclusiveMinimum", "exclusiveMaximum", "minItems", "maxItems", "required"});
constexpr auto strict_formats = std::to_array<std::string_view>(
    {"date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid"});

class strict_check {
 public:
  bool whole(const json::value& root) {
    const auto* object = root.if_object();
    return object && providers::string_at(*object, "type") == "object" && part(root, 1) &&
           members_ <= 5000 && choices_ <= 1000 && characters_ <= 120'000;
  }

 private:
  bool part(const json::value& value, std::size_t level) {
    const auto* schema = value.if_object();
    if (!schema || level > 10) return false;
    if (schema->contains("$ref")) return schema->size() == 1;
    if (!schema->contains("type") && !schema->contains("anyOf")) return false;
    if (is_object(*schema) && !is_closed(*schema)) return false;
    return std::ranges::all_of(*schema, [&](const auto& member) {
      return word(member.key(), member.value(), *schema, level);
    });
  }

  bool word(std::string_view key, const json::value& value, const json::object& in,
            std::size_t level) {
    if (key == "properties") return named(value, level + 1, &members_);
    if (key == "$defs") return named(value, 1, nullptr);
    if (key == "items") return part(value, level + 1);
    if (key == "anyOf") {
      const auto* list = value.if_array();
      return list && std::ranges::all_of(*list, [&](const auto& v) { return part(v, level); });
    }
    if (key == "additionalProperties") return is_object(in);
    if (key == "format") {
      return std::ranges::contains(strict_formats, providers::string_of(&value));
    }
    if (key == "const") count(value);
    if (key == "enum" && !choices(value)) return false;
    return std::ranges::contains(strict_words, key);
  }

  bool named(const json::value& value, std::size_t level, std::size_t* count) {
    const auto* schemas = value.if_object();
    if (!schemas) return false;
    for (const auto& [name, schema] : *schemas) {
      characters_ += name.size();
      if (count) ++*count;
      if (!part(schema, level)) return false;
    }
    return true;
  }

  bool choices(const json::value& value) {
    const auto* list = value.if_array();
    if (!list) return false;
    const auto before = characters_;
    for (const auto& choice : *list) count(choice);
    choices_ += list->size();
    return list->size() <= 250 || characters_ - before <= 15'000;
  }

  void count(const json::value& constant) { characters_ += providers::string_of(&constant).size(); }

  static bool is_object(const json::object& schema) {
    if (schema.contains("properties")) return true;
    const auto* type = schema.if_contains("type");
    if (!type) return false;
    const auto* several = type->if_array();
    return several ? std::ranges::contains(*several, json::value("object")) : *type == "object";
  }
  static bool is_closed(const json::object& schema) {
    const auto* others = schema.if_contains("additionalProperties");
    if (!others || *others != false) return false;
    const auto* members = providers::object_at(schema, "properties");
    const auto* required = providers::array_at(schema, "required");
    return !members || std::ranges::all_of(*members, [&](const auto& member) {
      return required && std::ranges::contains(*required, json::value(member.key()));
    });
  }

  std::size_t members_ = 0;
  std::size_t choices_ = 0;
  std::size_t characters_ = 0;
};

}  // namespace

bool fits_strict(const json::value& schema) { return strict_check().whole(schema); }

std::optional<bool> strict_of(const json_schema_format& format, std::string_view model,
                              strict_schemas rule) {
  if (format.strict) return format.strict;
  const bool fits = rule == strict_schemas::where_they_fit && !model.starts_with("ft:") &&
                    fits_strict(format.schema);
  return fits ? std::optional(true) : std::nullopt;
}

std::vector<std::string> not_strict(const json::value& schema, strict_schemas rule) {
  if (rule == strict_schemas::when_asked || fits_strict(schema)) return {};
  return {"$"};
}

}  // namespace skein::openai::detail
