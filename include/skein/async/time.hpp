// Waiting for time to pass, and for no longer than that.
#pragma once

#include <chrono>
#include <utility>

#include <skein/async/cancel.hpp>
#include <skein/async/detail/promise.hpp>
#include <skein/async/task.hpp>

namespace skein {

namespace detail {
class sleeper : public wait {
 public:
  explicit sleeper(runtime::duration d) : after_(d) {}
  explicit sleeper(runtime::time_point t) : at_(t), absolute_(true) {}
  sleeper(sleeper&& o) noexcept : after_(o.after_), at_(o.at_), absolute_(o.absolute_) {}
  ~sleeper() {
    if (timer_ != 0) runtime_->stop_timer(timer_);
  }
  bool await_ready() const {
    t_active->throw_if_cancelled();
    return false;
  }
  void await_suspend(std::coroutine_handle<> h) {
    arm(h);
    start();
    listen();
  }
  void await_resume() {
    resumed();
    if (was_cancelled()) {
      runtime_->stop_timer(timer_);
      timer_ = 0;
      throw_if_cancelled();
    }
    timer_ = 0;
  }

 private:
  void start();
  runtime* runtime_ = nullptr;
  runtime::duration after_{};
  runtime::time_point at_{};
  bool absolute_ = false;
  runtime::timer_id timer_ = 0;
};

// Stops a scope at a time, unless it is left before.
class deadline_timer {
 public:
  deadline_timer(runtime::duration after, const cancel_scope& scope);
  deadline_timer(const deadline_timer&) = delete;
  deadline_timer& operator=(const deadline_timer&) = delete;
  ~deadline_timer();

 private:
  runtime* runtime_;
  runtime::timer_id timer_;
};
}  // namespace detail

// Suspends for `d` of the runtime's time. A cancellation point.
[[nodiscard]] inline detail::sleeper sleep_for(runtime::duration d) { return detail::sleeper(d); }
[[nodiscard]] inline detail::sleeper sleep_until(runtime::time_point t) {
  return detail::sleeper(t);
}

// Lets everything else that is ready run first.
[[nodiscard]] task<> reschedule();

// Runs `work`, stopped with reason `deadline` after `d`: then throws `cancelled`.
template <class T>
task<T> with_deadline(runtime::duration d, task<T> work) {
  cancel_scope scope;
  detail::deadline_timer timer(d, scope);
  co_return co_await std::move(work);
}

// Runs `work` so that `source.cancel()` stops it too.
template <class T>
task<T> with_cancel(cancel_source source, task<T> work) {
  cancel_scope scope(source);
  co_return co_await std::move(work);
}

namespace detail {
template <class T>
task<T> shielded(runtime::duration d, task<T> work) {
  cancel_scope scope{cancel_scope::outside{}};
  deadline_timer timer(d, scope);
  co_return co_await std::move(work);
}
template <class T>
struct shield_awaiter : task_awaiter<T> {
  task<T> owned;
  explicit shield_awaiter(task<T> t)
      : task_awaiter<T>{task_access<T>::handle(t)}, owned(std::move(t)) {}
  bool await_ready() const noexcept { return false; }
};
}  // namespace detail

// Runs clean-up that must finish although the run was stopped: outside of every scope around it,
// but for no longer than `limit`. Being awaited is no cancellation point.
template <class T>
[[nodiscard]] auto shield(runtime::duration limit, task<T> work) {
  return detail::shield_awaiter<T>(detail::shielded(limit, std::move(work)));
}

}  // namespace skein
