// What <skein/json/partial.hpp> declares.
#pragma once

#include <skein/json/partial.hpp>

namespace skein::json {

namespace detail {

template <class Struct, class Field>
std::string_view name_of_field(Field Struct::* field) {
  // A member pointer knows no name, but it has an address in common with one of the fields.
  static const Struct sample{};
  const auto fields = boost::pfr::structure_tie(sample);
  std::string_view name;
  [&]<std::size_t... I>(std::index_sequence<I...>) {
    const auto match = [&]<std::size_t N>(const auto& each) {
      if constexpr (std::same_as<field_type<Struct, N>, Field>) {
        if (std::addressof(each) == std::addressof(sample.*field))
          name = field_notes<Struct>[N].name;
      }
    };
    (match.template operator()<I>(std::get<I>(fields)), ...);
  }(field_indices<Struct>{});
  return name;
}

}  // namespace detail

template <class T>
std::optional<T> partial<T>::value() const {
  if (!complete()) return std::nullopt;
  auto read = from_json<T>(*found_);
  if (!read) return std::nullopt;
  return *std::move(read);
}

template <class T>
std::string_view partial<T>::text() const noexcept
  requires detail::arriving_text<content>
{
  const auto* found = found_ != nullptr ? found_->if_string() : nullptr;
  return found != nullptr ? std::string_view(*found) : std::string_view();
}

template <class T>
template <class Struct, class Field>
  requires detail::arriving_structure<typename partial<T>::content> &&
           std::same_as<Struct, typename partial<T>::content>
partial<Field> partial<T>::operator[](Field Struct::* field) const {
  const auto* members = found_ != nullptr ? found_->if_object() : nullptr;
  if (members == nullptr) return {};
  return {arriving_, members->if_contains(detail::name_of_field(field))};
}

template <class T>
std::size_t partial<T>::size() const noexcept
  requires detail::arriving_list<content>
{
  const auto* elements = found_ != nullptr ? found_->if_array() : nullptr;
  return elements != nullptr ? elements->size() : 0;
}

template <class T>
auto partial<T>::operator[](std::size_t index) const
  requires detail::arriving_list<content>
{
  using element = partial<std::ranges::range_value_t<content>>;
  return index < size() ? element(arriving_, &found_->get_array()[index]) : element();
}

}  // namespace skein::json
