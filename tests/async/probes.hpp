// What tests ask of a coroutine: how many of its objects are alive, where they died, how it ended.
#pragma once

#include <atomic>
#include <exception>
#include <expected>
#include <optional>
#include <string>
#include <utility>

#include <skein/async/result.hpp>
#include <skein/async/spawn.hpp>
#include <skein/core/error.hpp>

#include "async/spans.hpp"

namespace skein::test {

// Counts the objects it hands out: all must die, each in the context of the coroutine that holds
// it.
class census {
 public:
  class member {
   public:
    member(census& c, int context) : census_(&c), context_(context) { ++census_->born_; }
    member(member&& o) noexcept
        : census_(std::exchange(o.census_, nullptr)), context_(o.context_) {}
    member(const member&) = delete;
    member& operator=(const member&) = delete;
    member& operator=(member&&) = delete;
    ~member() {
      if (census_ == nullptr) return;
      ++census_->died_;
      if (context_ != current()) ++census_->astray_;
    }

   private:
    census* census_;
    int context_;
  };

  // `context` is the span that must be current when the member dies.
  [[nodiscard]] member enter(int context) { return member(*this, context); }
  [[nodiscard]] int born() const { return born_; }
  [[nodiscard]] int alive() const { return born_ - died_; }
  // Died under another strand's context.
  [[nodiscard]] int astray() const { return astray_; }

 private:
  std::atomic<int> born_{0};
  std::atomic<int> died_{0};
  std::atomic<int> astray_{0};
};

// "value", "cancelled", "deadline", or what the exception says.
template <class T>
std::string ending(const std::expected<T, std::exception_ptr>& r) {
  if (r) return "value";
  try {
    std::rethrow_exception(r.error());
  } catch (const cancelled& c) {
    return c.reason() == cancel_reason::deadline ? "deadline" : "cancelled";
  } catch (const std::exception& e) {
    return e.what();
  }
}

template <class T>
task<std::string> ending_of(task<T> work) {
  co_return ending(co_await as_result(std::move(work)));
}
template <class T>
task<T> result_of_job(job<T>& j) {
  co_return co_await j;
}
template <class T>
task<std::string> ending_of(job<T>& j) {
  co_return ending(co_await as_result(result_of_job(j)));
}

}  // namespace skein::test
