#include "telemetry/batch.hpp"

#include <algorithm>
#include <exception>
#include <iterator>
#include <utility>

#include <opentelemetry/sdk/common/global_log_handler.h>

#include "telemetry/outcome_of_export.hpp"
#include "telemetry/recorder.hpp"

namespace skein::telemetry {

namespace sdk = opentelemetry::sdk;
namespace nostd = opentelemetry::nostd;

namespace {

template <class Signal>
typename Signal::sink* sink_in(typename Signal::exporter* e) {
  if constexpr (batch_queue<Signal>::may_be_sink) {
    return dynamic_cast<typename Signal::sink*>(e);
  } else {
    return nullptr;
  }
}

}  // namespace

template <class Signal>
batch_queue<Signal>::batch_queue(exporter_ptr exporter, const batch_options& options, remake make)
    : options_(options),
      exporter_(std::move(exporter)),
      sink_(sink_in<Signal>(exporter_.get())),
      remake_(std::move(make)) {
  worker_ = std::thread([this] { work(); });
}

template <class Signal>
batch_queue<Signal>::~batch_queue() {
  start_close(clock::now() + options_.export_timeout);
  finish_close();
}

template <class Signal>
void batch_queue<Signal>::started(typename Signal::recordable& span,
                                  const opentelemetry::trace::SpanContext& parent) noexcept {
  if constexpr (may_be_sink) {
    if (sink_ != nullptr) return sink_->started(span, parent);
    if (auto* ours = dynamic_cast<recorder*>(&span)) ours->set_remote_parent(parent.IsRemote());
  }
}

template <class Signal>
void batch_queue<Signal>::accept(record_ptr&& record) noexcept {
  record_ptr exported;  // freed without the lock
  std::unique_lock lock(mutex_);
  if (!exported_.empty()) {
    exported = std::move(exported_.back());
    exported_.pop_back();
  }
  if (closing_ || queue_.size() >= options_.max_queue_size) {
    bool say_so = counts_.dropped == 0 && !closing_;
    counts_.lose(closing_ ? loss::too_late : loss::queue_full, 1);
    lock.unlock();
    if (say_so) {
      OTEL_INTERNAL_LOG_WARN("[Skein] the queue of " << Signal::plural << " ("
                                                     << options_.max_queue_size
                                                     << ") is full; they are dropped");
    }
    return;
  }
  try {
    queue_.push_back(std::move(record));
  } catch (const std::bad_alloc&) {
    counts_.lose(loss::queue_full, 1);
    return;
  }
  ++accepted_;
  if (queue_.size() == 1) oldest_ = clock::now();
  if (queue_.size() == 1 || queue_.size() == options_.max_batch_size) wake_.notify_one();
}

template <class Signal>
void batch_queue<Signal>::work() {
  std::unique_lock lock(mutex_);
  auto due = [this] {
    return closing_ || flush_to_ > done_ || queue_.size() >= options_.max_batch_size;
  };
  while (true) {
    wake_.wait(lock, [&] { return closing_ || !queue_.empty(); });
    wake_.wait_until(lock, oldest_ + options_.schedule_delay, due);
    // What comes while this goes out waits for others again: not for each span an export.
    for (bool more = true; more && !queue_.empty() && clock::now() < close_by_; more = due()) {
      export_some(lock);
    }
    if (!closing_) continue;
    counts_.lose(loss::too_late, queue_.size());
    done_ += queue_.size();
    counts_.in_time = counts_.in_time && queue_.empty();
    queue_.clear();
    exported_.clear();
    settled_.notify_all();
    return;
  }
}

template <class Signal>
void batch_queue<Signal>::export_some(std::unique_lock<std::mutex>& lock) {
  auto count = std::min(queue_.size(), options_.max_batch_size);
  auto end = queue_.begin() + static_cast<std::ptrdiff_t>(count);
  std::vector<record_ptr> batch(std::make_move_iterator(queue_.begin()),
                                std::make_move_iterator(end));
  queue_.erase(queue_.begin(), end);
  oldest_ = clock::now();  // of what is left, which came since
  auto deadline = close_by_;
  lock.unlock();
  const auto sent = export_now(batch, deadline);
  lock.lock();
  std::swap(exported_, batch);
  if (!batch.empty()) {  // nobody came for them
    lock.unlock();
    batch.clear();
    lock.lock();
  }
  counts_ += sent;
  done_ += count;
  settled_.notify_all();
}

template <class Signal>
sent_counts batch_queue<Signal>::export_now(std::vector<record_ptr>& batch,
                                            clock::time_point deadline) {
  if constexpr (may_be_sink) {
    if (sink_ != nullptr) {
      return sink_->deliver(batch, std::min(deadline, clock::now() + options_.export_timeout));
    }
  }
  exporter_ptr brief;
  if (remake_ && deadline != clock::time_point::max()) {
    auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - clock::now());
    left = std::max(left, std::chrono::milliseconds(1));
    if (left < options_.export_timeout) brief = remake_(left);
  }
  auto& exporter = brief ? *brief : *exporter_;
  const auto result = exporter.Export(nostd::span<record_ptr>(batch.data(), batch.size()));
  return outcome_of(exporter, result, batch.size());
}

template <class Signal>
void batch_queue<Signal>::start_flush() {
  std::lock_guard lock(mutex_);
  flush_to_ = accepted_;
  wake_.notify_one();
}

template <class Signal>
sender::report batch_queue<Signal>::finish_flush(clock::time_point deadline) {
  std::unique_lock lock(mutex_);
  auto target = flush_to_;
  bool in_time = settled_.wait_until(lock, deadline, [&] { return done_ >= target; });
  auto result = std::exchange(counts_, {});
  result.in_time = result.in_time && in_time;
  return result;
}

template <class Signal>
void batch_queue<Signal>::start_close(clock::time_point deadline) {
  std::lock_guard lock(mutex_);
  if (closing_) return;
  closing_ = true;
  close_by_ = deadline;
  if constexpr (may_be_sink) {
    if (sink_ != nullptr) sink_->end_by(deadline);
  }
  wake_.notify_one();
}

template <class Signal>
void batch_queue<Signal>::finish_close() {
  std::lock_guard joining(joining_);
  if (!worker_.joinable()) return;
  worker_.join();
  // Nothing runs any more, so this does not wait. Zero would mean for ever.
  exporter_->Shutdown(std::chrono::milliseconds(1));
}

template <class Signal>
bool batch_queue<Signal>::force_flush(std::chrono::microseconds timeout) noexcept {
  start_flush();
  std::unique_lock lock(mutex_);
  auto target = flush_to_;
  return settled_.wait_until(lock, after(timeout), [&] { return done_ >= target; });
}

template <class Signal>
bool batch_queue<Signal>::shut_down(std::chrono::microseconds timeout) noexcept {
  start_close(after(timeout));
  finish_close();
  return true;
}

template class batch_queue<span_signal>;
template class batch_queue<log_signal>;

}  // namespace skein::telemetry
