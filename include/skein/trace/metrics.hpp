// Points of metrics that anybody sent or saved: what is needed to hold them against spans.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <skein/json/value.hpp>
#include <skein/trace/otlp.hpp>

namespace skein::trace {

// Buckets, minimum and maximum are not kept.
struct metric_point {
  enum class form : std::uint8_t { gauge, counter, up_down_counter, histogram, summary };
  enum class since : std::uint8_t { unspecified, last, start };  // delta, cumulative
  std::string name = {};
  form kind = form::counter;
  since temporality = since::unspecified;
  std::int64_t start = 0;  // nanoseconds since the Unix epoch; 0: not known
  std::int64_t time = 0;
  std::int64_t count = 0;  // of a histogram or summary
  double sum = 0;          // of it; else the value
  json::object attributes = {};
  std::string scope_name = {};
  std::string scope_version = {};
  json::object resource = {};
  friend bool operator==(const metric_point&, const metric_point&) = default;
};
[[nodiscard]] std::string_view name_of(metric_point::form f) noexcept;
[[nodiscard]] std::string_view name_of(metric_point::since t) noexcept;  // as OpenTelemetry has it

// Damaged ones are left out and counted; those without a value are passed over.
struct otlp_metrics {
  std::vector<metric_point> points = {};
  std::size_t rejected = 0;
  std::string first_rejection = {};  // where and why
};

// An ExportMetricsServiceRequest or MetricsData (opentelemetry-proto, metrics/v1).
[[nodiscard]] std::expected<otlp_metrics, read_error> read_metrics_protobuf(std::string_view bytes);
// Of text as read_otlp_json takes it: what is in its resourceMetrics. Other signals may stand
// beside them.
[[nodiscard]] std::expected<otlp_metrics, read_error> read_metrics_json(std::string_view text);
// One line without its end, which the above reads.
[[nodiscard]] std::string to_otlp_json_line(std::span<const metric_point> points);

}  // namespace skein::trace
