#include <skein/otlp_grpc/exporter.hpp>

extern "C" opentelemetry::sdk::trace::SpanExporter* skein_make_otlp_exporter(
    const skein::telemetry::otlp_config& config) {
  return skein::otlp_grpc::make_grpc_exporter(config).release();
}
