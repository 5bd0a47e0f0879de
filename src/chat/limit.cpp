#include <algorithm>
#include <cmath>
#include <list>
#include <mutex>
#include <utility>

#include <skein/async/spawn.hpp>
#include <skein/chat/limit.hpp>
#include <skein/chat/retry.hpp>
#include <skein/core/error.hpp>

#include "chat/book.hpp"
#include "chat/layer.hpp"
#include "chat/limit_window.hpp"

namespace skein {

namespace {

struct token_reservation {
  std::int64_t input = 0;
  std::int64_t output = 0;
  [[nodiscard]] std::int64_t total() const noexcept { return input + output; }
};

std::optional<std::int64_t> smaller(std::optional<std::int64_t> a, std::optional<std::int64_t> b) {
  return a && b ? std::min(*a, *b) : (a ? a : b);
}

}  // namespace

struct limiter::state {
  explicit state(const limiter_options& o) : options(o) {
    requests.limit = o.requests_per_minute;
    tokens.limit = o.tokens_per_minute;
  }

  const limiter_options options;
  mutable std::mutex mutex;
  detail::limit_window requests;
  detail::limit_window tokens;
  std::list<place*> queue;
  std::size_t running = 0;
  bool heard = false;  // what the headers say, if they say anything
  runtime::time_point paused_until{};
  double tokens_for_byte = 1.0 / 3;
  std::optional<double> output;  // of an answer

  [[nodiscard]] bool knows() const noexcept { return heard || requests.limit || tokens.limit; }
  [[nodiscard]] token_reservation reservation(std::uint64_t bytes,
                                              std::optional<std::int64_t> max_tokens) const {
    constexpr double at_first = 500;
    const auto most = max_tokens ? static_cast<double>(*max_tokens) : 1e12;
    auto out = std::min(most, output.value_or(max_tokens ? most : at_first));
    if (max_tokens && options.counting == token_counting::as_asked) out = most;
    // What is reserved too much comes back with the answer; what is too little is refused.
    constexpr double headroom = 1.03;
    const auto in = static_cast<double>(bytes) * tokens_for_byte * headroom;
    return {.input = static_cast<std::int64_t>(std::ceil(in)),
            .output = static_cast<std::int64_t>(std::ceil(out))};
  }
  void learn(std::uint64_t bytes, const usage& used) {
    // What is larger holds at once, what is smaller slowly.
    const auto toward = [](double is, double seen) {
      return std::max(seen, is + (seen - is) / 100);
    };
    if (used.input && bytes > 0) {
      // Media have tokens and no bytes; no text has more than a token for each.
      const auto seen =
          std::min(1.0, static_cast<double>(*used.input) / static_cast<double>(bytes));
      tokens_for_byte = toward(tokens_for_byte, seen);
    }
    if (used.output) {
      const auto seen = static_cast<double>(*used.output);
      output = toward(output.value_or(seen), seen);
    }
  }
  void wake_first();
};

limiter::limiter(limiter_options options) : state_(std::make_unique<state>(options)) {
  if (options.concurrent && *options.concurrent == 0) {
    throw usage_error("limiter: concurrent must be at least 1");
  }
  for (const auto& limit : {options.requests_per_minute, options.tokens_per_minute}) {
    if (limit && *limit < 1) throw usage_error("limiter: a limit of a minute must be at least 1");
  }
}
limiter::~limiter() = default;

std::size_t limiter::waiting() const {
  std::lock_guard lock(state_->mutex);
  return state_->queue.size();
}
std::size_t limiter::running() const {
  std::lock_guard lock(state_->mutex);
  return state_->running;
}
std::optional<std::int64_t> limiter::requests_per_minute() const {
  std::lock_guard lock(state_->mutex);
  return state_->requests.limit;
}
std::optional<std::int64_t> limiter::tokens_per_minute() const {
  std::lock_guard lock(state_->mutex);
  return state_->tokens.limit;
}

// A place in the queue, until the request is let through, stopped or dropped.
class limiter::place {
 public:
  explicit place(state& s) : state_(s) {
    std::lock_guard lock(s.mutex);
    ahead_ = s.queue.size();
    at_ = s.queue.insert(s.queue.end(), this);
  }
  place(const place&) = delete;
  place& operator=(const place&) = delete;
  ~place() {
    std::lock_guard lock(state_.mutex);
    if (!gone_) leave();
  }

