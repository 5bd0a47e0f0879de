// Which JSON shape a C++ type has. The one place that decides; reading, writing and schemas follow
// it.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <memory>
#include <optional>
#include <ranges>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>

#include <skein/json/mismatch.hpp>
#include <skein/json/value.hpp>

namespace skein::json::detail {

enum class kind : unsigned char {
  boolean,
  integer,
  floating,
  text,
  text_view,    // written only
  enumeration,  // by name
  nullable,     // std::optional, std::unique_ptr
  null,         // std::monostate
  variant,
  any,     // json::value
  object,  // json::object
  array,   // json::array
  map,     // string keys
  tuple,   // std::tuple, std::pair
  fixed_array,
  range,
  structure,
  unsupported,
};

template <class T, template <class...> class Template>
inline constexpr bool is_a = false;
template <template <class...> class Template, class... Args>
inline constexpr bool is_a<Template<Args...>, Template> = true;

template <class T>
inline constexpr bool is_std_array = false;
template <class T, std::size_t N>
inline constexpr bool is_std_array<std::array<T, N>> = true;

template <class T>
concept character = std::same_as<T, char> || std::same_as<T, wchar_t> || std::same_as<T, char8_t> ||
                    std::same_as<T, char16_t> || std::same_as<T, char32_t>;

template <class T>
concept map_like = requires {
  typename T::mapped_type;
  requires std::same_as<typename T::key_type, std::string>;
};

// A range of something else: std::filesystem::path, say, is a range of paths and has no JSON shape.
template <class T>
concept range_like = std::ranges::input_range<const T&> && !requires {
  typename T::mapped_type;
} && !std::same_as<std::remove_cvref_t<std::ranges::range_reference_t<const T&>>, T>;

// std::set and std::unordered_set, told from the rest by what their insert returns.
template <class T>
concept unique_set = requires(T set, typename T::key_type key) {
  { set.insert(key) } -> std::same_as<std::pair<typename T::iterator, bool>>;
};

template <class T>
concept unordered = requires { typename T::hasher; };

template <class T>
consteval kind kind_of() {
  if constexpr (std::same_as<T, bool>)
    return kind::boolean;
  else if constexpr (std::integral<T> && !character<T>)
    return kind::integer;
  else if constexpr (std::floating_point<T>)
    return kind::floating;
  else if constexpr (std::same_as<T, std::string>)
    return kind::text;
  else if constexpr (std::same_as<T, std::string_view>)
    return kind::text_view;
  else if constexpr (std::is_enum_v<T>)
    return kind::enumeration;
  else if constexpr (is_a<T, std::optional> || is_a<T, std::unique_ptr>)
    return kind::nullable;
  else if constexpr (std::same_as<T, std::monostate>)
    return kind::null;
  else if constexpr (is_a<T, std::variant>)
    return kind::variant;
  else if constexpr (std::same_as<T, value>)
    return kind::any;
  else if constexpr (std::same_as<T, object>)
    return kind::object;
  else if constexpr (std::same_as<T, array>)
    return kind::array;
  else if constexpr (is_a<T, std::pair> || is_a<T, std::tuple>)
    return kind::tuple;
  else if constexpr (is_std_array<T>)
    return kind::fixed_array;
  else if constexpr (map_like<T>)
    return kind::map;
  else if constexpr (range_like<T>)
    return kind::range;
  else if constexpr (std::is_class_v<T> && std::is_aggregate_v<T>)
    return kind::structure;
  else
    return kind::unsupported;
}

template <class T>
inline constexpr bool is_nullable = kind_of<T>() == kind::nullable;

// What is inside a std::optional or std::unique_ptr; any other type is itself.
template <class T>
struct unwrapped {
  using type = T;
};
template <class T>
struct unwrapped<std::optional<T>> : unwrapped<T> {};
template <class T, class Deleter>
struct unwrapped<std::unique_ptr<T, Deleter>> : unwrapped<T> {};

// The hooks by which a type brings its own shape (see reflect.hpp).
template <class T>
concept has_write_hook = requires(const T& from) {
  { skein_to_json(from) } -> std::convertible_to<value>;
};
template <class T>
concept has_read_hook = requires(const value& from, T& into) {
  { skein_from_json(from, into) } -> std::convertible_to<read_outcome>;
};
template <class T>
concept has_schema_hook = requires {
  { skein_json_schema(std::type_identity<T>{}) } -> std::convertible_to<object>;
};

}  // namespace skein::json::detail
