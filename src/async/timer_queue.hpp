// The timers of a runtime, ordered by time, then by age. Not synchronised.
#pragma once

#include <map>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include <skein/async/runtime.hpp>

namespace skein::detail {

class timer_queue {
 public:
  struct entry {
    boost::intrusive_ptr<waker> target;
    std::uint64_t ticket;
  };

  runtime::timer_id add(runtime::time_point when, entry e) {
    auto id = ++last_;
    times_.emplace(id, when);
    queue_.emplace(std::pair(when, id), std::move(e));
    return id;
  }
  void remove(runtime::timer_id id) {
    auto found = times_.find(id);
    if (found == times_.end()) return;
    queue_.erase({found->second, id});
    times_.erase(found);
  }
  [[nodiscard]] std::optional<runtime::time_point> next() const {
    if (queue_.empty()) return std::nullopt;
    return queue_.begin()->first.first;
  }
  // Everything due at `now`, in order.
  std::vector<entry> due(runtime::time_point now) {
    std::vector<entry> result;
    while (!queue_.empty() && queue_.begin()->first.first <= now) {
      result.push_back(std::move(queue_.begin()->second));
      times_.erase(queue_.begin()->first.second);
      queue_.erase(queue_.begin());
    }
    return result;
  }
  [[nodiscard]] std::size_t size() const noexcept { return queue_.size(); }

 private:
  std::map<std::pair<runtime::time_point, runtime::timer_id>, entry> queue_;
  std::unordered_map<runtime::timer_id, runtime::time_point> times_;
  runtime::timer_id last_ = 0;
};

}  // namespace skein::detail
