#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>

#include <skein/json/detail/schema_builder.hpp>

namespace skein::json::detail {
namespace {

// `... [with T = ns::tree<int>; ...]` or `... [T = ns::tree<int>]` gives `tree_int`.
std::string short_name(std::string_view spelling) {
  const std::string_view start = "T = ";
  if (const auto at = spelling.find(start); at != spelling.npos) {
    spelling.remove_prefix(at + start.size());
  }
  spelling = spelling.substr(0, spelling.find_first_of(";]"));
  const std::string_view before_arguments = spelling.substr(0, spelling.find('<', 1));
  if (const auto scope = before_arguments.rfind("::"); scope != spelling.npos) {
    spelling.remove_prefix(scope + 2);
  }
  std::string name;
  for (char c : spelling) {
    const bool is_word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (is_word || (!name.empty() && name.back() != '_')) name += is_word ? c : '_';
  }
  while (name.ends_with('_')) name.pop_back();
  return name;
}

object reference_to(std::string_view target) { return {{"$ref", target}}; }

}  // namespace

object schema_builder::structure(const type_token& type, build body) {
  const auto defined = std::ranges::find(definitions_, &type, &definition::type);
  if (defined != definitions_.end()) return reference_to("#/$defs/" + defined->name);
  const auto open = std::ranges::find(open_, &type, &open_type::type);
  if (open != open_.end()) {
    if (&type == root_) return reference_to("#");
    if (open->name.empty()) open->name = unused_name(type.spelling);
    return reference_to("#/$defs/" + open->name);
  }
  open_.push_back({&type, {}});
  object schema = body(*this);
  std::string name = std::move(open_.back().name);
  open_.pop_back();
  if (name.empty()) return schema;
  object reference = reference_to("#/$defs/" + name);
  definitions_.push_back({&type, std::move(name), std::move(schema)});
  return reference;
}

value schema_builder::finish(object root) && {
  if (definitions_.empty()) return root;
  object definitions;
  for (definition& each : definitions_) definitions.emplace(each.name, std::move(each.body));
  root.emplace("$defs", std::move(definitions));
  return root;
}

std::string schema_builder::unused_name(std::string_view spelling) const {
  const std::string base = short_name(spelling);
  std::string name = base;
  for (int n = 2; std::ranges::contains(definitions_, name, &definition::name) ||
                  std::ranges::contains(open_, name, &open_type::name);
       ++n) {
    name = base + '_' + std::to_string(n);
  }
  return name;
}

object schema_with_type(std::string_view type) { return {{"type", type}}; }

object schema_of_unsigned() { return {{"type", "integer"}, {"minimum", 0}}; }

object schema_of_enum(std::span<const enumerator> names) {
  array values;
  for (const enumerator& each : names) values.emplace_back(each.name);
  return {{"type", "string"}, {"enum", std::move(values)}};
}

object schema_of_fields(schema_builder& to, std::span<const schema_field> fields,
                        std::string_view description, std::string_view tag) {
  object properties;
  array required;
  if (!tag.empty()) {
    properties.emplace(tag_key, object{{"type", "string"}, {"const", tag}});
    required.emplace_back(tag_key);
  }
  for (const schema_field& field : fields) {
    object schema = field.build(to);
    if (!field.note->text.empty()) schema["description"] = field.note->text;
    properties.emplace(field.note->name, std::move(schema));
    if (!field.note->may_be_absent) required.emplace_back(field.note->name);
  }
  object schema = schema_with_type("object");
  if (!description.empty()) schema.emplace("description", description);
  schema.emplace("properties", std::move(properties));
  if (!required.empty()) schema.emplace("required", std::move(required));
  schema.emplace("additionalProperties", false);
  return schema;
}

object schema_of_any(schema_builder& to, std::span<const schema_builder::build> alternatives) {
  array schemas;
  for (const auto build : alternatives) schemas.emplace_back(build(to));
  object schema;
  schema.emplace("anyOf", std::move(schemas));
  return schema;
}

object schema_of_tuple(schema_builder& to, std::span<const schema_builder::build> elements) {
  array items;
  for (const auto build : elements) items.emplace_back(build(to));
  object schema = schema_with_type("array");
  // The dialect does not allow an empty prefixItems.
  if (!items.empty()) schema.emplace("prefixItems", std::move(items));
  schema.emplace("items", false);
  schema.emplace("minItems", elements.size());
  schema.emplace("maxItems", elements.size());
  return schema;
}

object schema_of_elements(object items) {
  object schema = schema_with_type("array");
  schema.emplace("items", std::move(items));
  return schema;
}

object schema_of_distinct_elements(object items) {
  object schema = schema_of_elements(std::move(items));
  schema.emplace("uniqueItems", true);
  return schema;
}

object schema_of_exactly(std::size_t count, object items) {
  object schema = schema_of_elements(std::move(items));
  schema.emplace("minItems", count);
  schema.emplace("maxItems", count);
  return schema;
}

object schema_of_map(object mapped) {
  object schema = schema_with_type("object");
  schema.emplace("additionalProperties", std::move(mapped));
  return schema;
}

object schema_or_null(object schema) {
  array schemas;
  schemas.emplace_back(std::move(schema));
  schemas.emplace_back(schema_with_type("null"));
  object either;
  either.emplace("anyOf", std::move(schemas));
  return either;
}

}  // namespace skein::json::detail
