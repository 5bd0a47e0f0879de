// In which version of the conventions, and for which backends beside, a program tells its story.
#pragma once

#include <cstdint>

#include <skein/telemetry/conventions.hpp>

namespace skein::telemetry {

// Attributes that some backends read instead of the conventions' own, added to spans.
enum class backends : std::uint8_t { none = 0, openinference = 1, langfuse = 2, both = 3 };
[[nodiscard]] constexpr bool include(backends some, backends one) noexcept {
  return (static_cast<unsigned>(some) & static_cast<unsigned>(one)) != 0;
}

struct dialect {
  semconv::names names = semconv::names::current;
  backends also_for = backends::none;
  friend bool operator==(const dialect&, const dialect&) = default;
};

// OTEL_SEMCONV_STABILITY_OPT_IN: a list with `gen_ai_latest_experimental` (the default),
// `gen_ai/1.41` or `gen_ai/dup`, which is both; what it holds for other areas, such as `http`, is
// left alone. SKEIN_TELEMETRY_BACKENDS: a list of `openinference` and `langfuse`. Anything else is
// reported to OpenTelemetry's log, once, and counts as unset.
[[nodiscard]] dialect dialect_from_environment();

}  // namespace skein::telemetry
