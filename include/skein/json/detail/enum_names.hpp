// The names of an enum's enumerators: from Boost.Describe when the enum is described, otherwise
// read off the compiler's own spelling of every value from -8 to 127.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>

#include <boost/describe/enumerators.hpp>
#include <boost/mp11/algorithm.hpp>

namespace skein::json::detail {

struct enumerator {
  std::string_view name;
  std::int64_t value = 0;  // the bits of the underlying value
};

// One function for all values, not one for each: a single symbol for the compiler to make.
template <class E, E... Values>
consteval std::string_view spelled() {
  return __PRETTY_FUNCTION__;
}

// The identifier that ends `item`, empty if it ends in a number: `(ns::color)5` has no name.
constexpr std::string_view trailing_identifier(std::string_view item) {
  const auto is_word = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           static_cast<unsigned char>(c) >= 0x80;
  };
  std::size_t start = item.size();
  while (start > 0 && is_word(item[start - 1])) --start;
  const std::string_view word = item.substr(start);
  return word.empty() || (word[0] >= '0' && word[0] <= '9') ? std::string_view{} : word;
}

// Splits `... = {a, b, c}; ...` (GCC) or `... = <a, b, c>]` (Clang) into its N items. Brackets
// inside an item, as in `t<int, char>::e::x` or `(anonymous namespace)::e::x`, do not split it.
template <std::size_t N>
constexpr std::array<std::string_view, N> split_spelling(std::string_view text) {
  const std::string_view open = text.find("Values = {") != text.npos ? "Values = {" : "Values = <";
  text.remove_prefix(text.find(open) + open.size());
  std::array<std::string_view, N> items = {};
  std::size_t item = 0;
  std::size_t start = 0;
  int depth = 0;
  for (std::size_t i = 0; i < text.size() && item < N; ++i) {
    const char c = text[i];
    const bool closes = c == ')' || c == '>' || c == '}';
    if (depth == 0 && (c == ',' || closes)) {
      items[item++] = text.substr(start, i - start);
      start = i + 1;
    } else if (c == '(' || c == '<' || c == '{') {
      ++depth;
    } else if (closes) {
      --depth;
    }
  }
  return items;
}

// Clang 19 and older allow a cast beyond the range of an enum without a fixed underlying type, but
// with an error that a template cannot catch; later ones answer `castable` like any compiler.
#if defined(__clang__) && __clang_major__ < 20
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wenum-constexpr-conversion"
#endif

template <class E, int Value, class = void>
inline constexpr bool castable = false;
template <class E, int Value>
inline constexpr bool
    castable<E, Value, std::void_t<std::integral_constant<E, static_cast<E>(Value)>>> = true;

template <class E>
concept has_fixed_underlying_type = requires { E{0}; };

// The scanned values. An enum without a fixed underlying type has only as many bits as its
// enumerators need, and a cast beyond them is ill-formed in a constant.
template <class E>
consteval std::pair<int, int> scanned_values() {
  using underlying = std::underlying_type_t<E>;
  if constexpr (std::is_same_v<underlying, bool>) {
    return {0, 1};
  } else if constexpr (has_fixed_underlying_type<E>) {
    constexpr int lowest = std::is_signed_v<underlying> ? -8 : 0;
    return {lowest, 127};
  } else {
    constexpr int lowest = castable<E, -8>   ? -8
                           : castable<E, -4> ? -4
                           : castable<E, -2> ? -2
                           : castable<E, -1> ? -1
                                             : 0;
    constexpr int highest = castable<E, 127>  ? 127
                            : castable<E, 63> ? 63
                            : castable<E, 31> ? 31
                            : castable<E, 15> ? 15
                            : castable<E, 7>  ? 7
                            : castable<E, 3>  ? 3
                            : castable<E, 1>  ? 1
                                              : 0;
    return {lowest, highest};
  }
}

// A cast would do, but GCC warns of every one beyond the range of an enum without a fixed type.
template <class E>
consteval E enum_value(int number) {
  return std::bit_cast<E>(static_cast<std::underlying_type_t<E>>(number));
}

template <class E, int Lowest, int... Offsets>
consteval auto spelled_enumerators(std::integer_sequence<int, Offsets...>) {
  constexpr auto items =
      split_spelling<sizeof...(Offsets)>(spelled<E, enum_value<E>(Lowest + Offsets)...>());
  constexpr auto count = static_cast<std::size_t>(std::ranges::count_if(
      items, [](std::string_view item) { return !trailing_identifier(item).empty(); }));
  std::array<enumerator, count> named = {};
  std::size_t next = 0;
  for (std::size_t i = 0; i < items.size(); ++i) {
    const std::string_view name = trailing_identifier(items[i]);
    if (!name.empty()) named[next++] = {name, Lowest + static_cast<std::int64_t>(i)};
  }
  return named;
}

#if defined(__clang__) && __clang_major__ < 20
#pragma clang diagnostic pop
#endif

template <class E, template <class...> class List, class... Described>
consteval auto described_enumerators(List<Described...>) {
  return std::array<enumerator, sizeof...(Described)>{
      enumerator{Described::name, static_cast<std::int64_t>(Described::value)}...};
}

template <class E>
consteval auto make_enumerators() {
  if constexpr (boost::describe::has_describe_enumerators<E>::value) {
    return described_enumerators<E>(boost::describe::describe_enumerators<E>{});
  } else {
    constexpr auto range = scanned_values<E>();
    return spelled_enumerators<E, range.first>(
        std::make_integer_sequence<int, range.second - range.first + 1>{});
  }
}

template <class E>
inline constexpr auto enumerators_array = make_enumerators<E>();

template <class E>
constexpr std::span<const enumerator> enumerators() {
  static_assert(
      !enumerators_array<E>.empty(),
      "Skein found no enumerator with a value from -8 to 127 in this enum: give it one, or "
      "describe the enum with BOOST_DESCRIBE_ENUM");
  return enumerators_array<E>;
}

}  // namespace skein::json::detail
