// What OpenTelemetry's providers call, in front of a queue: batch_queue or spool_queue.
#pragma once

#include <chrono>
#include <memory>
#include <utility>

#include <opentelemetry/sdk/logs/processor.h>
#include <opentelemetry/sdk/trace/processor.h>

namespace skein::telemetry {

template <class Queue>
class span_queue_processor final : public opentelemetry::sdk::trace::SpanProcessor {
 public:
  explicit span_queue_processor(std::shared_ptr<Queue> q) : queue_(std::move(q)) {}
  std::unique_ptr<opentelemetry::sdk::trace::Recordable> MakeRecordable() noexcept override {
    return queue_->make_record();
  }
  void OnStart(opentelemetry::sdk::trace::Recordable& span,
               const opentelemetry::trace::SpanContext& parent) noexcept override {
    queue_->started(span, parent);
  }
  void OnEnd(std::unique_ptr<opentelemetry::sdk::trace::Recordable>&& span) noexcept override {
    queue_->accept(std::move(span));
  }
  bool ForceFlush(std::chrono::microseconds timeout) noexcept override {
    return queue_->force_flush(timeout);
  }
  bool Shutdown(std::chrono::microseconds timeout) noexcept override {
    return queue_->shut_down(timeout);
  }

 private:
  std::shared_ptr<Queue> queue_;
};

template <class Queue>
class log_queue_processor final : public opentelemetry::sdk::logs::LogRecordProcessor {
 public:
  explicit log_queue_processor(std::shared_ptr<Queue> q) : queue_(std::move(q)) {}
  std::unique_ptr<opentelemetry::sdk::logs::Recordable> MakeRecordable() noexcept override {
    return queue_->make_record();
  }
  void OnEmit(std::unique_ptr<opentelemetry::sdk::logs::Recordable>&& record) noexcept override {
    queue_->accept(std::move(record));
  }
  bool ForceFlush(std::chrono::microseconds timeout) noexcept override {
    return queue_->force_flush(timeout);
  }
  bool Shutdown(std::chrono::microseconds timeout) noexcept override {
    return queue_->shut_down(timeout);
  }

 private:
  std::shared_ptr<Queue> queue_;
};

}  // namespace skein::telemetry
