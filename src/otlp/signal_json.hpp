// Metrics and log records as OTLP's JSON (opentelemetry.io/docs/specs/otlp, JSON Protobuf
// encoding).
#pragma once

#include <vector>

#include <opentelemetry/sdk/metrics/export/metric_producer.h>

#include <skein/json/value.hpp>

#include "telemetry/log_recorder.hpp"

namespace skein::otlp {

[[nodiscard]] json::object metrics_request(const opentelemetry::sdk::metrics::ResourceMetrics& all);
[[nodiscard]] json::object log_json(const telemetry::log_record& record);
// Grouped by resource and scope.
[[nodiscard]] json::object logs_request(const std::vector<const telemetry::log_recorder*>& records);

}  // namespace skein::otlp
