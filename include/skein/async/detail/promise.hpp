// What the promises of Skein's coroutines have in common, and how they await things that know
// nothing of strands.
#pragma once

#include <coroutine>
#include <cstddef>
#include <exception>
#include <new>
#include <optional>
#include <type_traits>
#include <utility>

#include <skein/async/detail/root.hpp>

namespace skein::detail {

struct promise_base {
  strand* s = nullptr;
  std::coroutine_handle<> continuation;
};

template <class A>
decltype(auto) awaiter_of(A&& a) {
  if constexpr (requires { std::forward<A>(a).operator co_await(); }) {
    return std::forward<A>(a).operator co_await();
  } else if constexpr (requires { operator co_await(std::forward<A>(a)); }) {
    return operator co_await(std::forward<A>(a));
  } else {
    return std::forward<A>(a);
  }
}

// Awaiters that switch strands themselves.
template <class A>
concept native_awaitable = requires { typename std::remove_cvref_t<A>::skein_native; } || requires {
  typename std::remove_cvref_t<decltype(awaiter_of(std::declval<A>()))>::skein_native;
};

// Lays a strand before the frame, so that it outlives everything in it: a coroutine's parameters
// are destroyed after its promise, and must still find their context.
class owns_strand {
 public:
  static void* operator new(std::size_t size);
  static void operator delete(void* frame, std::size_t size);
  [[nodiscard]] static strand& of(void* frame) noexcept {
    return *std::launder(reinterpret_cast<strand*>(static_cast<std::byte*>(frame) - room));
  }

 private:
  static constexpr std::size_t alignment = __STDCPP_DEFAULT_NEW_ALIGNMENT__;
  static_assert(alignof(strand) <= alignment);
  static constexpr std::size_t room = (sizeof(strand) + alignment - 1) / alignment * alignment;
};

// The handle that a foreign awaitable gets to resume: it makes our root ready, on our runtime,
// wherever and on whatever thread it is resumed. Destroying it wakes the coroutine with
// `cancelled`.
class bridge {
 public:
  struct promise_type {
    bridge get_return_object() noexcept {
      return bridge(std::coroutine_handle<promise_type>::from_promise(*this));
    }
    std::suspend_never initial_suspend() noexcept { return {}; }
    // Owns itself once resumed: the coroutine may be gone before the resumer's last step here.
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() noexcept {}
    void unhandled_exception() noexcept { std::terminate(); }
  };
  explicit bridge(std::coroutine_handle<promise_type> h) noexcept : handle_(h) {}
  bridge(bridge&& o) noexcept : handle_(std::exchange(o.handle_, {})) {}
  bridge(const bridge&) = delete;
  bridge& operator=(const bridge&) = delete;
  bridge& operator=(bridge&&) = delete;
  ~bridge() {
    if (handle_) handle_.destroy();
  }
  [[nodiscard]] std::coroutine_handle<promise_type> handle() const noexcept { return handle_; }
  void release() noexcept { handle_ = {}; }

 private:
  std::coroutine_handle<promise_type> handle_;
};

template <class Inner>
class foreign_awaiter : public wait {
 public:
  explicit foreign_awaiter(Inner&& inner) : inner_(std::forward<Inner>(inner)) {}
  foreign_awaiter(foreign_awaiter&&) = default;
  ~foreign_awaiter() { link_.self = nullptr; }

  bool await_ready() {
    t_active->throw_if_cancelled();
    return inner_.await_ready();
  }

  bool await_suspend(std::coroutine_handle<> h) {
    arm(h);
    suspended_ = true;
    link_.self = this;
    bridge_.emplace(cross(&link_));
    using result = decltype(inner_.await_suspend(bridge_->handle()));
    if constexpr (std::is_void_v<result>) {
      inner_.await_suspend(bridge_->handle());
    } else if constexpr (std::is_same_v<result, bool>) {
      if (!inner_.await_suspend(bridge_->handle())) return stay();
    } else {
      std::coroutine_handle<> next = inner_.await_suspend(bridge_->handle());
      if (next == bridge_->handle()) return stay();
      next.resume();
    }
    return true;
  }

  decltype(auto) await_resume() {
    if (suspended_) {
      resumed();
      link_.self = nullptr;
      bridge_->release();
      if (abandoned_) throw cancelled();
    }
    return inner_.await_resume();
  }

 private:
  // Lives beside the awaiter; the bridge's frame points here and is destroyed with the awaiter.
  struct link {
    foreign_awaiter* self = nullptr;
  };
  static bridge cross(link* l) {
    struct guard {
      link* l;
      bool done = false;
      ~guard() {
        if (done || !l->self) return;
        auto* self = l->self;
        self->bridge_->release();
        if (!self->owner()->claim(self->ticket())) return;
        self->abandoned_ = true;
        self->owner()->resume_later();
      }
    } guard_{l};
    co_await std::suspend_always{};
    guard_.done = true;
    if (l->self) l->self->owner()->fire(l->self->ticket());
  }
  bool stay() noexcept {
    owner()->drop(ticket());
    resumed();
    link_.self = nullptr;
    suspended_ = false;
    return false;
  }

  link link_;
  std::optional<bridge> bridge_;
  Inner inner_;
  bool suspended_ = false;
  bool abandoned_ = false;
};

template <class Promise>
struct awaits_anything {
  template <class A>
  decltype(auto) await_transform(A&& a) {
    if constexpr (native_awaitable<A>) {
      return std::forward<A>(a);
    } else {
      using inner = decltype(awaiter_of(std::forward<A>(a)));
      return foreign_awaiter<inner>(awaiter_of(std::forward<A>(a)));
    }
  }
};

}  // namespace skein::detail
