// Metrics on their way to an exporter, at intervals, on a thread of their own.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

#include <opentelemetry/sdk/metrics/metric_reader.h>
#include <opentelemetry/sdk/metrics/push_metric_exporter.h>

#include "telemetry/sender.hpp"

namespace skein::telemetry {

// OpenTelemetry's own periodic reader waits for its exporter without limit when it is shut down,
// and falls back to 60 and 30 seconds when the interval is not longer than the timeout. Here an
// export that takes longer than the interval delays the next one.
class metric_sender final : public opentelemetry::sdk::metrics::MetricReader, public sender {
 public:
  using exporter_ptr = std::unique_ptr<opentelemetry::sdk::metrics::PushMetricExporter>;
  using remake = std::function<exporter_ptr(std::chrono::milliseconds)>;

  metric_sender(exporter_ptr exporter, const metric_options& options, remake make)
      : options_(options), exporter_(std::move(exporter)), remake_(std::move(make)) {}
  metric_sender(const metric_sender&) = delete;
  metric_sender& operator=(const metric_sender&) = delete;
  ~metric_sender() override;

  opentelemetry::sdk::metrics::AggregationTemporality GetAggregationTemporality(
      opentelemetry::sdk::metrics::InstrumentType type) const noexcept override {
    return exporter_->GetAggregationTemporality(type);
  }

  void start_flush() override;
  report finish_flush(clock::time_point deadline) override;
  void start_close(clock::time_point deadline) override;
  void finish_close() override;

 private:
  void OnInitialized() noexcept override;
  bool OnForceFlush(std::chrono::microseconds timeout) noexcept override;
  bool OnShutDown(std::chrono::microseconds timeout) noexcept override;
  void work();
  void export_all(std::unique_lock<std::mutex>& lock);

  const metric_options options_;
  const exporter_ptr exporter_;
  const remake remake_;

  std::mutex mutex_;
  std::condition_variable wake_;     // the worker
  std::condition_variable settled_;  // those who flush
  std::size_t asked_ = 0;            // flushes
  std::size_t done_ = 0;             // of those
  report counts_;
  bool closing_ = false;
  clock::time_point close_by_ = clock::time_point::max();
  std::mutex joining_;
  std::thread worker_;
};

}  // namespace skein::telemetry
