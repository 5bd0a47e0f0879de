// A T that is still arriving: its fields and elements so far, each with whether it is complete.
//
//   struct recipe {
//     std::string title;
//     std::vector<step> steps;
//   };
//   json::partial<recipe> soup(arriving);              // arriving: a json::incremental
//   soup[&recipe::title].text();                       // "Tomato so"
//   soup[&recipe::steps].size();                       // 2, of which the last may be growing
//   if (auto first = soup[&recipe::steps][0].value())  // a step, once it is complete
//     start(*first);
#pragma once

#include <concepts>
#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>
#include <tuple>
#include <utility>

#include <skein/json/detail/fields.hpp>
#include <skein/json/detail/kinds.hpp>
#include <skein/json/incremental.hpp>
#include <skein/json/reflect.hpp>
#include <skein/json/value.hpp>

namespace skein::json {

namespace detail {
template <class T>
concept arriving_text = kind_of<T>() == kind::text && !has_read_hook<T>;
template <class T>
concept arriving_list = kind_of<T>() == kind::range && !has_read_hook<T>;
template <class T>
concept arriving_structure = kind_of<T>() == kind::structure && !has_read_hook<T>;

template <class Struct, class Field>
std::string_view name_of_field(Field Struct::* field);
}  // namespace detail

// A view: cheap to make and to copy, valid until the next feed() of what it looks at. Nothing is
// read before it is asked for. A field that is optional is looked into as if it were not.
template <class T>
class partial {
  using content = typename detail::unwrapped<T>::type;

 public:
  partial() = default;  // of which nothing has arrived
  explicit partial(const incremental& arriving) : partial(&arriving, arriving.root()) {}

  // Something of it is there. Numbers, booleans, enumerators and null are there when complete.
  [[nodiscard]] bool begun() const noexcept { return found_ != nullptr; }
  [[nodiscard]] bool complete() const noexcept {
    return found_ != nullptr && arriving_->complete(*found_);
  }
  // The whole T, once it is complete, if it fits.
  [[nodiscard]] std::optional<T> value() const;
  // As JSON, null before it has begun.
  [[nodiscard]] const json::value* json() const noexcept { return found_; }

  // Of a string: its text so far, whole characters only.
  [[nodiscard]] std::string_view text() const noexcept
    requires detail::arriving_text<content>;
  // Of a struct: one of its fields.
  template <class Struct, class Field>
    requires detail::arriving_structure<content> && std::same_as<Struct, content>
  [[nodiscard]] partial<Field> operator[](Field Struct::* field) const;
  // Of a list: how many elements have begun, and one of them. All but the last are complete.
  [[nodiscard]] std::size_t size() const noexcept
    requires detail::arriving_list<content>;
  [[nodiscard]] auto operator[](std::size_t index) const
    requires detail::arriving_list<content>;

 private:
  template <class Other>
  friend class partial;
  partial(const incremental* arriving, const json::value* found)
      : arriving_(arriving), found_(found) {}

  const incremental* arriving_ = nullptr;
  const json::value* found_ = nullptr;
};

}  // namespace skein::json

#include <skein/json/detail/partial.hpp>
