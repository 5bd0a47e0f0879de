// Third-party awaitables, which know nothing of strands.
#pragma once

#include <atomic>
#include <coroutine>

#include <skein/async/offload.hpp>
#include <skein/async/time.hpp>

#include "async/spans.hpp"

namespace skein::test {

// Suspends and goes to the back of the queue: on a runtime with threads, to any thread.
inline task<> hop() { co_await reschedule(); }

// Nobody waits for its end.
inline task<> sleeping() { co_await sleep_for(std::chrono::hours(1)); }

struct inline_resume {
  bool await_ready() { return false; }
  void await_suspend(std::coroutine_handle<> h) { h.resume(); }
  void await_resume() {}
};

struct other_thread {
  thread_pool& pool;
  bool await_ready() { return false; }
  void await_suspend(std::coroutine_handle<> h) {
    pool.post([h] { h.resume(); });
  }
  void await_resume() {}
};

using parking_place = std::atomic<void*>;
struct park {
  parking_place* slot;
  bool await_ready() { return false; }
  void await_suspend(std::coroutine_handle<> h) { *slot = h.address(); }
  void await_resume() {}
};
inline void unpark(parking_place& slot) {
  std::coroutine_handle<>::from_address(slot.exchange(nullptr)).resume();
}

struct declines {
  bool await_ready() { return false; }
  bool await_suspend(std::coroutine_handle<>) { return false; }
  int await_resume() { return current(); }
};

struct gives_itself_back {
  bool await_ready() { return false; }
  std::coroutine_handle<> await_suspend(std::coroutine_handle<> h) { return h; }
  int await_resume() { return current(); }
};

}  // namespace skein::test
