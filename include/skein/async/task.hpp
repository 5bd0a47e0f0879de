// task<T>: a lazy coroutine that gives one result.
#pragma once

#include <coroutine>
#include <exception>
#include <type_traits>
#include <utility>
#include <variant>

#include <skein/async/detail/promise.hpp>

namespace skein {

template <class T>
class task;

namespace detail {

template <class T>
struct task_promise;

template <class T>
struct result_of {
  std::variant<std::monostate, T, std::exception_ptr> value;
  template <class U = T>
  void return_value(U&& v) {
    value.template emplace<1>(std::forward<U>(v));
  }
  void unhandled_exception() noexcept { value.template emplace<2>(std::current_exception()); }
  T take() {
    if (value.index() == 2) std::rethrow_exception(std::get<2>(std::move(value)));
    return std::get<1>(std::move(value));
  }
};
template <class T>
struct result_of<T&> {
  T* value = nullptr;
  std::exception_ptr error;
  void return_value(T& v) noexcept { value = &v; }
  void unhandled_exception() noexcept { error = std::current_exception(); }
  T& take() {
    if (error) std::rethrow_exception(std::exchange(error, {}));
    return *value;
  }
};
template <>
struct result_of<void> {
  std::exception_ptr error;
  void return_void() noexcept {}
  void unhandled_exception() noexcept { error = std::current_exception(); }
  void take() {
    if (error) std::rethrow_exception(std::exchange(error, {}));
  }
};

template <class T>
struct task_promise : promise_base, result_of<T>, awaits_anything<task_promise<T>> {
  struct back_to_awaiter {
    bool await_ready() noexcept { return false; }
    void await_suspend(std::coroutine_handle<task_promise> h) noexcept {
      h.promise().s = nullptr;  // what is left of the frame may outlive the strand
      transfer(h.promise().continuation);
    }
    void await_resume() noexcept {}
  };
  task<T> get_return_object() noexcept;
  std::suspend_always initial_suspend() noexcept { return {}; }
  back_to_awaiter final_suspend() noexcept { return {}; }
};

template <class T>
struct task_awaiter {
  using skein_native = void;
  std::coroutine_handle<task_promise<T>> h;
  bool await_ready() const {
    t_active->throw_if_cancelled();
    return false;
  }
  template <class P>
  void await_suspend(std::coroutine_handle<P> parent) noexcept {
    auto& p = h.promise();
    p.s = parent.promise().s;
    p.continuation = parent;
    transfer(h);
  }
  T await_resume() { return h.promise().take(); }
};

}  // namespace detail

// Starts when awaited, on the awaiter's strand and runtime; awaited once. An exception in it is
// rethrown at the co_await, which is a cancellation point. Dropping a task that was never awaited
// runs nothing; dropping one that is suspended destroys its frame in its own context.
template <class T = void>
class [[nodiscard("co_await the task, or nothing happens")]] task {
 public:
  using promise_type = detail::task_promise<T>;
  using value_type = T;
  using skein_native = void;

  task(task&& other) noexcept : handle_(std::exchange(other.handle_, {})) {}
  task& operator=(task&& other) noexcept {
    if (this != &other) {
      destroy();
      handle_ = std::exchange(other.handle_, {});
    }
    return *this;
  }
  ~task() { destroy(); }

  auto operator co_await() && noexcept { return detail::task_awaiter<T>{handle_}; }

 private:
  friend promise_type;
  template <class>
  friend struct task_access;
  explicit task(std::coroutine_handle<promise_type> h) noexcept : handle_(h) {}
  void destroy() noexcept {
    if (!handle_) return;
    if (strand* s = handle_.promise().s) {
      activation in_own_context(*s);
      handle_.destroy();
    } else {
      handle_.destroy();
    }
    handle_ = {};
  }
  std::coroutine_handle<promise_type> handle_;
};

template <class T>
task<T> detail::task_promise<T>::get_return_object() noexcept {
  return task<T>(std::coroutine_handle<task_promise>::from_promise(*this));
}

template <class T>
struct task_access {
  static std::coroutine_handle<detail::task_promise<T>> handle(const task<T>& t) {
    return t.handle_;
  }
};

}  // namespace skein
