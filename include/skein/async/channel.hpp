// channel<T>: a bounded queue between coroutines, on any threads.
#pragma once

#include <cstddef>
#include <deque>
#include <list>
#include <mutex>
#include <optional>
#include <utility>

#include <skein/async/detail/promise.hpp>

namespace skein {

// `send` suspends while the channel is full, `receive` while it is empty; both are cancellation
// points. After `close`, sends give false, and receives drain what is there, then give nullopt.
// Capacity 0 is a rendezvous: a send completes when a receiver takes the value. A value whose
// receiver was destroyed after it was handed over goes with the receiver.
template <class T>
class channel {
 public:
  explicit channel(std::size_t capacity) : capacity_(capacity) {}
  channel(const channel&) = delete;
  channel& operator=(const channel&) = delete;

  [[nodiscard]] auto send(T value) { return sender(*this, std::move(value)); }
  // From anywhere, without waiting: false where `send` would suspend or the channel is closed.
  bool try_send(T value) {
    std::lock_guard lock(mutex_);
    return !closed_ && put(value);
  }
  [[nodiscard]] auto receive() { return receiver(*this); }

  void close() {
    std::lock_guard lock(mutex_);
    closed_ = true;
    for (auto* r : std::exchange(receivers_, {})) r->finish();
    for (auto* s : std::exchange(senders_, {})) s->finish(false);
  }
  [[nodiscard]] std::size_t size() const {
    std::lock_guard lock(mutex_);
    return queue_.size();
  }

 private:
  class receiver : public detail::wait {
   public:
    explicit receiver(channel& c) : channel_(c) {}
    receiver(receiver&& o) noexcept : channel_(o.channel_) {}
    ~receiver() {
      if (!suspended_) return;
      std::lock_guard lock(channel_.mutex_);
      channel_.receivers_.remove(this);
    }
    bool await_ready() const {
      detail::t_active->throw_if_cancelled();
      return false;
    }
    bool await_suspend(std::coroutine_handle<> h) {
      {
        std::lock_guard lock(channel_.mutex_);
        value_ = channel_.take();
        if (value_ || channel_.closed_) return false;
        arm(h);
        suspended_ = true;
        channel_.receivers_.push_back(this);
      }
      listen();
      return true;
    }
    std::optional<T> await_resume() {
      if (suspended_) {
        // Off the list first: whoever takes a waiter from it asks for its owner.
        {
          std::lock_guard lock(channel_.mutex_);
          channel_.receivers_.remove(this);
          suspended_ = false;
        }
        resumed();
        throw_if_cancelled();
      }
      return std::move(value_);
    }
    bool give(T& v) {
      if (!owner()->claim(ticket())) return false;
      value_ = std::move(v);
      owner()->resume_later();
      return true;
    }
    void finish() { owner()->fire(ticket()); }

   private:
    channel& channel_;
    std::optional<T> value_;
    bool suspended_ = false;
  };

  class sender : public detail::wait {
   public:
    sender(channel& c, T v) : channel_(c), value_(std::move(v)) {}
    sender(sender&& o) noexcept : channel_(o.channel_), value_(std::move(o.value_)) {}
    ~sender() {
      if (!suspended_) return;
      std::lock_guard lock(channel_.mutex_);
      channel_.senders_.remove(this);
    }
    bool await_ready() const {
      detail::t_active->throw_if_cancelled();
      return false;
    }
    bool await_suspend(std::coroutine_handle<> h) {
      {
        std::lock_guard lock(channel_.mutex_);
        if (channel_.closed_) return false;
        sent_ = channel_.put(value_);
        if (sent_) return false;
        arm(h);
        suspended_ = true;
        channel_.senders_.push_back(this);
      }
      listen();
      return true;
    }
    bool await_resume() {
      if (suspended_) {
        {
          std::lock_guard lock(channel_.mutex_);
          channel_.senders_.remove(this);
          suspended_ = false;
        }
        resumed();
        throw_if_cancelled();
      }
      return sent_;
    }
    // Under the channel's lock.
    std::optional<T> offer() {
      if (!owner()->claim(ticket())) return std::nullopt;
      sent_ = true;
      std::optional<T> v(std::move(value_));
      owner()->resume_later();
      return v;
    }
    void finish(bool sent) {
      if (!owner()->claim(ticket())) return;
      sent_ = sent;
      owner()->resume_later();
    }

   private:
    channel& channel_;
    T value_;
    bool sent_ = false;
    bool suspended_ = false;
  };

  bool put(T& v) {
    while (!receivers_.empty()) {
      auto* r = receivers_.front();
      receivers_.pop_front();
      if (r->give(v)) return true;
    }
    if (queue_.size() >= capacity_) return false;
    queue_.push_back(std::move(v));
    return true;
  }
  std::optional<T> take() {
    std::optional<T> v;
    if (!queue_.empty()) {
      v.emplace(std::move(queue_.front()));
      queue_.pop_front();
    }
    while (!senders_.empty() && (!v || queue_.size() < capacity_)) {
      auto* s = senders_.front();
      senders_.pop_front();
      auto offered = s->offer();
      if (!offered) continue;
      if (v) {
        queue_.push_back(std::move(*offered));
      } else {
        v = std::move(offered);
      }
    }
    return v;
  }

  std::size_t capacity_;
  mutable std::mutex mutex_;
  std::deque<T> queue_;
  std::list<receiver*> receivers_;
  std::list<sender*> senders_;
  bool closed_ = false;
};

}  // namespace skein
