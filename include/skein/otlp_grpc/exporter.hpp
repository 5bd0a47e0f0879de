// Sends spans, metrics and log records with OTLP over gRPC. A library of its own, because it loads
// gRPC and Protobuf.
#pragma once

#include <memory>

#include <opentelemetry/sdk/logs/exporter.h>
#include <opentelemetry/sdk/metrics/push_metric_exporter.h>
#include <opentelemetry/sdk/trace/exporter.h>

#include <skein/telemetry/setup.hpp>
#include <skein/telemetry/spool.hpp>

namespace skein::otlp_grpc {

// For `telemetry::setup({.otlp = skein::otlp_grpc::make_exporter})`: gRPC where the configuration
// asks for it, else skein::otlp::make_exporter. What this build of opentelemetry-cpp cannot do
// (client certificates over gRPC) is reported to OpenTelemetry's log and left out.
struct exporter_maker {
  [[nodiscard]] std::unique_ptr<opentelemetry::sdk::trace::SpanExporter> operator()(
      const telemetry::otlp_config& config) const;
  [[nodiscard]] std::unique_ptr<opentelemetry::sdk::metrics::PushMetricExporter> metrics(
      const telemetry::otlp_config& config) const;
  [[nodiscard]] std::unique_ptr<opentelemetry::sdk::logs::LogRecordExporter> logs(
      const telemetry::otlp_config& config) const;
  // As skein::otlp::make_exporter: there are none over gRPC.
  [[nodiscard]] std::unique_ptr<telemetry::span_spool> spool_spans(
      const telemetry::otlp_config& config, const telemetry::spool_options& options) const;
  [[nodiscard]] std::unique_ptr<telemetry::log_spool> spool_logs(
      const telemetry::otlp_config& config, const telemetry::spool_options& options) const;
};
inline constexpr exporter_maker make_exporter;

// gRPC, whatever the configuration says.
[[nodiscard]] std::unique_ptr<opentelemetry::sdk::trace::SpanExporter> make_grpc_exporter(
    const telemetry::otlp_config& config);
[[nodiscard]] std::unique_ptr<opentelemetry::sdk::metrics::PushMetricExporter>
make_grpc_metric_exporter(const telemetry::otlp_config& config);
[[nodiscard]] std::unique_ptr<opentelemetry::sdk::logs::LogRecordExporter> make_grpc_log_exporter(
    const telemetry::otlp_config& config);

}  // namespace skein::otlp_grpc
