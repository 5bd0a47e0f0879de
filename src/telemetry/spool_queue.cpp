#include "telemetry/spool_queue.hpp"

#include <algorithm>
#include <exception>
#include <utility>

#include <opentelemetry/sdk/common/global_log_handler.h>

#include "telemetry/batch.hpp"

namespace skein::telemetry {

namespace {

using std::chrono::milliseconds;
constexpr milliseconds first_pause(500);
constexpr milliseconds last_pause(30'000);

}  // namespace

template <class Signal>
spool_queue<Signal>::spool_queue(std::unique_ptr<spool_type> s, const batch_options& options)
    : options_(options), spool_(std::move(s)), accepted_(spool_->waiting()) {
  longest_pause_ = first_pause;
  // What is left from before has waited long enough.
  if (accepted_ > 0) fresh_ = options_.max_batch_size;
  worker_ = std::thread([this] { work(); });
}

template <class Signal>
spool_queue<Signal>::~spool_queue() {
  start_close(clock::now() + options_.export_timeout);
  finish_close();
}

template <class Signal>
void spool_queue<Signal>::accept(std::unique_ptr<recordable>&& record) noexcept {
  {
    std::lock_guard lock(mutex_);
    ++accepted_;  // before it can be done
  }
  auto kept = spool_->keep(*record);
  std::lock_guard lock(mutex_);
  done_ += kept.dropped + kept.failed;
  if (!kept.losses.empty()) {
    kept.spooled = 0;
    counts_ += kept;
  }
  if (++fresh_ == 1) oldest_ = clock::now();
  if (fresh_ == 1 || fresh_ == options_.max_batch_size) wake_.notify_one();
}

template <class Signal>
void spool_queue<Signal>::work() {
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [&] { return hurried() || fresh_ > 0; });
    auto full = [&] { return fresh_ >= options_.max_batch_size; };
    wake_.wait_until(lock, oldest_ + options_.schedule_delay, [&] { return hurried() || full(); });
    wake_.wait_until(lock, not_before_, [&] { return hurried(); });
    send_what_is_due(lock);
    settled_.notify_all();
    if (!closing_) continue;
    ended_ = true;
    settled_.notify_all();
    return;
  }
}

template <class Signal>
void spool_queue<Signal>::send_what_is_due(std::unique_lock<std::mutex>& lock) {
  using enum spool_progress::then;
  while (spool_->waiting() > 0 && clock::now() < close_by_) {
    const auto answering = asked_;
    const auto deadline = std::min(close_by_, clock::now() + options_.export_timeout);
    fresh_ = 0;
    lock.unlock();
    auto made = spool_->deliver(options_.max_batch_size, deadline);
    lock.lock();
    const auto gone = made.counts.delivered + made.counts.failed + made.counts.dropped;
    done_ += gone;
    counts_ += made.counts;
    if (done_ >= flush_to_) answered_ = asked_;
    settled_.notify_all();
    if (made.next == go_on) {
      longest_pause_ = first_pause;
      not_before_ = {};
      // What came while this went out waits for others again: not for each span an export.
      if (gone == 0 || (!hurried() && spool_->waiting() < options_.max_batch_size)) break;
      continue;
    }
    not_before_ = clock::now() + (made.retry_after ? *made.retry_after : pause());
    if (made.next == nobody) answered_ = answering;
    if (made.next == nobody || !hurried() || not_before_ >= close_by_) break;
    wake_.wait_until(lock, not_before_, [this] { return closing_ && not_before_ >= close_by_; });
  }
  if (spool_->waiting() == 0) {
    answered_ = asked_;
  } else if (fresh_ == 0) {
    fresh_ = 1;
    oldest_ = clock::now();
  }
}

template <class Signal>
sender::clock::duration spool_queue<Signal>::pause() {
  std::uniform_int_distribution<milliseconds::rep> some(longest_pause_.count() / 2,
                                                        longest_pause_.count());
  longest_pause_ = std::min(longest_pause_ * 2, last_pause);
  return milliseconds(some(random_));
}

template <class Signal>
void spool_queue<Signal>::start_flush() {
  std::lock_guard lock(mutex_);
  ++asked_;
  flush_to_ = accepted_;
  wake_.notify_one();
}

template <class Signal>
bool spool_queue<Signal>::await_answer(std::unique_lock<std::mutex>& lock,
                                       clock::time_point deadline) {
  const auto asked = asked_;
  return settled_.wait_until(lock, deadline, [&] { return answered_ >= asked || ended_; });
}

template <class Signal>
sender::report spool_queue<Signal>::finish_flush(clock::time_point deadline) {
  std::unique_lock lock(mutex_);
  await_answer(lock, deadline);
  auto result = std::exchange(counts_, {});
  result.spooled = spool_->waiting();
  return result;
}

template <class Signal>
void spool_queue<Signal>::start_close(clock::time_point deadline) {
  std::lock_guard lock(mutex_);
  if (closing_) return;
  closing_ = true;
  close_by_ = deadline;
  spool_->end_by(deadline);
  wake_.notify_one();
}

template <class Signal>
void spool_queue<Signal>::finish_close() {
  std::lock_guard joining(joining_);
  if (worker_.joinable()) worker_.join();
}

template <class Signal>
bool spool_queue<Signal>::force_flush(std::chrono::microseconds timeout) noexcept {
  start_flush();
  std::unique_lock lock(mutex_);
  return await_answer(lock, after(timeout));
}

template <class Signal>
bool spool_queue<Signal>::shut_down(std::chrono::microseconds timeout) noexcept {
  start_close(after(timeout));
  finish_close();
  return true;
}

template class spool_queue<span_signal>;
template class spool_queue<log_signal>;

}  // namespace skein::telemetry
