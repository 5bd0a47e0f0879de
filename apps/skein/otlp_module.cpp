#include <skein/otlp/exporter.hpp>

extern "C" opentelemetry::sdk::trace::SpanExporter* skein_make_otlp_exporter(
    const skein::telemetry::otlp_config& config) {
  return skein::otlp::make_exporter(config).release();
}
