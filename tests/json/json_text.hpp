#pragma once

#include <string_view>

#include <skein/json/text.hpp>

// The value of a literal that is known to be well-formed.
inline skein::json::value json_of(std::string_view text) {
  return skein::json::parse_text(text).value();
}
