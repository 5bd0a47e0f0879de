// Failures as values, since co_await may not stand in a handler.
#pragma once

#include <exception>
#include <expected>
#include <utility>

#include <skein/async/task.hpp>

namespace skein {

namespace detail {
template <class T>
struct result_awaiter : task_awaiter<T> {
  task<T> owned;
  explicit result_awaiter(task<T> t)
      : task_awaiter<T>{task_access<T>::handle(t)}, owned(std::move(t)) {}
  bool await_ready() const noexcept { return false; }
  std::expected<T, std::exception_ptr> await_resume() {
    try {
      if constexpr (std::is_void_v<T>) {
        task_awaiter<T>::await_resume();
        return {};
      } else {
        return task_awaiter<T>::await_resume();
      }
    } catch (...) {
      return std::unexpected(std::current_exception());  // the caller's to judge
    }
  }
};
}  // namespace detail

// `co_await as_result(work())` gives the result or the exception, `cancelled` included.
template <class T>
[[nodiscard]] auto as_result(task<T> work) {
  return detail::result_awaiter<T>(std::move(work));
}

}  // namespace skein
