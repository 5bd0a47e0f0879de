// Holds spans until their trace is over. No threads, clocks or exporters in here.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include <opentelemetry/sdk/trace/recordable.h>

#include <skein/telemetry/tail_sampling.hpp>

namespace skein::telemetry {

// What a decision needs of a span.
struct span_facts {
  using trace_key = std::array<std::uint8_t, 16>;
  using span_key = std::uint64_t;
  trace_key trace{};
  span_key span = 0;
  span_key parent = 0;  // 0: none
  std::string name = {};
  bool failed = false;
  bool calls_model = false;
  std::int64_t start = 0;  // nanoseconds since 1970
  std::int64_t duration = 0;
  std::int64_t tokens = 0;
  double cost = 0;
  std::size_t bytes = 0;
};

class tail_buffer {
 public:
  using span_ptr = std::unique_ptr<opentelemetry::sdk::trace::Recordable>;

  explicit tail_buffer(tail_sampling rules) : rules_(std::move(rules)) {}

  // Any thread.
  void started(const span_facts::trace_key& trace);
  // What is to be exported now.
  [[nodiscard]] std::vector<span_ptr> ended(span_facts facts, span_ptr span);
  // Decides all that waits, over or not.
  [[nodiscard]] std::vector<span_ptr> finish();
  // Spans that were not kept, since the last call.
  [[nodiscard]] std::size_t take_dropped();
  [[nodiscard]] std::size_t waiting() const;

 private:
  enum class fate : std::uint8_t { open, kept, dropped };
  struct waiting_span {
    span_facts facts;
    span_ptr span;
  };
  struct trace_state {
    std::size_t running = 0;
    fate decided = fate::open;
    std::size_t bytes = 0;
    std::vector<waiting_span> spans = {};
  };
  struct hash_trace {
    std::size_t operator()(const span_facts::trace_key& k) const noexcept;
  };
  using traces = std::unordered_map<span_facts::trace_key, trace_state, hash_trace>;

  [[nodiscard]] fate judge(const span_facts::trace_key& id, const trace_state& t);
  void decide(const span_facts::trace_key& id, trace_state& t, std::vector<span_ptr>& out,
              std::vector<waiting_span>& dropped);
  void remember(const span_facts::trace_key& id, fate f);
  [[nodiscard]] fate remembered(const span_facts::trace_key& id) const;
  [[nodiscard]] bool new_shape(const trace_state& t);

  const tail_sampling rules_;
  mutable std::mutex mutex_;
  traces open_;
  std::size_t spans_ = 0;
  std::size_t bytes_ = 0;
  std::size_t dropped_ = 0;
  std::unordered_map<span_facts::trace_key, fate, hash_trace> decisions_;
  std::deque<span_facts::trace_key> decided_order_;
  std::unordered_set<std::uint64_t> shapes_;
  std::deque<std::uint64_t> shape_order_;
};

}  // namespace skein::telemetry
