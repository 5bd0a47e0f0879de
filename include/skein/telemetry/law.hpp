// Skein watches its own laws while it runs. What breaks one is a defect: of Skein, or of code that
// lets something outlive what it is part of.
#pragma once

#include <cstdint>
#include <string_view>

namespace skein::telemetry {

// `closure`: a span ends once, and requests and tools end before the agent or the tool that started
// them. `conservation`: what an agent has used is the sum of what its requests have used.
enum class law : std::uint8_t { closure, conservation };
[[nodiscard]] std::string_view name_of(law l) noexcept;

// Counts one in the metric `skein.law_violations`, and tells OpenTelemetry's own log. `what` goes
// into that log and must hold no content. Any thread.
void violated(law which, std::string_view what) noexcept;

// How many there were in this program so far, whether or not somebody takes metrics: for tests.
[[nodiscard]] std::uint64_t law_violations() noexcept;

}  // namespace skein::telemetry
