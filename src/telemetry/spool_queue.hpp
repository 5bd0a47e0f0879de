// From a spool to its collector, on a thread of its own. Nothing waits in memory.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <random>
#include <thread>

#include <skein/telemetry/setup.hpp>
#include <skein/telemetry/spool.hpp>

#include "telemetry/sender.hpp"

namespace skein::telemetry {

// A collector that is not there is asked again after a pause that grows. Those who flush, and the
// end, do not wait for it: what is on disk is safe.
template <class Signal>
class spool_queue final : public sender {
 public:
  using recordable = typename Signal::recordable;
  using spool_type = spool<recordable>;

  spool_queue(std::unique_ptr<spool_type> s, const batch_options& options);
  spool_queue(const spool_queue&) = delete;
  spool_queue& operator=(const spool_queue&) = delete;
  ~spool_queue();

  [[nodiscard]] std::unique_ptr<recordable> make_record() noexcept { return spool_->make_record(); }
  void started(recordable& span, const opentelemetry::trace::SpanContext& parent) noexcept {
    spool_->started(span, parent);
  }
  // On disk when it returns, after the end of the pipeline too: for the next process.
  void accept(std::unique_ptr<recordable>&& record) noexcept;
  bool force_flush(std::chrono::microseconds timeout) noexcept;
  bool shut_down(std::chrono::microseconds timeout) noexcept;

  void start_flush() override;
  report finish_flush(clock::time_point deadline) override;
  void start_close(clock::time_point deadline) override;
  void finish_close() override;

 private:
  void work();
  void send_what_is_due(std::unique_lock<std::mutex>& lock);
  [[nodiscard]] bool hurried() const { return closing_ || asked_ > answered_; }
  bool await_answer(std::unique_lock<std::mutex>& lock, clock::time_point deadline);
  [[nodiscard]] clock::duration pause();

  const batch_options options_;
  const std::unique_ptr<spool_type> spool_;

  std::mutex mutex_;
  std::condition_variable wake_;     // the worker
  std::condition_variable settled_;  // those who flush
  clock::time_point oldest_{};       // when the first came since the worker last looked
  std::size_t fresh_ = 0;            // how many did
  std::size_t accepted_ = 0;         // ever, and what was there at the beginning
  std::size_t done_ = 0;             // of those, gone from the disk
  std::size_t asked_ = 0;            // flushes
  std::size_t answered_ = 0;         // of those: all is gone, or nobody was there
  std::size_t flush_to_ = 0;         // all is gone for the last of them when done_ is this
  clock::time_point not_before_{};   // after a failure
  std::chrono::milliseconds longest_pause_{};
  std::minstd_rand random_{std::random_device{}()};
  report counts_;
  bool closing_ = false;
  bool ended_ = false;
  clock::time_point close_by_ = clock::time_point::max();
  std::mutex joining_;
  std::thread worker_;
};

}  // namespace skein::telemetry
