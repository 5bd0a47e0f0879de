#include "otlp.hpp"

#include <format>
#include <memory>

#include <opentelemetry/sdk/trace/exporter.h>

#include <skein/core/error.hpp>

#include "platform/module.hpp"

namespace skein::cli {

telemetry::otlp_factory otlp_exporters() {
  return [](const telemetry::otlp_config& config) {
    using maker = opentelemetry::sdk::trace::SpanExporter*(const telemetry::otlp_config&);
    auto loaded = platform::load_function("skein_otlp_module.so", "skein_make_otlp_exporter");
    if (!loaded) {
      throw error(
          std::format("OTLP is not available: {}; install Skein with it, or export to a "
                      "file with --trace FILE",
                      loaded.error()));
    }
    auto* make = reinterpret_cast<maker*>(*loaded);
    return std::unique_ptr<opentelemetry::sdk::trace::SpanExporter>(make(config));
  };
}

}  // namespace skein::cli
