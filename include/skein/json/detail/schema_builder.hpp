// From C++ types to JSON Schema. Templates choose the shape; the work is in src/json/schema.cpp.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include <skein/json/detail/enum_names.hpp>
#include <skein/json/detail/fields.hpp>
#include <skein/json/detail/kinds.hpp>
#include <skein/json/value.hpp>

namespace skein::json::detail {

// One struct type; compared by address.
struct type_token {
  std::string_view spelling;  // a compiler's, with the type after `T = `
};

// Builds the schema of one document. A struct is written in place, except when it contains itself:
// the root is then referred to as `#`, any other moves to `$defs`.
class schema_builder {
 public:
  using build = object (*)(schema_builder&);

  explicit schema_builder(const type_token* root) : root_(root) {}

  object structure(const type_token& type, build body);
  // The document: `root` with the definitions that it needs.
  value finish(object root) &&;

 private:
  struct open_type {
    const type_token* type;
    std::string name;  // given when something first refers to it
  };
  struct definition {
    const type_token* type;
    std::string name;
    object body;
  };

  [[nodiscard]] std::string unused_name(std::string_view spelling) const;

  const type_token* root_;
  std::vector<open_type> open_;
  std::vector<definition> definitions_;
};

struct schema_field {
  const field_note* note;
  schema_builder::build build;
};

object schema_with_type(std::string_view type);
object schema_of_unsigned();
object schema_of_enum(std::span<const enumerator> names);
object schema_of_fields(schema_builder& to, std::span<const schema_field> fields,
                        std::string_view description, std::string_view tag);
object schema_of_any(schema_builder& to, std::span<const schema_builder::build> alternatives);
object schema_of_tuple(schema_builder& to, std::span<const schema_builder::build> elements);
object schema_of_elements(object items);
object schema_of_distinct_elements(object items);
object schema_of_exactly(std::size_t count, object items);
object schema_of_map(object mapped);
object schema_or_null(object schema);

template <class T>
consteval std::string_view spelling_of() {
  return __PRETTY_FUNCTION__;
}
// Two forms of one struct: by itself, and with its tag inside a variant.
template <class T>
inline constexpr type_token plain_token = {spelling_of<T>()};
template <class T>
inline constexpr type_token tagged_token = {spelling_of<T>()};

template <class T>
object build_schema(schema_builder& to);

template <class T, std::size_t... I>
object build_structure(schema_builder& to, std::string_view tag, std::index_sequence<I...>) {
  constexpr const auto& notes = field_notes<T>;
  static constexpr std::array<schema_field, sizeof...(I)> table{
      schema_field{&notes[I], build_schema<typename unwrapped<field_type<T, I>>::type>}...};
  std::string_view description;
  if constexpr (has_description<T>) description = T::description;
  return schema_of_fields(to, table, description, tag);
}

template <class T>
object build_plain(schema_builder& to) {
  return build_structure<T>(to, {}, field_indices<T>{});
}

template <class T>
object build_tagged(schema_builder& to) {
  return to.structure(tagged_token<T>, [](schema_builder& inner) {
    return build_structure<T>(inner, tag_of<T>(), field_indices<T>{});
  });
}

template <class Variant, std::size_t... I>
object build_variant(schema_builder& to, std::index_sequence<I...>) {
  if constexpr (is_tagged<Variant>) {
    static constexpr schema_builder::build table[] = {
        build_tagged<std::variant_alternative_t<I, Variant>>...};
    return schema_of_any(to, table);
  } else {
    static constexpr schema_builder::build table[] = {
        build_schema<std::variant_alternative_t<I, Variant>>...};
    return schema_of_any(to, table);
  }
}

template <class Tuple, std::size_t... I>
object build_tuple(schema_builder& to, std::index_sequence<I...>) {
  static constexpr std::array<schema_builder::build, sizeof...(I)> table{
      build_schema<std::tuple_element_t<I, Tuple>>...};
  return schema_of_tuple(to, table);
}

template <class T>
object build_schema(schema_builder& to) {
  constexpr kind shape = kind_of<T>();
  if constexpr (has_schema_hook<T>) {
    return skein_json_schema(std::type_identity<T>{});
  } else if constexpr (shape == kind::boolean) {
    return schema_with_type("boolean");
  } else if constexpr (shape == kind::integer) {
    return std::is_signed_v<T> ? schema_with_type("integer") : schema_of_unsigned();
  } else if constexpr (shape == kind::floating) {
    return schema_with_type("number");
  } else if constexpr (shape == kind::text || shape == kind::text_view) {
    return schema_with_type("string");
  } else if constexpr (shape == kind::enumeration) {
    return schema_of_enum(enumerators<T>());
  } else if constexpr (shape == kind::nullable) {
    return schema_or_null(build_schema<typename unwrapped<T>::type>(to));
  } else if constexpr (shape == kind::null) {
    return schema_with_type("null");
  } else if constexpr (shape == kind::variant) {
    return build_variant<T>(to, std::make_index_sequence<std::variant_size_v<T>>{});
  } else if constexpr (shape == kind::any) {
    return {};
  } else if constexpr (shape == kind::object) {
    return schema_with_type("object");
  } else if constexpr (shape == kind::array) {
    return schema_with_type("array");
  } else if constexpr (shape == kind::map) {
    return schema_of_map(build_schema<typename T::mapped_type>(to));
  } else if constexpr (shape == kind::tuple) {
    return build_tuple<T>(to, std::make_index_sequence<std::tuple_size_v<T>>{});
  } else if constexpr (shape == kind::fixed_array) {
    return schema_of_exactly(std::tuple_size_v<T>, build_schema<typename T::value_type>(to));
  } else if constexpr (shape == kind::range) {
    object items = build_schema<std::ranges::range_value_t<const T&>>(to);
    if constexpr (unique_set<T>)
      return schema_of_distinct_elements(std::move(items));
    else
      return schema_of_elements(std::move(items));
  } else if constexpr (shape == kind::structure) {
    return to.structure(plain_token<T>, build_plain<T>);
  } else {
    static_assert(
        shape != kind::unsupported,
        "this type has no JSON shape: use a plain aggregate struct, a standard type listed in "
        "<skein/json/reflect.hpp>, or give it skein_json_schema");
    return {};
  }
}

}  // namespace skein::json::detail
