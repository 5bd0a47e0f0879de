#include <skein/otlp/exporter.hpp>
#include <skein/otlp_grpc/exporter.hpp>

namespace skein::otlp_grpc {

namespace {

bool is_grpc(const telemetry::otlp_config& config) {
  return config.protocol == telemetry::otlp_protocol::grpc;
}

}  // namespace

std::unique_ptr<opentelemetry::sdk::trace::SpanExporter> exporter_maker::operator()(
    const telemetry::otlp_config& config) const {
  return is_grpc(config) ? make_grpc_exporter(config) : otlp::make_exporter(config);
}
std::unique_ptr<opentelemetry::sdk::metrics::PushMetricExporter> exporter_maker::metrics(
    const telemetry::otlp_config& config) const {
  return is_grpc(config) ? make_grpc_metric_exporter(config) : otlp::make_exporter.metrics(config);
}
std::unique_ptr<opentelemetry::sdk::logs::LogRecordExporter> exporter_maker::logs(
    const telemetry::otlp_config& config) const {
  return is_grpc(config) ? make_grpc_log_exporter(config) : otlp::make_exporter.logs(config);
}
std::unique_ptr<telemetry::span_spool> exporter_maker::spool_spans(
    const telemetry::otlp_config& config, const telemetry::spool_options& options) const {
  return otlp::make_exporter.spool_spans(config, options);
}
std::unique_ptr<telemetry::log_spool> exporter_maker::spool_logs(
    const telemetry::otlp_config& config, const telemetry::spool_options& options) const {
  return otlp::make_exporter.spool_logs(config, options);
}

}  // namespace skein::otlp_grpc
