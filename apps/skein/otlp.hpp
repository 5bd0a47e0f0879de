// OTLP without its cost: gRPC and Protobuf take 20 ms to load, so they wait in a module until
// somebody exports.
#pragma once

#include <skein/telemetry/setup.hpp>

namespace skein::cli {

// Loads the module when it is first called. Throws skein::error if it is not there.
[[nodiscard]] telemetry::otlp_factory otlp_exporters();

}  // namespace skein::cli
