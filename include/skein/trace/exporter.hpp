// From this process straight into a store.
#pragma once

#include <memory>

#include <opentelemetry/sdk/metrics/push_metric_exporter.h>
#include <opentelemetry/sdk/trace/exporter.h>

#include <skein/trace/store.hpp>

namespace skein::trace {

// For telemetry::setup's `exporters`, whose queue bounds the memory, or any SpanProcessor. A store
// that fails is reported to OpenTelemetry's log, and the spans count as failed. The exporter is
// used by one thread at a time, as OpenTelemetry says.
[[nodiscard]] std::unique_ptr<opentelemetry::sdk::trace::SpanExporter> make_exporter(store into);

// The same for `metrics`, whose points come on a thread of their own: a store of its own, which may
// be the same file. Sums since the beginning.
[[nodiscard]] std::unique_ptr<opentelemetry::sdk::metrics::PushMetricExporter> make_metric_exporter(
    store into);

}  // namespace skein::trace
