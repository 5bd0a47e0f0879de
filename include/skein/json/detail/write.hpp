// From C++ values to JSON. Templates choose the shape; the work is in src/json/write.cpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>

#include <skein/json/detail/enum_names.hpp>
#include <skein/json/detail/fields.hpp>
#include <skein/json/detail/kinds.hpp>
#include <skein/json/value.hpp>

namespace skein::json::detail {

using erased_writer = value (*)(const void* from);

struct write_field {
  const field_note* note;
  const void* from;  // null: the field is left out
  erased_writer write;
};

// `tag` is written first under `tag_key`; empty for none.
value write_fields(std::span<const write_field> fields, std::string_view tag);
// Null for a number that JSON cannot spell (infinity, not a number), as JavaScript does.
value write_floating(double number);
// Throws schema_error for a value without a name.
value write_enumerator(std::span<const enumerator> names, std::int64_t bits);
// Hash containers list their elements in no order of their own; the output must not depend on it.
void sort_elements(array& elements);
void sort_members(object& members);

template <class T>
value write(const T& from);

template <class T>
value write_erased(const void* from) {
  return write(*static_cast<const T*>(from));
}

template <class T>
const void* address_unless_empty(const T& field) {
  if constexpr (is_nullable<T>) {
    if (!field) return nullptr;
  }
  return std::addressof(field);
}

template <class T, std::size_t... I>
value write_structure(const T& from, std::string_view tag, std::index_sequence<I...>) {
  constexpr const auto& notes = field_notes<T>;
  [[maybe_unused]] const auto fields = boost::pfr::structure_tie(from);
  const std::array<write_field, sizeof...(I)> table{
      write_field{&notes[I], address_unless_empty<field_type<T, I>>(std::get<I>(fields)),
                  write_erased<field_type<T, I>>}...};
  return write_fields(table, tag);
}

template <class Variant>
value write_variant(const Variant& from) {
  if (from.valueless_by_exception()) return nullptr;
  return std::visit(
      []<class T>(const T& held) -> value {
        if constexpr (is_tagged<Variant>) {
          return write_structure(held, tag_of<T>(), field_indices<T>{});
        } else {
          return write(held);
        }
      },
      from);
}

template <class T>
value write_range(const T& from) {
  using element_type = std::ranges::range_value_t<const T&>;
  array elements;
  if constexpr (requires { from.size(); }) elements.reserve(from.size());
  for (auto&& element : from) {
    elements.push_back(write<element_type>(static_cast<const element_type&>(element)));
  }
  if constexpr (unordered<T>) sort_elements(elements);
  return elements;
}

template <class T>
value write(const T& from) {
  constexpr kind shape = kind_of<T>();
  if constexpr (has_write_hook<T>) {
    return skein_to_json(from);
  } else if constexpr (shape == kind::boolean) {
    return value(from);
  } else if constexpr (shape == kind::integer) {
    if constexpr (std::is_signed_v<T>)
      return value(static_cast<std::int64_t>(from));
    else
      return value(static_cast<std::uint64_t>(from));
  } else if constexpr (shape == kind::floating) {
    return write_floating(static_cast<double>(from));
  } else if constexpr (shape == kind::text || shape == kind::text_view) {
    return value(std::string_view(from));
  } else if constexpr (shape == kind::enumeration) {
    return write_enumerator(enumerators<T>(), static_cast<std::int64_t>(from));
  } else if constexpr (shape == kind::nullable) {
    return from ? write(*from) : value(nullptr);
  } else if constexpr (shape == kind::null) {
    return value(nullptr);
  } else if constexpr (shape == kind::variant) {
    return write_variant(from);
  } else if constexpr (shape == kind::any || shape == kind::object || shape == kind::array) {
    return value(from);
  } else if constexpr (shape == kind::map) {
    object members;
    for (const auto& [key, mapped] : from) members.emplace(key, write(mapped));
    if constexpr (unordered<T>) sort_members(members);
    return members;
  } else if constexpr (shape == kind::tuple) {
    array elements;
    std::apply([&](const auto&... element) { (elements.push_back(write(element)), ...); }, from);
    return elements;
  } else if constexpr (shape == kind::fixed_array || shape == kind::range) {
    return write_range(from);
  } else if constexpr (shape == kind::structure) {
    return write_structure(from, {}, field_indices<T>{});
  } else {
    static_assert(
        shape != kind::unsupported,
        "this type has no JSON shape: use a plain aggregate struct, a standard type listed in "
        "<skein/json/reflect.hpp>, or give it skein_to_json");
    return {};
  }
}

}  // namespace skein::json::detail
