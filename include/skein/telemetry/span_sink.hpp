// Exporters that know more than success and failure.
#pragma once

#include <chrono>
#include <memory>
#include <span>

#include <opentelemetry/sdk/trace/exporter.h>

#include <skein/telemetry/sent.hpp>

namespace skein::telemetry {

// Takes batches until a deadline that may come nearer, and says how much of each arrived. What
// setup() queues spans for uses it in full; as an ordinary exporter it does as well as those can.
class span_sink : public opentelemetry::sdk::trace::SpanExporter {
 public:
  using clock = std::chrono::steady_clock;
  using span_ptr = std::unique_ptr<opentelemetry::sdk::trace::Recordable>;

  // A span that this exporter made a recordable for has started.
  virtual void started(opentelemetry::sdk::trace::Recordable& span,
                       const opentelemetry::trace::SpanContext& parent) noexcept = 0;
  // How many of them the other side accepted, and why not the others: the counts add up to the
  // batch. Blocks until it is known, but not beyond `deadline`. One thread at a time.
  [[nodiscard]] virtual sent_counts deliver(std::span<span_ptr> batch,
                                            clock::time_point deadline) noexcept = 0;
  // From any thread: what is being delivered, and what will be, ends by this time at the latest.
  virtual void end_by(clock::time_point deadline) noexcept = 0;
};

// What an exporter of any signal may be besides: it tells the thread that called Export what became
// of that batch.
class telling_exporter {
 public:
  [[nodiscard]] virtual const sent_counts& last_export() const noexcept = 0;

 protected:
  telling_exporter() = default;
  telling_exporter(const telling_exporter&) = default;
  telling_exporter& operator=(const telling_exporter&) = default;
  ~telling_exporter() = default;
};

}  // namespace skein::telemetry
