// Which traces are exported, decided when they are over: all of a trace's spans, or none.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <string>

namespace skein::telemetry {

// What is known of a trace when its last open span in this process has ended.
struct trace_summary {
  std::string root = {};  // the name of the span without a parent in this process
  std::size_t spans = 0;
  std::size_t errors = 0;                // spans with status error
  std::chrono::nanoseconds duration{0};  // from the first start to the last end
  std::int64_t tokens = 0;               // of calls of models, in and out
  double cost = 0;                       // of the same, US dollars, as far as it is known
};

// A trace is kept if any of these says so. Metrics and log records are not sampled: they are exact
// whatever is dropped here.
struct tail_sampling {
  enum class rule : std::uint8_t { off, keep };
  rule errors = rule::keep;
  // With spans below each other, or errors, as in none of the last `shapes` kinds of traces.
  rule new_shapes = rule::keep;
  std::size_t shapes = 1000;
  std::chrono::nanoseconds slower_than = std::chrono::nanoseconds::max();
  std::int64_t more_tokens_than = std::numeric_limits<std::int64_t>::max();
  double dearer_than = std::numeric_limits<double>::infinity();  // US dollars
  // Any thread; what it throws counts as true.
  std::function<bool(const trace_summary&)> also = {};
  double ratio = 0;  // of all others, by their identifiers: other processes choose the same

  // What may wait for its trace to be over. When it is more, the largest trace is decided by what
  // it is so far, and what it still does goes the same way. The queue of each exporter has room for
  // as many.
  std::size_t max_spans = 20'000;
  std::size_t max_bytes = std::size_t{64} << 20U;  // of attributes, roughly
  // Decisions that are remembered for spans that start in a trace that was over.
  std::size_t decisions = 10'000;
};

}  // namespace skein::telemetry
