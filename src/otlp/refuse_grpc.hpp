// What is not in this library.
#pragma once

#include <skein/core/error.hpp>
#include <skein/telemetry/setup.hpp>

namespace skein::otlp {

inline void refuse_grpc(const telemetry::otlp_config& config) {
  if (config.protocol != telemetry::otlp_protocol::grpc) return;
  throw usage_error(
      "OTLP over gRPC is not in skein::otlp: link skein::otlp_grpc and pass .otlp = "
      "skein::otlp_grpc::make_exporter, or set OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf");
}

}  // namespace skein::otlp
