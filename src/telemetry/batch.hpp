// Spans on their way to an exporter, in batches on a thread of their own.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include <opentelemetry/sdk/trace/exporter.h>
#include <opentelemetry/sdk/trace/processor.h>

#include <skein/telemetry/setup.hpp>
#include <skein/telemetry/span_sink.hpp>

namespace skein::telemetry {

// OpenTelemetry's own batch processor waits without limit when it is shut down, and counts nothing.
// A span_sink is told of a deadline. An export of any other exporter cannot be interrupted, so its
// bound is made of three parts: each takes at most `export_timeout`, none starts after the
// deadline, and one that starts near it goes through an exporter made for what is left of the time.
class batch_processor final : public opentelemetry::sdk::trace::SpanProcessor {
 public:
  using clock = std::chrono::steady_clock;
  using exporter_ptr = std::unique_ptr<opentelemetry::sdk::trace::SpanExporter>;
  // Makes an exporter whose exports take at most that long; empty if that cannot be had.
  using remake = std::function<exporter_ptr(std::chrono::milliseconds)>;

  batch_processor(exporter_ptr exporter, const batch_options& options, remake make);
  batch_processor(const batch_processor&) = delete;
  batch_processor& operator=(const batch_processor&) = delete;
  ~batch_processor() override;

  std::unique_ptr<opentelemetry::sdk::trace::Recordable> MakeRecordable() noexcept override;
  void OnStart(opentelemetry::sdk::trace::Recordable& span,
               const opentelemetry::trace::SpanContext& parent) noexcept override;
  void OnEnd(std::unique_ptr<opentelemetry::sdk::trace::Recordable>&& span) noexcept override;
  bool ForceFlush(std::chrono::microseconds timeout) noexcept override;
  bool Shutdown(std::chrono::microseconds timeout) noexcept override;

  // Two steps, so that several can work towards one deadline at the same time.
  void start_flush();
  // Waits for what was there at the last start_flush(), and takes the counts.
  flush_result finish_flush(clock::time_point deadline);
  void start_close(clock::time_point deadline);
  void finish_close();

 private:
  using span_ptr = std::unique_ptr<opentelemetry::sdk::trace::Recordable>;
  void work();
  void export_some(std::unique_lock<std::mutex>& lock);
  // How many were delivered.
  std::size_t export_now(std::vector<span_ptr>& batch, clock::time_point deadline);

  const batch_options options_;
  const exporter_ptr exporter_;
  span_sink* const sink_;  // the same, if it is one
  const remake remake_;

  std::mutex mutex_;
  std::condition_variable wake_;     // the worker
  std::condition_variable settled_;  // those who flush
  std::vector<span_ptr> queue_;
  // The last batch. Those who end spans free it, one for one: a span is many small blocks, and
  // threads wait for each other when one frees what another allocates.
  std::vector<span_ptr> exported_;
  clock::time_point oldest_{};  // when the first span in the queue came
  std::size_t accepted_ = 0;    // spans ever put into the queue
  std::size_t done_ = 0;        // of those, exported or given up
  std::size_t flush_to_ = 0;    // export until done_ is this
  flush_result counts_;
  bool closing_ = false;
  clock::time_point close_by_ = clock::time_point::max();
  std::mutex joining_;
  std::thread worker_;
};

}  // namespace skein::telemetry
