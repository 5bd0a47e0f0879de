#include "providers/anthropic/output_schema.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "providers/common/event_json.hpp"
#include "providers/common/json_text.hpp"

namespace skein::anthropic::detail {

namespace {

constexpr auto kept_words =
    std::to_array<std::string_view>({"$schema", "$id", "$comment", "$ref", "type", "enum", "const",
                                     "title", "description", "default", "examples", "required"});
constexpr auto kept_formats = std::to_array<std::string_view>(
    {"date-time", "time", "date", "duration", "email", "hostname", "uri", "ipv4", "ipv6", "uuid"});

class schema_lowering {
 public:
  json::value lower(const json::value& schema, const std::string& path) {
    const auto* object = schema.if_object();
    // `true` and `false` are schemas as well.
    return object ? json::value(members(*object, path)) : schema;
  }
  std::vector<std::string> take_dropped() && { return std::move(dropped_); }

 private:
  json::object members(const json::object& schema, const std::string& path) {
    json::object out;
    json::object rest;
    for (const auto& member : schema) {
      const std::string_view key = member.key();
      const json::value& value = member.value();
      const std::string at = path + "." + std::string(key);
      if (std::ranges::contains(kept_words, key)) {
        out[key] = value;
      } else if (key == "properties" || key == "$defs" || key == "definitions") {
        out[key] = each_member(value, at);
      } else if (key == "items") {
        out[key] = lower(value, at);
      } else if (key == "anyOf" || key == "allOf") {
        out[key] = each_item(value, at);
      } else if (key == "oneOf" && !schema.contains("anyOf")) {
        out["anyOf"] = each_item(value, at);
      } else if (is_expressible(key, value)) {
        out[key] = value;
      } else if (key != "additionalProperties" || !value.is_bool()) {
        rest[key] = value;
        dropped_.push_back(at);
      }
    }
    if (schema.contains("properties") || is_object_type(schema)) {
      out["additionalProperties"] = false;
    }
    if (!rest.empty()) describe(out, rest);
    return out;
  }

  static bool is_expressible(std::string_view key, const json::value& value) {
    if (key == "format") return std::ranges::contains(kept_formats, providers::string_of(&value));
    return key == "minItems" && (value == 0 || value == 1);
  }

  static bool is_object_type(const json::object& schema) {
    const auto* type = schema.if_contains("type");
    if (!type) return false;
    const auto* several = type->if_array();
    return several ? std::ranges::contains(*several, json::value("object")) : *type == "object";
  }

  json::value each_member(const json::value& schemas, const std::string& path) {
    const auto* object = schemas.if_object();
    if (!object) return schemas;
    json::object out;
    for (const auto& [name, schema] : *object) {
      out[name] = lower(schema, path + "." + std::string(name));
    }
    return out;
  }

  json::value each_item(const json::value& schemas, const std::string& path) {
    const auto* array = schemas.if_array();
    if (!array) return schemas;
    json::array out;
    for (const auto& schema : *array) {
      out.push_back(lower(schema, path + "[" + std::to_string(out.size()) + "]"));
    }
    return out;
  }

  static void describe(json::object& schema, const json::object& rest) {
    std::string text(providers::string_at(schema, "description"));
    if (!text.empty()) text += "\n\n";
    providers::append_value(text, rest);
    schema["description"] = text;
  }

  std::vector<std::string> dropped_;
};

}  // namespace

lowered_schema lower_schema(const json::value& schema) {
  schema_lowering lowering;
  auto lowered = lowering.lower(schema, "$");
  return {.schema = std::move(lowered), .dropped = std::move(lowering).take_dropped()};
}

}  // namespace skein::anthropic::detail
