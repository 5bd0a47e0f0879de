// JSON text: reading it within limits, writing it so that people and models read it well.
#pragma once

#include <cstddef>
#include <expected>
#include <string>
#include <string_view>

#include <skein/json/value.hpp>

namespace skein::json {

struct parse_failure {
  std::size_t offset = 0;  // bytes from the start of the text
  std::string message = {};
  friend bool operator==(const parse_failure&, const parse_failure&) = default;
};

struct parse_limits {
  std::size_t max_depth = 64;                      // nested arrays and objects
  std::size_t max_bytes = std::size_t{64} << 20U;  // of the whole text
};

// Strict JSON (RFC 8259), one value, surrounding white space allowed; numbers are rounded
// correctly. Of a repeated key the last value stays. The message never quotes the text.
[[nodiscard]] std::expected<value, parse_failure> parse_text(std::string_view text,
                                                             const parse_limits& limits = {});

// Compact JSON. Unlike serialize() it writes numbers as people do (21.5, not 2.15E1), and what it
// returns is always valid UTF-8. Non-ASCII characters stay as they are. Parses back to an equal
// value, except that infinity and not-a-number become null.
[[nodiscard]] std::string write_text(const value& from);

// `text` with every invalid UTF-8 sequence replaced by U+FFFD, one for each maximal subpart as the
// Unicode Standard (chapter 3, "U+FFFD Substitution of Maximal Subparts") recommends.
[[nodiscard]] std::string valid_utf8(std::string_view text);

}  // namespace skein::json
