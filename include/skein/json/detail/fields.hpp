// The fields of a plain struct: names and addresses from Boost.PFR, and what the struct says of
// them in its static members `docs`, `defaults`, `description` and `tag`.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>

#include <boost/pfr/core.hpp>
#include <boost/pfr/core_name.hpp>

#include <skein/json/detail/kinds.hpp>
#include <skein/json/docs.hpp>

namespace skein::json::detail {

template <class T>
using field_references = decltype(boost::pfr::structure_tie(std::declval<T&>()));

template <class T>
inline constexpr std::size_t field_count = std::tuple_size_v<field_references<T>>;

template <class T>
using field_indices = std::make_index_sequence<field_count<T>>;

template <class T, std::size_t I>
using field_type = std::remove_cvref_t<std::tuple_element_t<I, field_references<T>>>;

struct field_note {
  std::string_view name = {};
  std::string_view text = {};
  bool may_be_absent = false;
};

template <class T>
concept has_docs = std::same_as<std::remove_cvref_t<decltype(T::docs)>, skein::docs>;
template <class T>
concept has_defaults = std::same_as<std::remove_cvref_t<decltype(T::defaults)>, skein::defaults>;
// A field of that name is data, not a statement about the struct, hence the second condition.
template <class T>
concept has_description = std::convertible_to<decltype(T::description), std::string_view> &&
                          !std::is_member_object_pointer_v<decltype(&T::description)>;
template <class T>
concept has_tag = std::convertible_to<decltype(T::tag), std::string_view> &&
                  !std::is_member_object_pointer_v<decltype(&T::tag)>;

// A string as a template argument, so that a compiler's diagnostic spells it.
template <std::size_t N>
struct fixed_string {
  char text[N + 1] = {};
  consteval explicit fixed_string(std::string_view from) {
    for (std::size_t i = 0; i < N; ++i) text[i] = from[i];
  }
};

template <class Struct, fixed_string Key>
struct no_such_field {
  static_assert(
      sizeof(Struct) == 0,
      "a key in `docs` or `defaults` names no field of its struct: correct the spelling or "
      "remove the entry (the key stands in no_such_field<struct, key> nearby)");
};

template <class T>
consteval auto names_of() {
  // PFR has no names for a struct without fields.
  if constexpr (field_count<T> == 0)
    return std::array<std::string_view, 0>{};
  else
    return boost::pfr::names_as_array<T>();
}

template <class List, std::size_t N>
consteval std::size_t first_wrong_key(const List& list,
                                      const std::array<std::string_view, N>& names) {
  for (std::size_t i = 0; i < list.size(); ++i) {
    bool known = false;
    for (std::string_view name : names) known = known || name == list.key(i);
    if (!known) return i;
  }
  return list.size();
}

template <class T>
consteval auto make_notes() {
  constexpr auto names = names_of<T>();
  std::array<field_note, names.size()> notes = {};
  [&]<std::size_t... I>(std::index_sequence<I...>) {
    ((notes[I] = {names[I], {}, is_nullable<field_type<T, I>>}), ...);
  }(field_indices<T>{});
  if constexpr (has_description<T>) {
    static_assert(!std::string_view(T::description).empty(), "an empty description: remove it");
  }
  if constexpr (has_docs<T>) {
    constexpr std::size_t wrong = first_wrong_key(T::docs, names);
    if constexpr (wrong < T::docs.size()) {
      constexpr std::string_view key = T::docs.key(wrong);
      static_cast<void>(no_such_field<T, fixed_string<key.size()>(key)>{});
    }
    for (field_note& note : notes) note.text = T::docs.find(note.name);
  }
  if constexpr (has_defaults<T>) {
    constexpr std::size_t wrong = first_wrong_key(T::defaults, names);
    if constexpr (wrong < T::defaults.size()) {
      constexpr std::string_view key = T::defaults.key(wrong);
      static_cast<void>(no_such_field<T, fixed_string<key.size()>(key)>{});
    }
    for (field_note& note : notes) {
      note.may_be_absent = note.may_be_absent || T::defaults.contains(note.name);
    }
  }
  return notes;
}

template <class T>
inline constexpr auto field_notes = make_notes<T>();

// The key that holds the tag of a struct inside a tagged variant.
inline constexpr std::string_view tag_key = "type";

template <class Variant>
inline constexpr bool is_tagged = false;
template <class... Alternatives>
inline constexpr bool is_tagged<std::variant<Alternatives...>> =
    ((kind_of<Alternatives>() == kind::structure && has_tag<Alternatives>) && ...);

template <class T>
consteval bool has_field(std::string_view name) {
  for (const field_note& note : field_notes<T>) {
    if (note.name == name) return true;
  }
  return false;
}

template <class T>
constexpr std::string_view tag_of() {
  static_assert(
      !has_field<T>(tag_key),
      "a struct with a `tag` may not have a field named `type` in a tagged variant: the tag "
      "is written under that key; rename the field");
  return T::tag;
}

}  // namespace skein::json::detail
