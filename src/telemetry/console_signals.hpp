// Metrics and log records for people, a line for each.
#pragma once

#include <iosfwd>
#include <memory>

#include <opentelemetry/sdk/logs/processor.h>
#include <opentelemetry/sdk/metrics/push_metric_exporter.h>

namespace skein::telemetry {

// `to` is borrowed for the life of what is made.
[[nodiscard]] std::unique_ptr<opentelemetry::sdk::metrics::PushMetricExporter> make_console_metrics(
    std::ostream& to);
[[nodiscard]] std::unique_ptr<opentelemetry::sdk::logs::LogRecordProcessor> make_console_logs(
    std::ostream& to);

}  // namespace skein::telemetry
