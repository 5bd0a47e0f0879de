// Numbers over many spans.
#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <skein/json/value.hpp>
#include <skein/telemetry/span_record.hpp>
#include <skein/trace/bill.hpp>

namespace skein::trace {

// Of one kind of work: an operation with its model, tool or agent.
struct stats_row {
  std::string operation = {};  // gen_ai.operation.name, or `other`
  std::string subject = {};    // the model, tool or agent; empty if there is none
  std::uint64_t spans = 0;
  std::uint64_t errors = 0;
  std::chrono::nanoseconds median{0};
  std::chrono::nanoseconds p95{0};
  std::chrono::nanoseconds longest{0};
  std::int64_t input_tokens = 0;
  std::int64_t output_tokens = 0;
  bill cost = {};
};

struct stats {
  std::uint64_t traces = 0;
  std::uint64_t spans = 0;
  std::uint64_t errors = 0;
  std::int64_t input_tokens = 0;  // of the model calls
  std::int64_t output_tokens = 0;
  std::int64_t estimated_tokens = 0;  // beside them: of answers that were cut
  bill cost = {};
  std::vector<stats_row> rows = {};  // the most time first
};

[[nodiscard]] stats stats_of(std::span<const telemetry::span_record> spans);
[[nodiscard]] std::string to_text(const stats& s);
[[nodiscard]] json::value to_json(const stats& s);

}  // namespace skein::trace
