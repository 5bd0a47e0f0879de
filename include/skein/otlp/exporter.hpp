// Sends spans, metrics and log records with OTLP over HTTP, in Protobuf or JSON.
#pragma once

#include <memory>

#include <opentelemetry/sdk/logs/exporter.h>
#include <opentelemetry/sdk/metrics/push_metric_exporter.h>
#include <opentelemetry/sdk/trace/exporter.h>

#include <skein/telemetry/setup.hpp>

namespace skein::otlp {

// For `telemetry::setup({.otlp = skein::otlp::make_exporter})`. Called, it makes an exporter of
// spans. Throws usage_error for gRPC, which is in skein::otlp_grpc (a library apart, for gRPC takes
// long to load).
//
// What may help is tried again until the time is up: no connection, 429, 502, 503, 504. If a
// collector refuses a batch for what is in it, the batch is sent in halves, so that one bad span
// does not take the others along. What is lost is counted (flush_result) and reported to
// OpenTelemetry's log. Proxies come from the environment, as for every use of libcurl.
struct exporter_maker {
  [[nodiscard]] std::unique_ptr<opentelemetry::sdk::trace::SpanExporter> operator()(
      const telemetry::otlp_config& config) const;
  [[nodiscard]] std::unique_ptr<opentelemetry::sdk::metrics::PushMetricExporter> metrics(
      const telemetry::otlp_config& config) const;
  [[nodiscard]] std::unique_ptr<opentelemetry::sdk::logs::LogRecordExporter> logs(
      const telemetry::otlp_config& config) const;
};
inline constexpr exporter_maker make_exporter;

}  // namespace skein::otlp
