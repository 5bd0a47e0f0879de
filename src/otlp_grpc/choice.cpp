#include <skein/otlp/exporter.hpp>
#include <skein/otlp_grpc/exporter.hpp>

namespace skein::otlp_grpc {

std::unique_ptr<opentelemetry::sdk::trace::SpanExporter> make_exporter(
    const telemetry::otlp_config& config) {
  return config.protocol == telemetry::otlp_protocol::grpc ? make_grpc_exporter(config)
                                                           : otlp::make_exporter(config);
}

}  // namespace skein::otlp_grpc
