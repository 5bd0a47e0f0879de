// The version of Skein; the build reads it from here.
#pragma once

#include <string_view>

namespace skein {
inline constexpr std::string_view version = "0.1.0";
}  // namespace skein
