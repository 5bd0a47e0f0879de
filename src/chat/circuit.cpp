#include <deque>
#include <format>
#include <mutex>
#include <optional>
#include <utility>

#include <skein/chat/circuit.hpp>

#include "chat/layer.hpp"

namespace skein {

struct circuit_breaker::counts {
  std::mutex mutex;
  state now = state::closed;
  std::deque<runtime::time_point> failures;  // since the last success, within the window
  runtime::time_point probe_at{};            // while open
  std::uint64_t opened = 0;                  // what was let through before says nothing any more
};

circuit_breaker::circuit_breaker(chat_client& inner, circuit_policy policy)
    : chat_layer(inner), policy_(std::move(policy)), counts_(std::make_unique<counts>()) {
  if (policy_.failures == 0) throw usage_error("circuit_breaker: failures must be at least 1");
}
circuit_breaker::~circuit_breaker() = default;

circuit_breaker::state circuit_breaker::now() const {
  std::lock_guard lock(counts_->mutex);
  return counts_->now;
}

// A request that was let through. Left without a word, it leaves the state as it found it.
class circuit_breaker::passage {
 public:
  // Throws circuit_open.
  explicit passage(circuit_breaker& by) : by_(by) {
    auto& c = *by_.counts_;
    const auto now = runtime::current()->now();
    std::unique_lock lock(c.mutex);
    if (c.now == state::open && now >= c.probe_at) {
      c.now = state::half_open;
      probe_ = true;
    }
    opened_ = c.opened;
    if (c.now == state::closed || probe_) return;
    const auto left = std::max(c.probe_at - now, runtime::duration::zero());
    const auto at = now + left;
    lock.unlock();
    detail::tell("skein.circuit", {{"skein.circuit.state", "refused"},
                                   {"skein.circuit.probe_in", detail::in_seconds(left)}});
    const auto about = by_.info();
    const auto in = std::chrono::ceil<std::chrono::milliseconds>(left);
    throw circuit_open(
        std::format("{} {}: not asked, because the last {} requests failed. Try again in {} ms, or "
                    "ask another model.",
                    about.provider, about.model, by_.policy_.failures, in.count()),
        at, in);
  }
  passage(const passage&) = delete;
  passage& operator=(const passage&) = delete;
  ~passage() {
    if (!probe_) return;
    auto& c = *by_.counts_;
    std::lock_guard lock(c.mutex);
    c.now = state::open;  // and the time for a probe has come already
  }

  [[nodiscard]] bool probe() const noexcept { return probe_; }

  // The state that it brought about, if it did.
  std::optional<state> succeeded() {
    auto& c = *by_.counts_;
    std::lock_guard lock(c.mutex);
    if (c.opened != opened_) return std::nullopt;
    c.failures.clear();
    if (!std::exchange(probe_, false)) return std::nullopt;
    ++c.opened;
    c.now = state::closed;
    return c.now;
  }
  std::optional<state> failed() {
    auto& c = *by_.counts_;
    const auto now = runtime::current()->now();
    std::lock_guard lock(c.mutex);
    if (c.opened != opened_) return std::nullopt;
    c.failures.push_back(now);
    while (c.failures.front() + by_.policy_.window < now) c.failures.pop_front();
    if (!std::exchange(probe_, false) && c.failures.size() < by_.policy_.failures) {
      return std::nullopt;
    }
    c.failures.clear();
    ++c.opened;
    c.now = state::open;
    c.probe_at = now + by_.policy_.open_for;
    return c.now;
  }

 private:
  circuit_breaker& by_;
  bool probe_ = false;
  std::uint64_t opened_ = 0;
};

skein::stream<chat_update> circuit_breaker::around(chat_request request, chat_options options) {
  const auto tell = [](const char* now) {
    detail::tell("skein.circuit", {{"skein.circuit.state", now}});
  };
  passage through(*this);
  if (through.probe()) tell("half_open");
  std::exception_ptr failure;
  try {
    auto answer = inner().stream(request, options);
    while (auto* update = co_await answer.next()) co_yield *update;
  } catch (const error&) {
    failure = std::current_exception();
  }
  if (!failure) {
    if (through.succeeded()) tell("closed");
    co_return;
  }
  const auto known = failure_of(failure);
  // A request that was wrong was answered all the same.
  if (policy_.counts ? policy_.counts(known) : known.transient) {
    if (through.failed()) tell("open");
  } else if (known.progress == request_progress::refused) {
    if (through.succeeded()) tell("closed");
  }
  std::rethrow_exception(failure);
}

}  // namespace skein
