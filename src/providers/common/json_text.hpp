// Values as providers take them and as their answers are kept.
#pragma once

#include <string>

#include "json/text_writer.hpp"

namespace skein::providers {

// A whole number is an integer: servers refuse 5.0 where they count.
inline void append_value(std::string& out, const json::value& value) {
  json::detail::append_value(out, value, json::detail::whole_double::as_integer);
}

}  // namespace skein::providers
