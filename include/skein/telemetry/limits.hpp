// How much a span or a log record may hold.
#pragma once

#include <cstddef>
#include <limits>

namespace skein::telemetry {

struct attribute_limits {
  static constexpr auto none = std::numeric_limits<std::size_t>::max();
  std::size_t count = 128;
  std::size_t value_length = none;  // characters of a text
};
struct span_limits {
  attribute_limits attributes;
  std::size_t events = 128;
  std::size_t links = 128;
  std::size_t attributes_per_event = 128;
  std::size_t attributes_per_link = 128;
};
}  // namespace skein::telemetry
