// What lies between the tracer and all exporters: limits, and tail sampling.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include <opentelemetry/sdk/logs/processor.h>
#include <opentelemetry/sdk/trace/processor.h>

#include "telemetry/limits.hpp"
#include "telemetry/tail_buffer.hpp"

namespace skein::telemetry {

class span_gate final : public opentelemetry::sdk::trace::SpanProcessor {
 public:
  using processor_ptr = std::unique_ptr<opentelemetry::sdk::trace::SpanProcessor>;
  span_gate(std::vector<processor_ptr> to, const span_limits& limits,
            const std::optional<tail_sampling>& tail);
  span_gate(const span_gate&) = delete;
  span_gate& operator=(const span_gate&) = delete;
  ~span_gate() override;

  std::unique_ptr<opentelemetry::sdk::trace::Recordable> MakeRecordable() noexcept override;
  void OnStart(opentelemetry::sdk::trace::Recordable& span,
               const opentelemetry::trace::SpanContext& parent) noexcept override;
  void OnEnd(std::unique_ptr<opentelemetry::sdk::trace::Recordable>&& span) noexcept override;
  bool ForceFlush(std::chrono::microseconds timeout) noexcept override;
  bool Shutdown(std::chrono::microseconds timeout) noexcept override;

  // Decides what still waits for its trace to be over, as far as it is known.
  void finish() noexcept;
  [[nodiscard]] std::size_t take_unsampled();

 private:
  void pass(std::vector<tail_buffer::span_ptr> spans);
  processor_ptr to_;
  span_limits limits_;
  std::unique_ptr<tail_buffer> tail_;  // null without
};

// Only limits.
[[nodiscard]] std::unique_ptr<opentelemetry::sdk::logs::LogRecordProcessor> make_log_gate(
    std::vector<std::unique_ptr<opentelemetry::sdk::logs::LogRecordProcessor>> to,
    const attribute_limits& limits);

}  // namespace skein::telemetry
