// Values that must not reach a log or a trace by accident.
#pragma once

#include <concepts>
#include <format>
#include <ostream>
#include <type_traits>
#include <utility>

namespace skein {

// A key, a token, a password. Made from the plain value without ceremony; read only by `reveal()`,
// so that each place where it leaves its wrapping can be searched for. Streamed or formatted it is
// `[secret]`; no attribute, JSON value or tool argument is made of one: that does not compile.
template <class T>
class secret {
 public:
  secret() = default;
  template <class U = T>
    requires std::constructible_from<T, U> && (!std::same_as<std::remove_cvref_t<U>, secret>)
  secret(U&& value) : value_(std::forward<U>(value)) {}  // NOLINT(google-explicit-constructor)

  [[nodiscard]] const T& reveal() const noexcept { return value_; }
  [[nodiscard]] bool empty() const noexcept
    requires requires(const T& t) { t.empty(); }
  {
    return value_.empty();
  }

  friend bool operator==(const secret&, const secret&) = default;
  friend std::ostream& operator<<(std::ostream& out, const secret&) { return out << "[secret]"; }

 private:
  T value_{};
};

}  // namespace skein

template <class T>
struct std::formatter<skein::secret<T>> {
  static constexpr auto parse(std::format_parse_context& context) { return context.begin(); }
  static auto format(const skein::secret<T>&, std::format_context& context) {
    return std::format_to(context.out(), "[secret]");
  }
};
