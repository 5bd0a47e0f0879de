#include "otlp.hpp"

#include <format>
#include <memory>

#include <opentelemetry/sdk/trace/exporter.h>

#include <skein/core/error.hpp>
#include <skein/otlp/exporter.hpp>

#include "platform/module.hpp"

namespace skein::cli {

telemetry::otlp_factory otlp_exporters() {
  return [](const telemetry::otlp_config& config) {
    if (config.protocol != telemetry::otlp_protocol::grpc) return otlp::make_exporter(config);
    using maker = opentelemetry::sdk::trace::SpanExporter*(const telemetry::otlp_config&);
    auto loaded = platform::load_function("skein_otlp_module.so", "skein_make_otlp_exporter");
    if (!loaded) {
      throw error(
          std::format("OTLP over gRPC is not available: {}; install Skein with it, or use "
                      "--otlp-protocol http",
                      loaded.error()));
    }
    auto* make = reinterpret_cast<maker*>(*loaded);
    return std::unique_ptr<opentelemetry::sdk::trace::SpanExporter>(make(config));
  };
}

}  // namespace skein::cli
