// For what must not fail the run. OpenTelemetry promises not to throw; allocation and user-supplied
// processors do not. A failure is said in the log, and the run goes on.
#pragma once

#include <exception>

#include <opentelemetry/sdk/common/global_log_handler.h>

namespace skein::telemetry {

template <class F>
void guarded(const char* lost, F&& f) noexcept {
  try {
    f();
  } catch (const std::exception& e) {
    OTEL_INTERNAL_LOG_ERROR("[Skein] " << lost << ": " << e.what());
  } catch (...) {
    OTEL_INTERNAL_LOG_ERROR("[Skein] " << lost);
  }
}

template <class F>
void guarded(F&& f) noexcept {
  guarded("telemetry failed", f);
}

}  // namespace skein::telemetry