  [[nodiscard]] std::size_t ahead() const noexcept { return ahead_; }

  struct verdict {
    std::optional<token_reservation> go = {};
    std::optional<runtime::time_point> look_again = {};  // else when it is woken
  };
  verdict ask(std::uint64_t bytes, std::optional<std::int64_t> max_tokens) {
    const auto now = runtime::current()->now();
    auto& s = state_;
    std::lock_guard lock(s.mutex);
    if (s.queue.front() != this) return {};
    if (s.running > 0 && !s.knows()) return {};
    if (s.options.concurrent && s.running >= *s.options.concurrent) return {};
    const auto reserved = s.reservation(bytes, max_tokens);
    const auto requests = s.requests.room_at(1, now);
    const auto tokens = s.tokens.room_at(reserved.total(), now);
    if (!requests || !tokens) return {};
    const auto at = std::max({*requests, *tokens, s.paused_until});
    if (at > now) return {.look_again = at};
    s.requests.reserve(1);
    s.tokens.reserve(reserved.total());
    ++s.running;
    leave();
    return {.go = reserved};
  }

 private:
  friend struct state;
  friend class wake_up;
  void leave() {
    gone_ = true;
    state_.queue.erase(at_);
    state_.wake_first();
  }
  void wake() {
    woken_ = true;
    waiting_.fire();
  }

  state& state_;
  std::list<place*>::iterator at_;
  std::size_t ahead_ = 0;
  bool gone_ = false;
  bool woken_ = false;
  detail::waiting waiting_;
};

void limiter::state::wake_first() {
  if (!queue.empty()) queue.front()->wake();
}

// Until the place is woken, or the time has come. A cancellation point.
class limiter::wake_up : public detail::wait {
 public:
  wake_up(place& p, std::optional<runtime::time_point> at) : place_(p), at_(at) {}
  wake_up(wake_up&& o) noexcept : place_(o.place_), at_(o.at_) {}
  ~wake_up() { forget(); }

  bool await_ready() const {
    detail::t_active->throw_if_cancelled();
    return false;
  }
  bool await_suspend(std::coroutine_handle<> h) {
    {
      std::lock_guard lock(place_.state_.mutex);
      if (std::exchange(place_.woken_, false)) return false;
      arm(h);
      suspended_ = true;
      place_.waiting_ = {owner(), ticket()};
    }
    if (at_) {
      runtime_ = &owner()->where();
      timer_ = runtime_->start_timer(*at_, owner(), ticket());
    }
    listen();
    return true;
  }
  void await_resume() {
    if (!suspended_) return;
    forget();
    resumed();
    throw_if_cancelled();
  }

 private:
  void forget() noexcept {
    if (!suspended_) return;
    suspended_ = false;
    if (timer_ != 0) runtime_->stop_timer(timer_);
    std::lock_guard lock(place_.state_.mutex);
    place_.waiting_ = {};
    place_.woken_ = false;
  }
  place& place_;
  std::optional<runtime::time_point> at_;
  runtime* runtime_ = nullptr;
  runtime::timer_id timer_ = 0;
  bool suspended_ = false;
};

// A request that was let through, until it has ended or is dropped.
class limiter::grant {
 public:
  grant(state& s, token_reservation reserved, std::uint64_t bytes, bool capped)
      : state_(s), rt_(*runtime::current()), reserved_(reserved), bytes_(bytes), capped_(capped) {}
  grant(const grant&) = delete;
  grant& operator=(const grant&) = delete;
  ~grant() {
    const auto now = rt_.now();
    std::lock_guard lock(state_.mutex);
    if (!unsent_) {
      see(now);
      const auto input = used_.input.value_or(reserved_.input);
      const auto output = used_.output.value_or(reserved_.output);
      state_.tokens.correct(input - reserved_.input, *seen_, now);
      if (state_.options.counting == token_counting::as_used) {
        state_.tokens.settle(reserved_.output, output, now);
      } else if (!capped_) {
        state_.tokens.correct(output - reserved_.output, *seen_, now);
      }
      if (finished_) state_.learn(bytes_, used_);
    } else {
      state_.requests.give_back(1);
      state_.tokens.give_back(reserved_.total());
    }
    --state_.running;
    state_.wake_first();
  }

