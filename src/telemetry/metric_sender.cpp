#include "telemetry/metric_sender.hpp"

#include <algorithm>
#include <utility>

#include <opentelemetry/sdk/common/global_log_handler.h>
#include <opentelemetry/sdk/metrics/data/metric_data.h>
#include <opentelemetry/sdk/metrics/export/metric_producer.h>

#include "telemetry/outcome_of_export.hpp"

namespace skein::telemetry {

namespace sdk = opentelemetry::sdk;

metric_sender::~metric_sender() {
  start_close(clock::now() + options_.export_timeout);
  finish_close();
}

void metric_sender::OnInitialized() noexcept {
  try {
    worker_ = std::thread([this] { work(); });
  } catch (const std::exception& e) {
    OTEL_INTERNAL_LOG_ERROR("[Skein] metrics are not exported: " << e.what());
  }
}

void metric_sender::work() {
  std::unique_lock lock(mutex_);
  auto due = clock::now() + options_.interval;
  while (true) {
    wake_.wait_until(lock, due, [this] { return closing_ || asked_ > done_; });
    auto flushing = asked_;
    const bool last = closing_;
    if (!last || clock::now() < close_by_) export_all(lock);
    done_ = std::max(done_, flushing);
    settled_.notify_all();
    if (last) return;
    while (due <= clock::now()) due += options_.interval;
  }
}

void metric_sender::export_all(std::unique_lock<std::mutex>& lock) {
  auto deadline = close_by_;
  lock.unlock();
  sent_counts sent;
  Collect([&](sdk::metrics::ResourceMetrics& all) {
    std::size_t points = 0;
    for (const auto& scope : all.scope_metric_data_) {
      for (const auto& m : scope.metric_data_) points += m.point_data_attr_.size();
    }
    if (points == 0) return true;
    exporter_ptr brief;
    if (remake_ && deadline != clock::time_point::max()) {
      auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - clock::now());
      left = std::max(left, std::chrono::milliseconds(1));
      if (left < options_.export_timeout) brief = remake_(left);
    }
    auto& exporter = brief ? *brief : *exporter_;
    const auto result = exporter.Export(all);
    sent = outcome_of(exporter, result, points);
    return result == sdk::common::ExportResult::kSuccess;
  });
  lock.lock();
  counts_ += sent;
}

void metric_sender::start_flush() {
  std::lock_guard lock(mutex_);
  ++asked_;
  wake_.notify_one();
}

sender::report metric_sender::finish_flush(clock::time_point deadline) {
  std::unique_lock lock(mutex_);
  auto target = asked_;
  bool in_time =
      settled_.wait_until(lock, deadline, [&] { return done_ >= target || !worker_.joinable(); });
  auto result = std::exchange(counts_, {});
  result.in_time = in_time;
  return result;
}

void metric_sender::start_close(clock::time_point deadline) {
  std::lock_guard lock(mutex_);
  if (closing_) return;
  closing_ = true;
  close_by_ = deadline;
  wake_.notify_one();
}

void metric_sender::finish_close() {
  std::lock_guard joining(joining_);
  if (!worker_.joinable()) return;
  worker_.join();
  exporter_->Shutdown(std::chrono::milliseconds(1));  // nothing runs any more
}

bool metric_sender::OnForceFlush(std::chrono::microseconds timeout) noexcept {
  start_flush();
  std::unique_lock lock(mutex_);
  auto target = asked_;
  return settled_.wait_until(lock, after(timeout), [&] { return done_ >= target; });
}

bool metric_sender::OnShutDown(std::chrono::microseconds timeout) noexcept {
  start_close(after(timeout));
  finish_close();
  return true;
}

}  // namespace skein::telemetry
