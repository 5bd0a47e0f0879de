// Sends spans with OTLP over gRPC. A library of its own, because it loads gRPC and Protobuf.
#pragma once

#include <memory>

#include <opentelemetry/sdk/trace/exporter.h>

#include <skein/telemetry/setup.hpp>

namespace skein::otlp_grpc {

// For `telemetry::setup({.otlp = skein::otlp_grpc::make_exporter})`: gRPC where the configuration
// asks for it, else skein::otlp::make_exporter. What this build of opentelemetry-cpp cannot do
// (client certificates over gRPC) is reported to OpenTelemetry's log and left out.
[[nodiscard]] std::unique_ptr<opentelemetry::sdk::trace::SpanExporter> make_exporter(
    const telemetry::otlp_config& config);

// gRPC, whatever the configuration says.
[[nodiscard]] std::unique_ptr<opentelemetry::sdk::trace::SpanExporter> make_grpc_exporter(
    const telemetry::otlp_config& config);

}  // namespace skein::otlp_grpc
