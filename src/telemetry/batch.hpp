// Spans and log records on their way to an exporter, in batches on a thread of their own.
#pragma once

#include <chrono>
#include <concepts>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include <opentelemetry/sdk/logs/exporter.h>
#include <opentelemetry/sdk/logs/recordable.h>
#include <opentelemetry/sdk/trace/exporter.h>

#include <skein/telemetry/setup.hpp>
#include <skein/telemetry/span_sink.hpp>

#include "telemetry/sender.hpp"

namespace skein::telemetry {

struct span_signal {
  using exporter = opentelemetry::sdk::trace::SpanExporter;
  using recordable = opentelemetry::sdk::trace::Recordable;
  using sink = span_sink;
  static constexpr const char* plural = "spans";
};
struct no_sink {};
struct log_signal {
  using exporter = opentelemetry::sdk::logs::LogRecordExporter;
  using recordable = opentelemetry::sdk::logs::Recordable;
  using sink = no_sink;
  static constexpr const char* plural = "log records";
};

// OpenTelemetry's own batch processors wait without limit when they are shut down, and count
// nothing. A span_sink is told of a deadline. An export of any other exporter cannot be
// interrupted, so its bound is made of three parts: each takes at most `export_timeout`, none
// starts after the deadline, and one that starts near it goes through an exporter made for what is
// left of the time.
template <class Signal>
class batch_queue final : public sender {
 public:
  using exporter_ptr = std::unique_ptr<typename Signal::exporter>;
  using record_ptr = std::unique_ptr<typename Signal::recordable>;
  using sink = typename Signal::sink;
  static constexpr bool may_be_sink = !std::same_as<sink, no_sink>;
  // Makes an exporter whose exports take at most that long; empty if that cannot be had.
  using remake = std::function<exporter_ptr(std::chrono::milliseconds)>;

  batch_queue(exporter_ptr exporter, const batch_options& options, remake make);
  batch_queue(const batch_queue&) = delete;
  batch_queue& operator=(const batch_queue&) = delete;
  ~batch_queue();

  [[nodiscard]] record_ptr make_record() noexcept { return exporter_->MakeRecordable(); }
  void started(typename Signal::recordable& span,
               const opentelemetry::trace::SpanContext& parent) noexcept;
  void accept(record_ptr&& record) noexcept;
  bool force_flush(std::chrono::microseconds timeout) noexcept;
  bool shut_down(std::chrono::microseconds timeout) noexcept;

  void start_flush() override;
  report finish_flush(clock::time_point deadline) override;
  void start_close(clock::time_point deadline) override;
  void finish_close() override;

 private:
  void work();
  void export_some(std::unique_lock<std::mutex>& lock);
  sent_counts export_now(std::vector<record_ptr>& batch, clock::time_point deadline);

  const batch_options options_;
  const exporter_ptr exporter_;
  sink* const sink_;  // the same, if it is one
  const remake remake_;

  std::mutex mutex_;
  std::condition_variable wake_;     // the worker
  std::condition_variable settled_;  // those who flush
  std::vector<record_ptr> queue_;
  // The last batch. Those who end spans free it, one for one: a span is many small blocks, and
  // threads wait for each other when one frees what another allocates.
  std::vector<record_ptr> exported_;
  clock::time_point oldest_{};  // when the first span in the queue came
  std::size_t accepted_ = 0;    // spans ever put into the queue
  std::size_t done_ = 0;        // of those, exported or given up
  std::size_t flush_to_ = 0;    // export until done_ is this
  report counts_;
  bool closing_ = false;
  clock::time_point close_by_ = clock::time_point::max();
  std::mutex joining_;
  std::thread worker_;
};

extern template class batch_queue<span_signal>;
extern template class batch_queue<log_signal>;

}  // namespace skein::telemetry
