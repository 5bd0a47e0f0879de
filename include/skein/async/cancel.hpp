// Cancellation: a tree of scopes, one stop token each. Stopping a scope stops everything below it.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <utility>

#include <boost/smart_ptr/intrusive_ptr.hpp>

#include <skein/core/error.hpp>

namespace skein {

class strand;

namespace detail {

// Something a timer or an operation may wake, from any thread, any number of times, however late.
class waker {
 public:
  waker() = default;
  waker(const waker&) = delete;
  waker& operator=(const waker&) = delete;
  virtual void fire(std::uint64_t ticket) noexcept = 0;

  friend void intrusive_ptr_add_ref(const waker* w) noexcept {
    w->references_.fetch_add(1, std::memory_order_relaxed);
  }
  friend void intrusive_ptr_release(const waker* w) noexcept {
    if (w->references_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete w;
  }

 protected:
  virtual ~waker() = default;

 private:
  mutable std::atomic<std::uint32_t> references_{0};
};

}  // namespace detail

// The shared state of a scope. Users hold a `cancel_source`.
class cancel_state final : public detail::waker {
 public:
  explicit cancel_state(boost::intrusive_ptr<cancel_state> parent = {}) { link(std::move(parent)); }

  void request(cancel_reason why) noexcept;
  void link(boost::intrusive_ptr<cancel_state> parent);
  void unlink() noexcept;
  [[nodiscard]] const cancel_state* parent() const noexcept { return parent_.get(); }
  [[nodiscard]] bool stop_requested() const noexcept { return source_.stop_requested(); }
  [[nodiscard]] cancel_reason reason() const noexcept {
    return reason_.load(std::memory_order_acquire);
  }
  [[nodiscard]] std::stop_token token() const noexcept { return source_.get_token(); }
  void fire(std::uint64_t) noexcept override { request(cancel_reason::deadline); }

 private:
  struct follow {
    cancel_state* self;
    void operator()() const noexcept { self->request(self->parent_->reason()); }
  };
  std::stop_source source_;
  std::atomic<cancel_reason> reason_{cancel_reason::cancelled};
  boost::intrusive_ptr<cancel_state> parent_;
  std::optional<std::stop_callback<follow>> link_;
};

// Stops what runs under it: `co_await with_cancel(source, work())`. Copies share the same scope.
// Any thread. Stopping is sticky, and stopping twice changes nothing.
class cancel_source {
 public:
  cancel_source() : state_(new cancel_state) {}
  void cancel() const noexcept { state_->request(cancel_reason::cancelled); }
  [[nodiscard]] bool cancel_requested() const noexcept { return state_->stop_requested(); }
  [[nodiscard]] std::stop_token token() const noexcept { return state_->token(); }
  [[nodiscard]] const boost::intrusive_ptr<cancel_state>& state() const noexcept { return state_; }

 private:
  boost::intrusive_ptr<cancel_state> state_;
};

// Opens a scope on the strand that runs here, until the object dies: waits inside are stopped by
// this scope, which is stopped by the one around it (or by none: `outside`, for clean-up). Lives in
// a coroutine's frame and may be held across co_await. What was started in it and outlives it still
// falls under the scopes around.
class cancel_scope {
 public:
  struct outside {};
  cancel_scope();
  explicit cancel_scope(outside);
  explicit cancel_scope(const cancel_source& source);
  cancel_scope(const cancel_scope&) = delete;
  cancel_scope& operator=(const cancel_scope&) = delete;
  ~cancel_scope();

  void cancel() const noexcept { state_->request(cancel_reason::cancelled); }
  [[nodiscard]] const boost::intrusive_ptr<cancel_state>& state() const noexcept { return state_; }

 private:
  friend class strand;
  struct follow {
    cancel_state* state;
    boost::intrusive_ptr<cancel_state> source;
    void operator()() const noexcept { state->request(source->reason()); }
  };
  void open();
  boost::intrusive_ptr<cancel_state> state_;
  std::unique_ptr<std::stop_callback<follow>> also_;
  strand* strand_ = nullptr;
  cancel_scope* outer_ = nullptr;
};

// The scope that new work started here falls under: the active strand's, or null.
[[nodiscard]] boost::intrusive_ptr<cancel_state> current_cancellation();

}  // namespace skein
