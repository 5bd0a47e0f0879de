// Values that must not reach a log or a trace by accident.
#pragma once

#include <concepts>
#include <format>
#include <ostream>
#include <string_view>
#include <type_traits>
#include <utility>

namespace skein {

namespace detail {

// A value that is read only by `reveal()`, so that each place where it leaves its wrapping can be
// searched for. No attribute, JSON value or tool argument is made of one: that does not compile.
template <class T>
class sealed {
 public:
  sealed() = default;
  template <class U>
    requires std::constructible_from<T, U>
  explicit sealed(std::in_place_t, U&& value) : value_(std::forward<U>(value)) {}

  [[nodiscard]] const T& reveal() const& noexcept { return value_; }
  [[nodiscard]] T&& reveal() && noexcept { return std::move(value_); }
  [[nodiscard]] bool empty() const noexcept
    requires requires(const T& t) { t.empty(); }
  {
    return value_.empty();
  }
  friend bool operator==(const sealed&, const sealed&) = default;

 private:
  T value_{};
};

struct sealed_formatter {
  static constexpr auto parse(std::format_parse_context& context) { return context.begin(); }
};

}  // namespace detail

// A key, a token, a password. Made from the plain value without ceremony. Streamed or formatted it
// is `[secret]`.
template <class T>
class secret : public detail::sealed<T> {
 public:
  secret() = default;
  template <class U = T>
    requires std::constructible_from<T, U> && (!std::same_as<std::remove_cvref_t<U>, secret>)
  secret(U&& value)  // NOLINT(google-explicit-constructor)
      : detail::sealed<T>(std::in_place, std::forward<U>(value)) {}

  friend bool operator==(const secret&, const secret&) = default;
  friend std::ostream& operator<<(std::ostream& out, const secret&) { return out << "[secret]"; }
};

// What a user, a model or a tool said, and what an exception says. Telemetry takes it only together
// with a policy (telemetry/content.hpp). Streamed or formatted it is `[content]`.
template <class T>
class content : public detail::sealed<T> {
 public:
  content() = default;
  template <class U = T>
    requires std::constructible_from<T, U> && (!std::same_as<std::remove_cvref_t<U>, content>)
  explicit content(U&& value) : detail::sealed<T>(std::in_place, std::forward<U>(value)) {}

  friend bool operator==(const content&, const content&) = default;
  friend std::ostream& operator<<(std::ostream& out, const content&) { return out << "[content]"; }
};
template <class T>
content(T) -> content<T>;

}  // namespace skein

template <class T>
struct std::formatter<skein::secret<T>> : skein::detail::sealed_formatter {
  static auto format(const skein::secret<T>&, std::format_context& context) {
    return std::format_to(context.out(), "[secret]");
  }
};
template <class T>
struct std::formatter<skein::content<T>> : skein::detail::sealed_formatter {
  static auto format(const skein::content<T>&, std::format_context& context) {
    return std::format_to(context.out(), "[content]");
  }
};
