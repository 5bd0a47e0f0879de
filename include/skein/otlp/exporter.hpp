// Sends spans, metrics and log records with OTLP over HTTP, in Protobuf or JSON.
#pragma once

#include <memory>

#include <opentelemetry/sdk/logs/exporter.h>
#include <opentelemetry/sdk/metrics/push_metric_exporter.h>
#include <opentelemetry/sdk/trace/exporter.h>

#include <skein/telemetry/setup.hpp>
#include <skein/telemetry/spool.hpp>

namespace skein::otlp {

// For `telemetry::setup({.otlp = skein::otlp::make_exporter})`. Called, it makes an exporter of
// spans. Throws usage_error for gRPC, which is in skein::otlp_grpc (a library apart, for gRPC takes
// long to load).
//
// What may help is tried again until the time is up: no connection, 429, 502, 503, 504. If a
// collector refuses a batch for what is in it, the batch is sent in halves, so that one bad span
// does not take the others along. What is lost is counted (flush_result), with the collector's own
// words, and reported to OpenTelemetry's log. With a spool (telemetry/spool.hpp) only what was
// refused for good is lost; a collector that refuses everybody, say for a wrong key, is asked again
// later. Proxies come from the environment, as for every use of libcurl.
struct exporter_maker {
  [[nodiscard]] std::unique_ptr<opentelemetry::sdk::trace::SpanExporter> operator()(
      const telemetry::otlp_config& config) const;
  [[nodiscard]] std::unique_ptr<opentelemetry::sdk::metrics::PushMetricExporter> metrics(
      const telemetry::otlp_config& config) const;
  [[nodiscard]] std::unique_ptr<opentelemetry::sdk::logs::LogRecordExporter> logs(
      const telemetry::otlp_config& config) const;
  // Throw usage_error for what is not Protobuf over HTTP, and if the file cannot be a spool.
  [[nodiscard]] std::unique_ptr<telemetry::span_spool> spool_spans(
      const telemetry::otlp_config& config, const telemetry::spool_options& options) const;
  [[nodiscard]] std::unique_ptr<telemetry::log_spool> spool_logs(
      const telemetry::otlp_config& config, const telemetry::spool_options& options) const;
};
inline constexpr exporter_maker make_exporter;

}  // namespace skein::otlp
