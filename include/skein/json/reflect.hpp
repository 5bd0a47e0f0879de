// Between JSON and plain C++ types, without macros.
//
// A plain aggregate struct is an object, its fields are the keys in declaration order, and the
// order of keys in the output is always the same. The types that fit:
//
//   bool, integers, floating point    numbers; an integer takes 3.0 but not 3.5, and is
//   range-checked std::string, std::string_view     strings; a view can only be written enums the
//   enumerator's name (Boost.Describe, or values -8 to 127) std::optional, std::unique_ptr    null
//   when empty; as a field: left out when empty, may be absent vector, list, set, std::array ...
//   arrays; a set refuses repeats, std::array has its exact size std::pair, std::tuple arrays of
//   their exact size maps with std::string keys        objects; hash maps are written sorted by key
//   std::variant                      if every alternative is a struct with
//                                     `static constexpr std::string_view tag`, an object with that
//                                     tag under "type"; otherwise whatever the first alternative
//                                     that fits
//   std::monostate                    null
//   json::value, object, array        themselves
//
// A struct must be default-constructible. Every field is required except std::optional and
// std::unique_ptr and those named in `static constexpr auto defaults` (docs.hpp); a key that is no
// field is a mismatch.
//
// A type with a shape of its own brings functions found by argument-dependent lookup:
//   json::value skein_to_json(const T&);
//   json::read_outcome skein_from_json(const json::value&, T& out);  // its paths start at `$`
//   json::object skein_json_schema(std::type_identity<T>);           // for schema.hpp
#pragma once

#include <expected>
#include <utility>

#include <skein/core/error.hpp>
#include <skein/json/detail/read.hpp>
#include <skein/json/detail/write.hpp>
#include <skein/json/docs.hpp>
#include <skein/json/mismatch.hpp>
#include <skein/json/value.hpp>

namespace skein::json {

// Infinity and not-a-number become null. Throws schema_error for an enum value without a name.
template <class T>
[[nodiscard]] value to_json(const T& from) {
  return detail::write(from);
}

// The first mismatch found, in declaration order of the fields; unknown keys come first.
template <class T>
[[nodiscard]] std::expected<T, mismatch> from_json(const value& from) {
  std::expected<T, mismatch> result;
  if (auto outcome = detail::read(detail::place{}, from, *result); !outcome) {
    result = std::unexpected(std::move(outcome).error());
  }
  return result;
}

// from_json for callers without an alternative: throws schema_error.
template <class T>
[[nodiscard]] T decode(const value& from) {
  auto result = from_json<T>(from);
  if (!result) throw schema_error(std::move(result.error().path), result.error().message);
  return *std::move(result);
}

}  // namespace skein::json
