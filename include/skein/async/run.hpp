// From ordinary code into coroutines.
#pragma once

#include <exception>
#include <utility>

#include <skein/async/asio_runtime.hpp>
#include <skein/async/spawn.hpp>
#include <skein/async/task.hpp>

namespace skein {

// Runs `work` to its end on `rt`, driven by this thread, and gives its result. If an exception
// leaves the driving (a stuck simulation), the work is destroyed.
template <class T>
T sync_wait(runtime& rt, task<T> work) {
  boost::intrusive_ptr<detail::job_state<T>> state(new detail::job_state<T>);
  struct waking final : detail::waker {
    runtime* rt;
    boost::intrusive_ptr<detail::waker> inner;
    waking(runtime* r, boost::intrusive_ptr<detail::waker> i) : rt(r), inner(std::move(i)) {}
    void fire(std::uint64_t t) noexcept override {
      inner->fire(t);
      rt->wake();
    }
  };
  auto root = detail::make_root(rt, detail::run_job(std::move(work), state), current_cancellation(),
                                new waking(&rt, state));
  struct guard {
    detail::root* r;
    ~guard() { r->destroy(); }
  } guard_{root.get()};
  root->start();
  rt.run_until([&] { return state->done(); });
  return state->result.take();
}

// As above, on an asio_runtime of its own with one thread.
template <class T>
T sync_wait(task<T> work) {
  asio_runtime rt;
  return sync_wait(rt, std::move(work));
}

// What main() returns: runs `work`; Ctrl-C (SIGINT) and SIGTERM cancel it, a second one ends the
// program at once. 0 on success, 130 when cancelled so, 1 on an error, which is printed to stderr
// in one line.
int run(task<> work);
// As above; the task's result is the exit code.
int run(task<int> work);

}  // namespace skein
