// JSON as text, written straight into a string: the request body is mostly history that nothing
// else needs as a tree.
#pragma once

#include <string>
#include <string_view>

#include <skein/json/value.hpp>

namespace skein::openai::detail {

// A JSON string with its quotes. Bytes above ASCII are copied as they are.
void append_string(std::string& out, std::string_view text);

// In the order of the members, numbers in their shortest form; NaN and infinities become null.
void append_value(std::string& out, const json::value& value);

void append_base64(std::string& out, std::string_view bytes);

// Replaces what is not UTF-8 by U+FFFD, one per maximal subpart (Unicode 15, section 3.9). On JSON
// text it changes string contents only, since everything else is ASCII.
void make_valid_utf8(std::string& text);

}  // namespace skein::openai::detail
