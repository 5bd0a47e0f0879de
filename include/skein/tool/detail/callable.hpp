// What a callable takes and gives, and calling it with decoded arguments.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

#include <skein/async/stream.hpp>
#include <skein/async/task.hpp>
#include <skein/tool/context.hpp>

namespace skein::tool_detail {

template <class... T>
struct type_list {
  static constexpr std::size_t size = sizeof...(T);
};

// A function type taken apart.
template <class Function>
struct function_parts {
  static constexpr bool known = false;
};
template <class R, class... P>
struct parts_of {
  static constexpr bool known = true;
  static constexpr bool changes_itself = false;
  using result = R;
  using parameters = type_list<P...>;
};
template <class R, bool N, class... P>
struct function_parts<R(P...) noexcept(N)> : parts_of<R, P...> {};
template <class R, bool N, class... P>
struct function_parts<R (*)(P...) noexcept(N)> : parts_of<R, P...> {};
template <class R, bool N, class C, class... P>
struct function_parts<R (C::*)(P...) const noexcept(N)> : parts_of<R, P...> {};
template <class R, bool N, class C, class... P>
struct function_parts<R (C::*)(P...) const & noexcept(N)> : parts_of<R, P...> {};
template <class R, bool N, class C, class... P>
struct function_parts<R (C::*)(P...) noexcept(N)> : parts_of<R, P...> {
  static constexpr bool changes_itself = true;
};

template <class F>
consteval auto parts_behind() {
  if constexpr (requires { &F::operator(); }) {
    return function_parts<decltype(&F::operator())>{};
  } else {
    return function_parts<F>{};
  }
}

template <class P>
inline constexpr bool is_context = std::is_same_v<std::remove_cvref_t<P>, tool_context>;

enum class context_place : unsigned char { none, first, last, misplaced };

// Takes the tool_context out of a parameter list.
template <class Parameters, class Values = type_list<>>
struct without_context;
template <class... V>
struct without_context<type_list<>, type_list<V...>> {
  using type = type_list<V...>;
};
template <class P, class... Rest, class... V>
struct without_context<type_list<P, Rest...>, type_list<V...>>
    : without_context<type_list<Rest...>,
                      std::conditional_t<is_context<P>, type_list<V...>, type_list<V..., P>>> {};

template <class... P>
consteval context_place place_of(type_list<P...>) {
  constexpr std::size_t count = (std::size_t{is_context<P>} + ... + 0);
  if constexpr (count == 0) {
    return context_place::none;
  } else if constexpr (count == 1) {
    constexpr bool at[] = {is_context<P>...};
    if (at[0]) return context_place::first;
    if (at[sizeof...(P) - 1]) return context_place::last;
  }
  return context_place::misplaced;
}

// What holds the argument for a parameter while the tool runs.
template <class P>
using held =
    std::conditional_t<std::is_same_v<P, std::string_view>, std::string, std::remove_cvref_t<P>>;

template <class Values>
struct argument_tuple;
template <class... P>
struct argument_tuple<type_list<P...>> {
  using type = std::tuple<held<P>...>;
};

template <class F>
struct callable {
  using parts = decltype(parts_behind<F>());
  static_assert(parts::known,
                "a tool needs a callable with one signature: a function, a function pointer, or a "
                "lambda without `auto` parameters and without overloads");
  static_assert(!parts::changes_itself,
                "a tool's callable must be callable as const, without `mutable`: several calls of "
                "one tool may run at the same time");
  using result = typename parts::result;
  using values = typename without_context<typename parts::parameters>::type;
  using arguments = typename argument_tuple<values>::type;
  static constexpr context_place place = place_of(typename parts::parameters{});
  static_assert(place != context_place::misplaced,
                "a tool takes its tool_context once, as the first or the last parameter");
};

template <class T>
inline constexpr bool is_task = false;
template <class T>
inline constexpr bool is_task<task<T>> = true;
template <class T>
inline constexpr bool is_stream = false;
template <class T>
inline constexpr bool is_stream<stream<T>> = true;

// An argument as its parameter wants it: references bind to what is held, values are moved out.
template <class P>
decltype(auto) pass(held<P>& argument) {
  static_assert(!std::is_lvalue_reference_v<P> || std::is_const_v<std::remove_reference_t<P>>,
                "a tool's parameter is a value or a const reference: what it writes to a plain "
                "reference, nobody would see");
  if constexpr (std::is_lvalue_reference_v<P> || std::is_same_v<P, std::string_view>) {
    return static_cast<const held<P>&>(argument);
  } else {
    return std::move(argument);
  }
}

template <class F, class... P, std::size_t... I>
decltype(auto) call_function(const F& function, type_list<P...>, std::tuple<held<P>...>& arguments,
                             tool_context& ctx, std::index_sequence<I...>) {
  constexpr context_place place = callable<F>::place;
  if constexpr (place == context_place::first) {
    return std::invoke(function, ctx, pass<P>(std::get<I>(arguments))...);
  } else if constexpr (place == context_place::last) {
    return std::invoke(function, pass<P>(std::get<I>(arguments))..., ctx);
  } else {
    return std::invoke(function, pass<P>(std::get<I>(arguments))...);
  }
}

// Calls the function with arguments that the caller keeps alive until the result is complete.
template <class F>
decltype(auto) call_function(const F& function, typename callable<F>::arguments& arguments,
                             tool_context& ctx) {
  using values = typename callable<F>::values;
  return call_function(function, values{}, arguments, ctx,
                       std::make_index_sequence<values::size>{});
}

}  // namespace skein::tool_detail
