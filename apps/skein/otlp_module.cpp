#include <skein/otlp_grpc/exporter.hpp>

extern "C" {

opentelemetry::sdk::trace::SpanExporter* skein_make_otlp_exporter(
    const skein::telemetry::otlp_config& config) {
  return skein::otlp_grpc::make_grpc_exporter(config).release();
}
opentelemetry::sdk::metrics::PushMetricExporter* skein_make_otlp_metric_exporter(
    const skein::telemetry::otlp_config& config) {
  return skein::otlp_grpc::make_grpc_metric_exporter(config).release();
}
opentelemetry::sdk::logs::LogRecordExporter* skein_make_otlp_log_exporter(
    const skein::telemetry::otlp_config& config) {
  return skein::otlp_grpc::make_grpc_log_exporter(config).release();
}
}
