// From JSON into C++ values. Templates choose the shape; the work is in src/json/read.cpp.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>

#include <skein/json/detail/enum_names.hpp>
#include <skein/json/detail/fields.hpp>
#include <skein/json/detail/kinds.hpp>
#include <skein/json/mismatch.hpp>
#include <skein/json/value.hpp>

namespace skein::json::detail {

// Where the reader stands. A chain through the frames of the readers above: a path costs nothing
// until there is something to report.
class place {
 public:
  place() = default;
  place(const place& parent, std::string_view key) : parent_(&parent), key_(key), is_key_(true) {}
  place(const place& parent, std::size_t index) : parent_(&parent), index_(index) {}

  [[nodiscard]] std::string path() const;
  // A failure at this place.
  [[nodiscard]] std::unexpected<mismatch> wrong(std::string message) const;
  [[nodiscard]] std::unexpected<mismatch> expected(std::string_view what, const value& found) const;

 private:
  const place* parent_ = nullptr;
  std::string_view key_ = {};
  std::size_t index_ = 0;
  bool is_key_ = false;
};

// Reads into the object at `into`, whose type the function knows.
using erased_reader = read_outcome (*)(const place&, const value&, void* into);

struct read_field {
  const field_note* note;
  void* into;
  erased_reader read;
};

struct read_alternative {
  std::string_view tag;  // empty in an untagged variant
  erased_reader read;
};

struct size_range {
  std::size_t least;
  std::size_t most;
};

read_outcome read_bool(const place& at, const value& in, bool& out);
read_outcome read_signed(const place& at, const value& in, std::int64_t least, std::int64_t most,
                         std::int64_t& out);
read_outcome read_unsigned(const place& at, const value& in, std::uint64_t most,
                           std::uint64_t& out);
// `most` is the largest finite magnitude of the type that will hold the number.
read_outcome read_floating(const place& at, const value& in, double most, double& out);
read_outcome read_text(const place& at, const value& in, std::string& out);
read_outcome read_null(const place& at, const value& in);
read_outcome read_enumerator(const place& at, const value& in, std::span<const enumerator> names,
                             std::int64_t& out);
std::expected<const array*, mismatch> read_array(const place& at, const value& in);
std::expected<const array*, mismatch> read_array(const place& at, const value& in,
                                                 std::size_t exact_size);
std::expected<const object*, mismatch> read_object(const place& at, const value& in);
// `ignored` is a key that may be present without being a field, empty for none.
read_outcome read_fields(const place& at, const value& in, std::span<const read_field> fields,
                         std::string_view ignored);
read_outcome read_untagged(const place& at, const value& in,
                           std::span<const read_alternative> alternatives, void* variant);
read_outcome read_tagged(const place& at, const value& in,
                         std::span<const read_alternative> alternatives, void* variant);
// The failure of a hook, whose path starts at `$`, as seen from here.
std::unexpected<mismatch> rebased(const place& at, mismatch inner);

template <class T>
read_outcome read(const place& at, const value& in, T& out);

template <class T>
read_outcome read_erased(const place& at, const value& in, void* into) {
  return read(at, in, *static_cast<T*>(into));
}

template <class T, std::size_t... I>
read_outcome read_structure(const place& at, const value& in, T& out, std::string_view ignored,
                            std::index_sequence<I...>) {
  constexpr const auto& notes = field_notes<T>;
  [[maybe_unused]] const auto fields = boost::pfr::structure_tie(out);
  const std::array<read_field, sizeof...(I)> table{
      read_field{&notes[I], std::addressof(std::get<I>(fields)), read_erased<field_type<T, I>>}...};
  return read_fields(at, in, table, ignored);
}

template <class Variant, std::size_t I>
read_outcome read_into_alternative(const place& at, const value& in, void* variant) {
  auto& out = static_cast<Variant*>(variant)->template emplace<I>();
  if constexpr (is_tagged<Variant>) {
    using type = std::variant_alternative_t<I, Variant>;
    return read_structure(at, in, out, tag_key, field_indices<type>{});
  } else {
    return read(at, in, out);
  }
}

template <class Variant, std::size_t... I>
read_outcome read_variant(const place& at, const value& in, Variant& out,
                          std::index_sequence<I...>) {
  if constexpr (is_tagged<Variant>) {
    static constexpr read_alternative table[] = {
        {tag_of<std::variant_alternative_t<I, Variant>>(), read_into_alternative<Variant, I>}...};
    return read_tagged(at, in, table, &out);
  } else {
    static constexpr read_alternative table[] = {{{}, read_into_alternative<Variant, I>}...};
    return read_untagged(at, in, table, &out);
  }
}

template <class Tuple, std::size_t... I>
read_outcome read_tuple(const place& at, const value& in, Tuple& out, std::index_sequence<I...>) {
  const auto items = read_array(at, in, sizeof...(I));
  if (!items) return std::unexpected(items.error());
  read_outcome outcome;
  static_cast<void>(
      ((outcome = read(place(at, I), (**items)[I], std::get<I>(out)), outcome.has_value()) && ...));
  return outcome;
}

template <class T>
read_outcome read_integer(const place& at, const value& in, T& out) {
  static_assert(sizeof(T) <= 8, "JSON integers have at most 64 bits");
  read_outcome outcome;
  if constexpr (std::is_signed_v<T>) {
    std::int64_t number = 0;
    outcome =
        read_signed(at, in, std::numeric_limits<T>::min(), std::numeric_limits<T>::max(), number);
    out = static_cast<T>(number);
  } else {
    std::uint64_t number = 0;
    outcome = read_unsigned(at, in, std::numeric_limits<T>::max(), number);
    out = static_cast<T>(number);
  }
  return outcome;
}

template <class T>
read_outcome read_range(const place& at, const value& in, T& out) {
  using element_type = std::ranges::range_value_t<T>;
  static_assert(
      requires(element_type element) { out.insert(out.end(), std::move(element)); },
      "this range can be written but not read: it owns no elements that could be inserted");
  const auto items = read_array(at, in);
  if (!items) return std::unexpected(items.error());
  out.clear();
  if constexpr (requires { out.reserve((*items)->size()); }) out.reserve((*items)->size());
  for (std::size_t i = 0; i < (*items)->size(); ++i) {
    const place here(at, i);
    element_type element{};
    if (auto outcome = read(here, (**items)[i], element); !outcome) return outcome;
    out.insert(out.end(), std::move(element));
    if constexpr (unique_set<T>) {
      if (out.size() <= i) return here.expected("an element not listed before", (**items)[i]);
    }
  }
  return {};
}

template <class T>
read_outcome read_map(const place& at, const value& in, T& out) {
  const auto members = read_object(at, in);
  if (!members) return std::unexpected(members.error());
  out.clear();
  for (const auto& member : **members) {
    typename T::mapped_type mapped{};
    if (auto outcome = read(place(at, member.key()), member.value(), mapped); !outcome)
      return outcome;
    out.emplace(std::string(member.key()), std::move(mapped));
  }
  return {};
}

template <class T>
read_outcome read_nullable(const place& at, const value& in, T& out) {
  if (in.is_null()) {
    out.reset();
    return {};
  }
  if constexpr (is_a<T, std::optional>) {
    return read(at, in, out.emplace());
  } else {
    out.reset(new typename T::element_type{});
    return read(at, in, *out);
  }
}

template <class T>
read_outcome read(const place& at, const value& in, T& out) {
  constexpr kind shape = kind_of<T>();
  if constexpr (has_read_hook<T>) {
    read_outcome outcome = skein_from_json(in, out);
    if (!outcome) return rebased(at, std::move(outcome).error());
    return outcome;
  } else if constexpr (shape == kind::boolean) {
    return read_bool(at, in, out);
  } else if constexpr (shape == kind::integer) {
    return read_integer(at, in, out);
  } else if constexpr (shape == kind::floating) {
    double number = 0;
    read_outcome outcome =
        read_floating(at, in, static_cast<double>(std::numeric_limits<T>::max()), number);
    out = static_cast<T>(number);
    return outcome;
  } else if constexpr (shape == kind::text) {
    return read_text(at, in, out);
  } else if constexpr (shape == kind::enumeration) {
    std::int64_t bits = 0;
    read_outcome outcome = read_enumerator(at, in, enumerators<T>(), bits);
    if (outcome) out = static_cast<T>(bits);
    return outcome;
  } else if constexpr (shape == kind::nullable) {
    return read_nullable(at, in, out);
  } else if constexpr (shape == kind::null) {
    return read_null(at, in);
  } else if constexpr (shape == kind::variant) {
    return read_variant(at, in, out, std::make_index_sequence<std::variant_size_v<T>>{});
  } else if constexpr (shape == kind::any) {
    out = in;
    return {};
  } else if constexpr (shape == kind::object) {
    const auto members = read_object(at, in);
    if (!members) return std::unexpected(members.error());
    out = **members;
    return {};
  } else if constexpr (shape == kind::array) {
    const auto items = read_array(at, in);
    if (!items) return std::unexpected(items.error());
    out = **items;
    return {};
  } else if constexpr (shape == kind::map) {
    return read_map(at, in, out);
  } else if constexpr (shape == kind::tuple) {
    return read_tuple(at, in, out, std::make_index_sequence<std::tuple_size_v<T>>{});
  } else if constexpr (shape == kind::fixed_array) {
    const auto items = read_array(at, in, out.size());
    if (!items) return std::unexpected(items.error());
    for (std::size_t i = 0; i < out.size(); ++i) {
      if (auto outcome = read(place(at, i), (**items)[i], out[i]); !outcome) return outcome;
    }
    return {};
  } else if constexpr (shape == kind::range) {
    return read_range(at, in, out);
  } else if constexpr (shape == kind::structure) {
    return read_structure(at, in, out, {}, field_indices<T>{});
  } else {
    static_assert(shape != kind::text_view,
                  "std::string_view can be written but not read: use std::string");
    static_assert(
        shape == kind::text_view,
        "this type has no JSON shape: use a plain aggregate struct, a standard type listed in "
        "<skein/json/reflect.hpp>, or give it skein_from_json");
    return {};
  }
}

}  // namespace skein::json::detail
