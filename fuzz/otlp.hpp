// What must hold of everything that was read of OTLP: it is the same after a way through JSON, and
// can be checked.
#pragma once

#include <vector>

#include <skein/telemetry/otlp_json.hpp>
#include <skein/trace/check.hpp>
#include <skein/trace/history.hpp>
#include <skein/trace/metrics.hpp>

#include "require.hpp"

namespace skein::fuzz {

inline void check(std::vector<telemetry::span_record> spans,
                  const std::vector<trace::metric_point>& points) {
  const auto lines = telemetry::to_otlp_json_line(spans);
  const auto again = telemetry::from_otlp_json(lines);
  require(again.has_value());
  require(telemetry::to_otlp_json_line(*again) == lines);
  const auto metrics = trace::to_otlp_json_line(points);
  const auto points_again = trace::read_metrics_json(metrics);
  require(points_again.has_value() && points_again->rejected == 0);
  require(trace::to_otlp_json_line(points_again->points) == metrics);
  (void)trace::check(spans, points);
  (void)trace::expand_history(spans);
}

}  // namespace skein::fuzz
