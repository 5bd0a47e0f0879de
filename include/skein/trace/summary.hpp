// A trace in one line.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <skein/telemetry/span_record.hpp>
#include <skein/trace/bill.hpp>

namespace skein::trace {

struct summary {
  std::string trace_id = {};
  std::string name = {};     // of its first root; without one, of its first span
  std::string service = {};  // service.name of the same span
  std::string conversation = {};
  std::optional<std::int64_t> root_start = {};  // nothing: its root is not here
  std::int64_t start = 0;                       // nanoseconds since the Unix epoch
  std::int64_t end = 0;
  std::int64_t spans = 0;
  std::int64_t errors = 0;
  std::int64_t input_tokens = 0;  // of the model calls: agents only repeat them
  std::int64_t output_tokens = 0;
  bill cost = {};  // of the model calls
  friend bool operator==(const summary&, const summary&) = default;
};

// Spans may come in any order.
void add(summary& to, const telemetry::span_record& span);

// Newest first.
[[nodiscard]] std::vector<summary> summarize(std::span<const telemetry::span_record> spans);

}  // namespace skein::trace
