// stream<T>: a lazy coroutine that yields values, one for each pull.
#pragma once

#include <concepts>
#include <coroutine>
#include <exception>
#include <memory>
#include <type_traits>
#include <utility>

#include <skein/async/detail/promise.hpp>

namespace skein {

template <class T>
class stream;

namespace detail {

template <class T>
struct stream_promise : promise_base, owns_strand, awaits_anything<stream_promise<T>> {
  strand* consumer = nullptr;
  T* value = nullptr;
  std::exception_ptr error;

  stream_promise() noexcept {
    s = &owns_strand::of(std::coroutine_handle<stream_promise>::from_promise(*this).address());
    strand_access::set_stream(*s);
  }

  struct hand_back {
    using skein_native = void;
    bool await_ready() noexcept { return false; }
    void await_suspend(std::coroutine_handle<stream_promise> h) noexcept {
      auto& p = h.promise();
      t_active = p.consumer;
      strand_access::leave(*p.s);
      transfer(p.continuation);
    }
    void await_resume() noexcept {}
  };

  stream<T> get_return_object() noexcept;
  std::suspend_always initial_suspend() noexcept { return {}; }
  hand_back final_suspend() noexcept {
    value = nullptr;
    return {};
  }
  hand_back yield_value(T& v) noexcept {
    value = std::addressof(v);
    return {};
  }
  hand_back yield_value(T&& v) noexcept {
    value = std::addressof(v);
    return {};
  }
  // A yielded constant or value of another type lives in the awaiter, which lives until the next
  // pull.
  template <class U>
    requires(!std::same_as<std::remove_reference_t<U>, T> && std::constructible_from<T, U>)
  auto yield_value(U&& v) {
    struct holding : hand_back {
      T held;
      explicit holding(U&& from) : held(std::forward<U>(from)) {}
      void await_suspend(std::coroutine_handle<stream_promise> h) noexcept {
        h.promise().value = std::addressof(held);
        hand_back::await_suspend(h);
      }
    };
    return holding(std::forward<U>(v));
  }
  void return_void() noexcept {}
  void unhandled_exception() noexcept { error = std::current_exception(); }
};

template <class T>
struct pull {
  using skein_native = void;
  std::coroutine_handle<stream_promise<T>> h;
  bool await_ready() const {
    if (!h || h.done()) return true;
    auto* scope = t_active->cancellation();
    if (scope == nullptr || !scope->stop_requested()) return false;
    strand_access::refuse(*h.promise().s, scope);
    throw cancelled(scope->reason());
  }
  template <class P>
  void await_suspend(std::coroutine_handle<P> c) noexcept {
    auto& p = h.promise();
    strand* from = c.promise().s;
    p.consumer = from;
    p.continuation = c;
    strand_access::set_root(*p.s, strand_access::root_of(*from));
    strand_access::inherit(*p.s, from->cancellation());
    t_active = p.s;
    transfer(h);
  }
  T* await_resume() {
    if (!h) return nullptr;
    auto& p = h.promise();
    if (p.error) std::rethrow_exception(std::exchange(p.error, {}));
    return h.done() ? nullptr : p.value;
  }
};

}  // namespace detail

// The body runs only inside `co_await next()`, so nothing is produced that was not asked for. It
// has a strand of its own, born with the context of the *call*: what the body makes current is
// invisible to the consumer, and the other way round. It runs on the runtime, and under the
// cancellation, of whoever pulls.
//
// `next()` gives a pointer to the value, valid until the next pull or the stream's end, or null at
// the end; it rethrows what the body throws, once; it is a cancellation point. One pull at a time.
//
// Dropping the stream between pulls destroys the body where it stands, in its own context. While a
// pull is in flight its consumer is suspended and cannot drop it; destroying the consumer destroys
// both.
template <class T>
class [[nodiscard("pull the stream, or nothing happens")]] stream {
 public:
  using promise_type = detail::stream_promise<T>;
  using value_type = T;

  stream() noexcept = default;
  stream(stream&& other) noexcept : handle_(std::exchange(other.handle_, {})) {}
  stream& operator=(stream&& other) noexcept {
    if (this != &other) {
      close();
      handle_ = std::exchange(other.handle_, {});
    }
    return *this;
  }
  ~stream() { close(); }

  [[nodiscard]] detail::pull<T> next() noexcept { return {handle_}; }

  // Destroys the body now, as the destructor would.
  void close() noexcept {
    if (!handle_) return;
    activation in_own_context(*handle_.promise().s);
    std::exchange(handle_, {}).destroy();
  }

 private:
  friend promise_type;
  explicit stream(std::coroutine_handle<promise_type> h) noexcept : handle_(h) {}
  std::coroutine_handle<promise_type> handle_;
};

template <class T>
stream<T> detail::stream_promise<T>::get_return_object() noexcept {
  return stream<T>(std::coroutine_handle<stream_promise>::from_promise(*this));
}

}  // namespace skein
