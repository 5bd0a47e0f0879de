// Telemetry off: for the whole program, or for what runs in a context.
#pragma once

#include <skein/async/strand.hpp>

namespace skein::telemetry {

// From now on Skein starts no span, records nothing, and setup() sets nothing up, whatever the
// environment and the program ask for elsewhere, until enable(). What has started ends as it would.
// Any thread.
void disable() noexcept;
// Takes disable() back. Turns nothing on that was not on before.
void enable() noexcept;
[[nodiscard]] bool enabled() noexcept;

// A copy of the context in which Skein's operations make no spans, metrics or log records. Spans
// that others open in it are children of the span that is in it.
[[nodiscard]] context untraced(const context& from);
[[nodiscard]] bool is_untraced(const context& c) noexcept;

// Of one run: as the program's, or none of it.
enum class tracing : unsigned char { as_set_up, off };

}  // namespace skein::telemetry
