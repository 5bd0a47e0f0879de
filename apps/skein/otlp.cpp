#include "otlp.hpp"

#include <format>
#include <memory>

#include <opentelemetry/sdk/logs/exporter.h>
#include <opentelemetry/sdk/metrics/push_metric_exporter.h>
#include <opentelemetry/sdk/trace/exporter.h>

#include <skein/core/error.hpp>
#include <skein/otlp/exporter.hpp>

#include "platform/module.hpp"

namespace skein::cli {

namespace {

template <class Exporter>
std::unique_ptr<Exporter> from_module(const char* function, const telemetry::otlp_config& config) {
  using maker = Exporter*(const telemetry::otlp_config&);
  auto loaded = platform::load_function("skein_otlp_module.so", function);
  if (!loaded) {
    throw error(
        std::format("OTLP over gRPC is not available: {}; install Skein with it, or use "
                    "--otlp-protocol http",
                    loaded.error()));
  }
  auto* make = reinterpret_cast<maker*>(*loaded);
  return std::unique_ptr<Exporter>(make(config));
}

bool is_grpc(const telemetry::otlp_config& config) {
  return config.protocol == telemetry::otlp_protocol::grpc;
}

struct maker {
  std::unique_ptr<opentelemetry::sdk::trace::SpanExporter> operator()(
      const telemetry::otlp_config& config) const {
    if (!is_grpc(config)) return otlp::make_exporter(config);
    return from_module<opentelemetry::sdk::trace::SpanExporter>("skein_make_otlp_exporter", config);
  }
  [[nodiscard]] std::unique_ptr<opentelemetry::sdk::metrics::PushMetricExporter> metrics(
      const telemetry::otlp_config& config) const {
    if (!is_grpc(config)) return otlp::make_exporter.metrics(config);
    return from_module<opentelemetry::sdk::metrics::PushMetricExporter>(
        "skein_make_otlp_metric_exporter", config);
  }
  [[nodiscard]] std::unique_ptr<opentelemetry::sdk::logs::LogRecordExporter> logs(
      const telemetry::otlp_config& config) const {
    if (!is_grpc(config)) return otlp::make_exporter.logs(config);
    return from_module<opentelemetry::sdk::logs::LogRecordExporter>("skein_make_otlp_log_exporter",
                                                                    config);
  }
  [[nodiscard]] static std::unique_ptr<telemetry::span_spool> spool_spans(
      const telemetry::otlp_config& config, const telemetry::spool_options& options) {
    return otlp::make_exporter.spool_spans(config, options);
  }
  [[nodiscard]] static std::unique_ptr<telemetry::log_spool> spool_logs(
      const telemetry::otlp_config& config, const telemetry::spool_options& options) {
    return otlp::make_exporter.spool_logs(config, options);
  }
};

}  // namespace

telemetry::otlp_factory otlp_exporters() { return maker{}; }

}  // namespace skein::cli
