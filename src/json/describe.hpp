// Words for mismatches: short, and never more of a value than its first bytes.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include <skein/json/value.hpp>

namespace skein::json::detail {

// The most that a message or path quotes of any one string.
inline constexpr std::size_t quote_limit = 40;
// The most names that a message lists.
inline constexpr std::size_t list_limit = 24;

// In double quotes with JSON's escapes; what is cut off shows as an ellipsis.
std::string quoted(std::string_view text);
// `"two"`, `3.5`, `null`, `an array of 4`, `an object`.
std::string described(const value& found);
// `"a", "b", "c"`.
std::string listed(std::span<const std::string_view> names);

}  // namespace skein::json::detail
