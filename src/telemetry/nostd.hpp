// OpenTelemetry's text and the standard's: with another standard library they are two types.
#pragma once

#include <string_view>

#include <opentelemetry/nostd/string_view.h>

namespace skein::telemetry {

[[nodiscard]] constexpr opentelemetry::nostd::string_view view(std::string_view s) noexcept {
  return {s.data(), s.size()};
}
[[nodiscard]] constexpr std::string_view std_view(opentelemetry::nostd::string_view s) noexcept {
  return {s.data(), s.size()};
}

}  // namespace skein::telemetry
