// Moving blocking or heavy work to a pool of threads, with its context.
#pragma once

#include <exception>
#include <functional>
#include <memory>
#include <type_traits>
#include <utility>

#include <skein/async/detail/promise.hpp>
#include <skein/async/spawn.hpp>
#include <skein/async/task.hpp>

namespace skein {

// A fixed number of threads for work that blocks. The destructor waits for what was started.
class thread_pool {
 public:
  explicit thread_pool(unsigned threads);
  thread_pool(const thread_pool&) = delete;
  thread_pool& operator=(const thread_pool&) = delete;
  ~thread_pool();
  void post(std::move_only_function<void()> work);

 private:
  struct state;
  std::unique_ptr<state> state_;
};

namespace detail {
template <class T>
class offloaded : public wait {
 public:
  offloaded(thread_pool& pool, std::move_only_function<void(result_of<T>&)> fn)
      : pool_(pool), fn_(std::move(fn)), state_(new job_state<T>) {}
  offloaded(offloaded&&) = default;
  bool await_ready() const {
    t_active->throw_if_cancelled();
    return false;
  }
  void await_suspend(std::coroutine_handle<> h) {
    arm(h);
    state_->wait({owner(), ticket()});
    owner()->where().run_blocking(pool_, [fn = std::move(fn_), state = state_]() mutable {
      fn(state->result);
      fn = nullptr;  // the work's own state goes before anybody is told
      state->fire(0);
    });
    listen();
  }
  T await_resume() {
    resumed();
    // Work that saw the stop may have ended before this wait was told of it.
    owner_strand().throw_if_cancelled();
    return state_->result.take();
  }

 private:
  thread_pool& pool_;
  std::move_only_function<void(result_of<T>&)> fn_;
  boost::intrusive_ptr<job_state<T>> state_;
};
}  // namespace detail

// Runs `fn()` on the pool, in the context of this call, and gives its result on the awaiter's
// runtime. Cancelling the wait does not interrupt `fn`: it runs to its end, its result is dropped;
// it may look at `current_stop_token()`. What `fn` holds by reference must outlive it even then.
template <class F>
[[nodiscard]] auto offload(thread_pool& pool, F fn) {
  using T = std::invoke_result_t<F&>;
  auto token = current_cancellation();
  return detail::offloaded<T>(
      pool, [fn = std::move(fn), c = current_context(), token](detail::result_of<T>& to) mutable {
        strand s(std::move(c));
        strand_access::inherit(s, token.get());
        activation here(s);
        try {
          if constexpr (std::is_void_v<T>) {
            fn();
          } else {
            to.return_value(fn());
          }
        } catch (...) {
          to.unhandled_exception();  // rethrown to the awaiter
        }
      });
}

}  // namespace skein