  void got(const chat_update& update) {
    const auto* started = std::get_if<response_started>(&update);
    if (const auto* used = std::get_if<usage_update>(&update)) used_ = used->usage;
    finished_ = finished_ || std::holds_alternative<response_finished>(update);
    if (seen_ && started == nullptr) return;
    const auto now = rt_.now();
    std::lock_guard lock(state_.mutex);
    see(now);
    if (started != nullptr) {
      const auto& limits = started->limits;
      said({limits.requests, limits.requests_left, limits.requests_reset}, state_.requests,
           state_.options.requests_per_minute, now);
      said({limits.tokens, limits.tokens_left, limits.tokens_reset}, state_.tokens,
           state_.options.tokens_per_minute, now);
    }
    state_.wake_first();
  }
  void failed(const request_failure& failure) {
    unsent_ = !seen_ && failure.progress == request_progress::not_sent;
    if (unsent_) return;
    const auto now = rt_.now();
    std::lock_guard lock(state_.mutex);
    see(now);
    if (failure.status == 429 && failure.retry_after) {
      state_.paused_until = std::max(state_.paused_until, now + *failure.retry_after);
    }
  }

 private:
  // The provider has it.
  void see(runtime::time_point now) {
    if (seen_) return;
    seen_ = now;
    state_.heard = true;
    const auto at_once =
        state_.options.counting == token_counting::as_asked ? reserved_.total() : reserved_.input;
    state_.requests.settle(1, 1, now);
    state_.tokens.settle(at_once, at_once, now);
  }
  struct one_limit {
    std::optional<std::int64_t> all;
    std::optional<std::int64_t> left;
    std::optional<std::chrono::milliseconds> reset;
  };
  static void said(const one_limit& limit, detail::limit_window& window,
                   std::optional<std::int64_t> set, runtime::time_point now) {
    if (!limit.all || *limit.all < 1) return;
    window.limit = smaller(limit.all, set);
    if (!limit.left) return;
    // Of our share, which may be smaller than all, no more is left than of all. What a longer reset
    // means for the minute is not known.
    constexpr runtime::duration minute = detail::limit_window::length;
    window.counted(*window.limit - *limit.left,
                   now + (limit.reset ? std::min<runtime::duration>(*limit.reset, minute) : minute),
                   now);
  }

  state& state_;
  runtime& rt_;
  const token_reservation reserved_;
  const std::uint64_t bytes_;
  const bool capped_;  // by max_tokens
  std::optional<runtime::time_point> seen_;
  usage used_;
  bool finished_ = false;
  bool unsent_ = false;
};

skein::stream<chat_update> limited::around(chat_request request, chat_options options) {
  const auto bytes = detail::bytes_of(request);
  const auto asked = runtime::current()->now();
  token_reservation reserved;
  std::size_t ahead = 0;
  {
    limiter::place here(*by_.state_);
    ahead = here.ahead();
    auto verdict = here.ask(bytes, options.max_tokens);
    while (!verdict.go) {
      co_await limiter::wake_up(here, verdict.look_again);
      verdict = here.ask(bytes, options.max_tokens);
    }
    reserved = *verdict.go;
  }
  limiter::grant grant(*by_.state_, reserved, bytes, options.max_tokens.has_value());
  if (const auto waited = runtime::current()->now() - asked; waited > runtime::duration::zero()) {
    detail::tell("skein.limit.wait", {{"skein.limit.duration", detail::in_seconds(waited)},
                                      {"skein.limit.ahead", static_cast<std::int64_t>(ahead)},
                                      {"skein.limit.tokens", reserved.total()}});
  }
  std::exception_ptr failed;
  try {
    auto answer = inner().stream(request, options);
    while (auto* update = co_await answer.next()) {
      grant.got(*update);
      co_yield *update;
    }
    co_return;
  } catch (const error&) {
    failed = std::current_exception();
  }
  grant.failed(failure_of(failed));
  std::rethrow_exception(failed);
}

}  // namespace skein
