// OpenTelemetry's ambient context, over strands.
#pragma once

namespace skein::telemetry {

// Makes opentelemetry-cpp keep its ambient context in Skein's strands, so that spans which ordinary
// code opens (the user's tools, HTTP instrumentation, loggers) nest rightly in coroutines. Outside
// of coroutines nothing changes: each thread has a strand of its own.
//
// Call it once, first in main(), before any span is made current; again is a no-op. Throws
// usage_error when the program has installed a storage of its own. Skein's own spans are right
// without it: they take explicit parents.
void install();

enum class storage { skein, opentelemetry_default, foreign };
// Which storage OpenTelemetry uses now, found by asking it: tells when somebody replaced ours.
[[nodiscard]] storage installed_storage();

}  // namespace skein::telemetry
