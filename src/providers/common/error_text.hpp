// What an error object of a provider says.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include <skein/json/value.hpp>

namespace skein::providers {

struct error_text {
  std::string message = {};
  std::string code = {};  // `code`, else `type`
  int status = 0;         // `code` if it is an HTTP status of an error
};

// The member `error` of a body: an object, a string, or what else servers put there.
[[nodiscard]] error_text read_error(const json::value& error);

// The error that a whole body states, under any of the names that servers use for it; empty if
// none.
[[nodiscard]] error_text read_error_body(const json::value& body);

// Is there an error in this member, or is it null, false or empty?
[[nodiscard]] bool is_error(const json::value* error) noexcept;

// Of at most `limit` bytes, without control characters and line ends.
[[nodiscard]] std::string one_line(std::string_view text, std::size_t limit);

}  // namespace skein::providers
