// OpenAI's words in both of its protocols.
#pragma once

#include <string_view>

#include <skein/chat/request.hpp>

namespace skein::openai::detail {

[[nodiscard]] constexpr std::string_view word_of(tool_mode mode) noexcept {
  switch (mode) {
    case tool_mode::automatic:
      break;
    case tool_mode::none:
      return "none";
    case tool_mode::required:
      return "required";
  }
  return "auto";
}

}  // namespace skein::openai::detail
