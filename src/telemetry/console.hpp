// The trees that console_tree prints.
#pragma once

#include <cstddef>
#include <deque>
#include <mutex>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include <opentelemetry/sdk/trace/processor.h>

#include <skein/telemetry/span_record.hpp>
#include <skein/telemetry/tree.hpp>

namespace skein::telemetry {

// Gathers spans until a root of this process ends, then prints its tree. Holds at most `limit`
// spans: beyond that the oldest are forgotten, which is said.
class console_processor final : public opentelemetry::sdk::trace::SpanProcessor {
 public:
  static constexpr std::size_t default_limit = 10'000;
  console_processor(std::ostream& out, const tree_style& style, std::size_t limit = default_limit)
      : out_(out), style_(style), limit_(limit) {}

  std::unique_ptr<opentelemetry::sdk::trace::Recordable> MakeRecordable() noexcept override;
  void OnStart(opentelemetry::sdk::trace::Recordable& span,
               const opentelemetry::trace::SpanContext& parent) noexcept override;
  void OnEnd(std::unique_ptr<opentelemetry::sdk::trace::Recordable>&& span) noexcept override;
  bool ForceFlush(std::chrono::microseconds timeout) noexcept override;
  // Prints what never got a root.
  bool Shutdown(std::chrono::microseconds timeout) noexcept override;

 private:
  void print_tree_of(const std::string& trace_id, const std::string& root_id);

  std::mutex mutex_;
  std::ostream& out_;
  const tree_style style_;
  const std::size_t limit_;
  std::deque<span_record> waiting_;
  std::size_t forgotten_ = 0;
};

}  // namespace skein::telemetry
