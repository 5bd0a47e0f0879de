// The file of OTLP JSON lines that otlp_lines writes.
#pragma once

#include <memory>
#include <string>

#include <opentelemetry/sdk/trace/exporter.h>

namespace skein::telemetry {

// Throws usage_error when the file cannot be opened.
[[nodiscard]] std::unique_ptr<opentelemetry::sdk::trace::SpanExporter> make_lines_exporter(
    const std::string& path);

}  // namespace skein::telemetry
