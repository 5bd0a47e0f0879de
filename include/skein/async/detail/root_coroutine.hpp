// The outermost coroutine of a root: owns the root's strand, destroys itself at the end.
#pragma once

#include <coroutine>
#include <exception>
#include <utility>

#include <skein/async/detail/promise.hpp>
#include <skein/async/task.hpp>

namespace skein::detail {

struct root_coroutine {
  struct promise_type : promise_base, owns_strand, awaits_anything<promise_type> {
    boost::intrusive_ptr<root> self;

    promise_type() noexcept {
      s = &owns_strand::of(std::coroutine_handle<promise_type>::from_promise(*this).address());
    }

    struct leave {
      bool await_ready() noexcept { return false; }
      void await_suspend(std::coroutine_handle<promise_type> h) noexcept {
        // Leave the strand, then free it, then tell: whoever is told may free everything else.
        boost::intrusive_ptr<root> r = std::move(h.promise().self);
        auto told = std::move(r->on_done);
        auto ticket = r->done_ticket;
        {
          activation in_own_context(*h.promise().s);
          h.destroy();
        }
        t_active = nullptr;
        r->finished();
        if (told) told->fire(ticket);
      }
      void await_resume() noexcept {}
    };
    root_coroutine get_return_object() noexcept {
      return {std::coroutine_handle<promise_type>::from_promise(*this)};
    }
    std::suspend_always initial_suspend() noexcept { return {}; }
    leave final_suspend() noexcept { return {}; }
    void return_void() noexcept {}
    void unhandled_exception() noexcept { std::terminate(); }
  };
  std::coroutine_handle<promise_type> handle;
};

// Makes a root of a coroutine, ready to be started.
boost::intrusive_ptr<root> make_root(runtime& rt, root_coroutine body,
                                     boost::intrusive_ptr<cancel_state> scope,
                                     boost::intrusive_ptr<waker> on_done, std::uint64_t ticket = 0);

}  // namespace skein::detail
