// Names for the parameters of a function, which C++ keeps to itself.
//
//   skein::params{{"a", "First number"}, {"b", "Second number"}}
#pragma once

#include <array>
#include <cstddef>
#include <initializer_list>
#include <string_view>

namespace skein {

namespace tool_detail {
// Not constexpr: reaching one of them while compiling is the diagnostic.
void too_many_names_in_skein_params();
void skein_params_names_one_parameter_twice();
void skein_params_has_a_parameter_without_a_name();
}  // namespace tool_detail

// One entry for each parameter that the model fills in, in their order; a tool_context is not
// named. Made while compiling, from literals. The text may be left out: {"a"}.
class params {
 public:
  static constexpr std::size_t capacity = 32;
  struct entry {
    std::string_view name = {};
    std::string_view text = {};
  };

  consteval params(std::initializer_list<entry> entries) {
    if (entries.size() > capacity) tool_detail::too_many_names_in_skein_params();
    for (const entry& item : entries) {
      if (item.name.empty()) tool_detail::skein_params_has_a_parameter_without_a_name();
      for (std::size_t i = 0; i < size_; ++i) {
        if (entries_[i].name == item.name) tool_detail::skein_params_names_one_parameter_twice();
      }
      entries_[size_++] = item;
    }
  }

  [[nodiscard]] constexpr std::size_t size() const { return size_; }
  [[nodiscard]] constexpr const entry& operator[](std::size_t index) const {
    return entries_[index];
  }

 private:
  std::array<entry, capacity> entries_ = {};
  std::size_t size_ = 0;
};

}  // namespace skein
