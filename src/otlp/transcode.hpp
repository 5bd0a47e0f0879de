// OTLP's JSON as OTLP's Protobuf, so that a signal is described once.
#pragma once

#include <string>

#include <skein/json/value.hpp>

namespace skein::otlp {

// An ExportMetricsServiceRequest and an ExportLogsServiceRequest. Fields that these messages do not
// have are left out.
[[nodiscard]] std::string metrics_to_protobuf(const json::object& request);
[[nodiscard]] std::string logs_to_protobuf(const json::object& request);
[[nodiscard]] std::string log_to_protobuf(const json::object& record);  // one LogRecord

}  // namespace skein::otlp
