// What was sent in the last minute, as a provider may count it: an amount counts from when it is
// reserved until a minute after the provider has surely seen it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>

#include <skein/async/runtime.hpp>

namespace skein::detail {

class limit_window {
 public:
  using time = runtime::time_point;
  static constexpr runtime::duration length = std::chrono::minutes(1);

  std::optional<std::int64_t> limit;

  void reserve(std::int64_t n) { open_ += n; }
  void give_back(std::int64_t n) { open_ -= n; }
  // Seen by the provider, at `now` at the latest: `reserved` becomes `n`.
  void settle(std::int64_t reserved, std::int64_t n, time now) {
    open_ -= reserved;
    add(n, now + length);
  }
  // More or less than what was settled, and goes when that goes.
  void correct(std::int64_t n, time seen, time now) {
    if (seen + length > now) add(n, seen + length);
  }
  // The provider has counted this much at some time before `now`, and all of it goes by `until`.
  void counted(std::int64_t n, time until, time now) {
    forget(now);
    if (n > open_ + settled_) add(n - open_ - settled_, until);
  }

  // When there is room, as far as that is a matter of time; nothing: when something ends.
  [[nodiscard]] std::optional<time> room_at(std::int64_t n, time now) {
    forget(now);
    if (!limit) return now;
    auto missing = open_ + settled_ + std::min(n, *limit) - *limit;
    if (missing <= 0) return now;
    for (const auto& [until, amount] : settling_) {
      missing -= amount;
      if (missing <= 0) return until;
    }
    return std::nullopt;
  }

 private:
  void add(std::int64_t n, time until) {
    settling_[until] += n;
    settled_ += n;
  }
  void forget(time now) {
    while (!settling_.empty() && settling_.begin()->first <= now) {
      settled_ -= settling_.begin()->second;
      settling_.erase(settling_.begin());
    }
  }
  std::int64_t open_ = 0;
  std::int64_t settled_ = 0;
  std::map<time, std::int64_t> settling_;
};

}  // namespace skein::detail
