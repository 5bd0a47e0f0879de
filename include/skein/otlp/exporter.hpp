// Sends spans with OTLP. A library of its own, because it loads gRPC and Protobuf.
#pragma once

#include <memory>

#include <opentelemetry/sdk/trace/exporter.h>

#include <skein/telemetry/setup.hpp>

namespace skein::otlp {

// For `telemetry::setup({.otlp = skein::otlp::make_exporter})`: by the protocol of the
// configuration. What this build of opentelemetry-cpp cannot do (gzip over HTTP, client
// certificates over gRPC) is reported to OpenTelemetry's log and left out.
[[nodiscard]] std::unique_ptr<opentelemetry::sdk::trace::SpanExporter> make_exporter(
    const telemetry::otlp_config& config);

// One of the two, whatever the configuration says.
[[nodiscard]] std::unique_ptr<opentelemetry::sdk::trace::SpanExporter> make_http_exporter(
    const telemetry::otlp_config& config);
[[nodiscard]] std::unique_ptr<opentelemetry::sdk::trace::SpanExporter> make_grpc_exporter(
    const telemetry::otlp_config& config);

}  // namespace skein::otlp
