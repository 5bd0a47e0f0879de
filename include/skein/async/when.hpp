// Waiting for several tasks at once.
#pragma once

#include <atomic>
#include <cstddef>
#include <exception>
#include <optional>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

#include <skein/async/result.hpp>
#include <skein/async/spawn.hpp>
#include <skein/async/task.hpp>
#include <skein/core/error.hpp>

namespace skein {

namespace detail {
template <class T>
using value_or_monostate = std::conditional_t<std::is_void_v<T>, std::monostate, T>;

template <class T>
task<> store(task<T> work, std::optional<value_or_monostate<T>>& to) {
  if constexpr (std::is_void_v<T>) {
    co_await std::move(work);
    to.emplace();
  } else {
    to.emplace(co_await std::move(work));
  }
}

// Who came first in a race, if anybody has yet. The runners may be on several threads.
class race {
 public:
  [[nodiscard]] bool won() const noexcept { return first_ != nobody; }
  // True for the one who wins.
  bool win(std::size_t index) noexcept {
    auto expected = nobody;
    return first_.compare_exchange_strong(expected, index);
  }
  [[nodiscard]] std::size_t first() const {
    if (!won()) throw usage_error("when_any: there was no task to wait for");
    return first_;
  }

 private:
  static constexpr auto nobody = static_cast<std::size_t>(-1);
  std::atomic<std::size_t> first_{nobody};
};

template <class T>
task<> store_first(task<T> work, std::optional<value_or_monostate<T>>& to, std::size_t index,
                   race& all, task_group& group) {
  std::optional<value_or_monostate<T>> mine;
  auto ended = co_await as_result(store(std::move(work), mine));
  if (all.won()) co_return;  // a loser's failure is of no interest
  if (!ended) std::rethrow_exception(ended.error());
  if (!all.win(index)) co_return;
  to = std::move(mine);
  group.cancel();
}
}  // namespace detail

// All results, in the order of the tasks (std::monostate for void). The first failure cancels the
// others, waits for them, and is rethrown. Each task runs on its own strand.
template <class... T>
task<std::tuple<detail::value_or_monostate<T>...>> when_all(task<T>... work) {
  std::tuple<std::optional<detail::value_or_monostate<T>>...> results;
  task_group group;
  std::apply([&](auto&... to) { (group.spawn(detail::store(std::move(work), to)), ...); }, results);
  co_await group.join();
  co_return std::apply(
      [](auto&... r) { return std::tuple<detail::value_or_monostate<T>...>(std::move(*r)...); },
      results);
}

template <class T>
task<std::vector<T>> when_all(std::vector<task<T>> work) {
  std::vector<std::optional<T>> results(work.size());
  task_group group;
  for (std::size_t i = 0; i < work.size(); ++i) {
    group.spawn(detail::store(std::move(work[i]), results[i]));
  }
  co_await group.join();
  std::vector<T> all;
  all.reserve(results.size());
  for (auto& r : results) all.push_back(std::move(*r));
  co_return all;
}

inline task<> when_all(std::vector<task<>> work) {
  task_group group;
  for (auto& w : work) group.spawn(std::move(w));
  co_await group.join();
}

template <class T>
struct first_of {
  std::size_t index;
  T value;
};

// The first result, and whose it is; the others are cancelled and waited for, and how they end does
// not matter. If a task fails before one succeeds, its failure is rethrown. `work` must not be
// empty.
template <class T>
task<first_of<detail::value_or_monostate<T>>> when_any(std::vector<task<T>> work) {
  std::optional<detail::value_or_monostate<T>> value;
  detail::race all;
  task_group group;
  for (std::size_t i = 0; i < work.size(); ++i) {
    group.spawn(detail::store_first(std::move(work[i]), value, i, all, group));
  }
  co_await group.join();
  co_return first_of<detail::value_or_monostate<T>>{all.first(), std::move(*value)};
}

template <class... T>
task<std::variant<detail::value_or_monostate<T>...>> when_any(task<T>... work) {
  std::tuple<std::optional<detail::value_or_monostate<T>>...> values;
  detail::race all;
  task_group group;
  std::size_t next = 0;
  std::apply(
      [&](auto&... to) {
        (group.spawn(detail::store_first(std::move(work), to, next++, all, group)), ...);
      },
      values);
  co_await group.join();
  std::optional<std::variant<detail::value_or_monostate<T>...>> result;
  [&]<std::size_t... I>(std::index_sequence<I...>) {
    ((all.first() == I
          ? void(result.emplace(std::in_place_index<I>, std::move(*std::get<I>(values))))
          : void()),
     ...);
  }(std::index_sequence_for<T...>());
  co_return std::move(*result);
}

}  // namespace skein
