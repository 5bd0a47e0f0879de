// Starting work that runs beside its starter: one job, or a structured group.
#pragma once

#include <cstddef>
#include <exception>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include <skein/async/detail/root_coroutine.hpp>
#include <skein/async/task.hpp>

namespace skein {

namespace detail {

// Who waits for something, if anybody does. Guarded by its owner's lock.
struct waiting {
  boost::intrusive_ptr<root> who;
  std::uint64_t ticket = 0;
  void fire() {
    if (auto w = std::exchange(who, {})) w->fire(ticket);
  }
};

// Finished or not, and one who waits for it.
class completion : public waker {
 public:
  void fire(std::uint64_t) noexcept override;
  [[nodiscard]] bool done() noexcept;
  // False if it is done already; else `w` is fired when it is.
  bool wait(waiting w);

 private:
  std::mutex mutex_;
  bool done_ = false;
  waiting waiting_;
};

template <class T>
class job_state final : public completion {
 public:
  result_of<T> result;
};

// Whoever stopped the owner that lets go here may still be on the way to `scope`, whose work must
// not die as if it were merely dropped.
void stop_with_owner(cancel_state& scope) noexcept;

template <class T>
root_coroutine run_job(task<T> work, boost::intrusive_ptr<job_state<T>> state) {
  try {
    if constexpr (std::is_void_v<T>) {
      co_await std::move(work);
    } else {
      state->result.return_value(co_await std::move(work));
    }
  } catch (...) {
    state->result.unhandled_exception();  // rethrown to whoever awaits the job
  }
}

}  // namespace detail

// A task that runs on its own strand. Awaiting it gives the task's result, once; that wait may be
// cancelled without stopping the job. Dropping the handle destroys the job where it stands: it is
// stopped for good, its destructors run in its own context, and on return nothing of it is left.
template <class T = void>
class [[nodiscard("dropping a job destroys it")]] job {
 public:
  job(job&& o) noexcept = default;
  job& operator=(job&& o) noexcept {
    if (this != &o) {
      drop();
      state_ = std::move(o.state_);
      root_ = std::move(o.root_);
      scope_ = std::move(o.scope_);
    }
    return *this;
  }
  ~job() { drop(); }

  void cancel(cancel_reason why = cancel_reason::cancelled) noexcept { scope_->request(why); }
  [[nodiscard]] bool done() const noexcept { return state_->done(); }

  auto operator co_await() noexcept {
    struct awaiter : detail::wait {
      detail::job_state<T>* state;
      bool suspended = false;
      explicit awaiter(detail::job_state<T>* s) : state(s) {}
      bool await_ready() const {
        detail::t_active->throw_if_cancelled();
        return state->done();
      }
      bool await_suspend(std::coroutine_handle<> h) {
        arm(h);
        if (!state->wait({owner(), ticket()})) {
          owner()->drop(ticket());
          resumed();
          return false;
        }
        suspended = true;
        listen();
        return true;
      }
      T await_resume() {
        if (suspended) {
          resumed();
          throw_if_cancelled();
        }
        return state->result.take();
      }
    };
    return awaiter(state_.get());
  }

  // The result of a job that is done.
  T take() { return state_->result.take(); }

 private:
  template <class U>
  friend job<U> spawn(runtime& rt, task<U> work);
  job(boost::intrusive_ptr<detail::job_state<T>> state, boost::intrusive_ptr<detail::root> r,
      boost::intrusive_ptr<cancel_state> scope)
      : state_(std::move(state)), root_(std::move(r)), scope_(std::move(scope)) {}
  void drop() noexcept {
    if (root_) {
      detail::stop_with_owner(*scope_);
      root_->destroy();
    }
    if (scope_) scope_->unlink();
  }

  boost::intrusive_ptr<detail::job_state<T>> state_;
  boost::intrusive_ptr<detail::root> root_;
  boost::intrusive_ptr<cancel_state> scope_;
};

// Starts `work` on `rt`, born with the context and under the cancellation of this call.
template <class T>
job<T> spawn(runtime& rt, task<T> work) {
  boost::intrusive_ptr<detail::job_state<T>> state(new detail::job_state<T>);
  boost::intrusive_ptr<cancel_state> scope(new cancel_state(current_cancellation()));
  auto root = detail::make_root(rt, detail::run_job(std::move(work), state), scope, state);
  root->start();
  return job<T>(std::move(state), std::move(root), std::move(scope));
}

// Children that run beside each other and beside their owner, under one scope. The first failure
// cancels the others. `join()` waits until all are gone and rethrows that failure, or `cancelled`
// if the scope around the group was stopped; it does not return early, so nothing outlives it.
// Leaving without a join destroys the children where they stand. Lives in a coroutine's frame.
class task_group {
 public:
  task_group();
  task_group(const task_group&) = delete;
  task_group& operator=(const task_group&) = delete;
  ~task_group();

  // Starts a child, born with the context of this call.
  void spawn(task<> work);
  void cancel() noexcept;
  [[nodiscard]] std::size_t running() const noexcept;

  auto join() noexcept {
    struct awaiter : detail::wait {
      task_group& group;
      bool suspended = false;
      explicit awaiter(task_group& g) : group(g) {}
      bool await_ready() const noexcept { return false; }
      bool await_suspend(std::coroutine_handle<> h) {
        arm(h);
        if (!group.wait({owner(), ticket()})) {
          owner()->drop(ticket());
          resumed();
          return false;
        }
        suspended = true;
        return true;
      }
      void await_resume() {
        if (suspended) resumed();
        group.finish();
      }
    };
    return awaiter(*this);
  }

 private:
  class state;
  bool wait(detail::waiting w);
  void finish();
  boost::intrusive_ptr<state> state_;
};

}  // namespace skein
