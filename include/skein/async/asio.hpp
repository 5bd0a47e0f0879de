// Asio and Skein in one program: awaiting any Asio operation, and running `asio::awaitable` code in
// our context. Includes Boost.Asio; the rest of the room does not.
#pragma once

#include <exception>
#include <memory>
#include <tuple>
#include <type_traits>
#include <utility>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/system/system_error.hpp>

#include <skein/async/detail/promise.hpp>
#include <skein/async/task.hpp>

namespace skein {

// Wraps an executor so that every handler run through it sees one context: `asio::co_spawn(
// with_current_context(executor), session(), ...)` runs a whole Beast session in ours. An awaitable
// that is abandoned by the destruction of its io_context runs its destructors without it (Asio's
// limit).
template <class Inner>
class context_executor {
 public:
  context_executor(Inner inner, std::shared_ptr<strand> s)
      : inner_(std::move(inner)), strand_(std::move(s)) {}

  template <class F>
  void execute(F f) const {
    inner_.execute([s = strand_, f = std::move(f)]() mutable {
      activation here(*s);
      auto run = std::move(f);
      run();
    });
  }
  template <class P>
  auto query(const P& p) const -> decltype(boost::asio::query(std::declval<const Inner&>(), p)) {
    return boost::asio::query(inner_, p);
  }
  template <class P>
  auto require(const P& p) const -> context_executor<
      std::decay_t<decltype(boost::asio::require(std::declval<const Inner&>(), p))>> {
    return {boost::asio::require(inner_, p), strand_};
  }
  template <class P>
  auto prefer(const P& p) const -> context_executor<
      std::decay_t<decltype(boost::asio::prefer(std::declval<const Inner&>(), p))>> {
    return {boost::asio::prefer(inner_, p), strand_};
  }
  friend bool operator==(const context_executor& a, const context_executor& b) noexcept {
    return a.inner_ == b.inner_ && a.strand_ == b.strand_;
  }
  friend bool operator!=(const context_executor& a, const context_executor& b) noexcept {
    return !(a == b);
  }

 private:
  Inner inner_;
  std::shared_ptr<strand> strand_;
};

template <class Executor>
[[nodiscard]] context_executor<Executor> with_current_context(Executor executor) {
  return {std::move(executor), std::make_shared<strand>(current_context())};
}

// The completion token: `std::size_t n = co_await socket.async_read_some(buffer, skein::awaiting);`
// A leading error_code or exception_ptr is thrown. Cancelling asks the operation to stop through
// its cancellation slot and waits until it has; then `cancelled` is thrown. Destroying the
// coroutine stops the operation and forgets it.
struct awaiting_t {};
inline constexpr awaiting_t awaiting{};

namespace detail {

template <class... Args>
struct asio_state final : waker {
  waiting who;
  boost::asio::cancellation_signal signal;
  std::optional<std::tuple<Args...>> result;
  std::atomic<bool> completed{false};
  void fire(std::uint64_t) noexcept override {}
};

template <class... Args>
struct asio_handler {
  boost::intrusive_ptr<asio_state<Args...>> state;
  boost::asio::any_io_executor executor;

  using cancellation_slot_type = boost::asio::cancellation_slot;
  cancellation_slot_type get_cancellation_slot() const noexcept { return state->signal.slot(); }

  template <class... Results>
  void operator()(Results&&... results) {
    state->completed.store(true, std::memory_order_release);
    auto& who = state->who;
    if (!who.who || !who.who->claim(who.ticket)) return;
    state->result.emplace(std::forward<Results>(results)...);
    std::exchange(who.who, {})->resume_later();
  }
};

template <class First, class... Rest>
constexpr bool leads_with_error =
    std::is_same_v<First, boost::system::error_code> || std::is_same_v<First, std::exception_ptr>;

template <class Initiation, class InitArgs, class... Args>
class asio_awaiter : public wait {
 public:
  using state_type = asio_state<Args...>;

  asio_awaiter(Initiation init, InitArgs args) : init_(std::move(init)), args_(std::move(args)) {}
  asio_awaiter(asio_awaiter&&) = default;
  ~asio_awaiter() {
    stop_.reset();
    if (state_ && !state_->completed.load(std::memory_order_acquire)) {
      state_->signal.emit(boost::asio::cancellation_type::terminal);
    }
  }

  bool await_ready() const {
    t_active->throw_if_cancelled();
    return false;
  }

  void await_suspend(std::coroutine_handle<> h) {
    arm(h);
    state_.reset(new state_type);
    state_->who = {owner(), ticket()};
    auto& executor = owner()->where().executor();
    std::apply(
        [&](auto&&... args) {
          std::move(init_)(asio_handler<Args...>{state_, executor},
                           std::forward<decltype(args)>(args)...);
        },
        std::move(args_));
    if (auto* c = owner_strand().cancellation()) {
      scope_ = c;
      stop_.emplace(c->token(), ask_to_stop{state_, &executor});
    }
  }

  auto await_resume() {
    stop_.reset();
    resumed();
    auto result = std::move(*state_->result);
    bool stopped = scope_ && scope_->stop_requested();
    auto reason = stopped ? scope_->reason() : cancel_reason::cancelled;
    return finish(std::move(result), stopped, reason);
  }

 private:
  struct ask_to_stop {
    boost::intrusive_ptr<state_type> state;
    const boost::asio::any_io_executor* executor;
    void operator()() const {
      boost::asio::post(*executor, [s = state] {
        if (!s->completed.load(std::memory_order_acquire)) {
          s->signal.emit(boost::asio::cancellation_type::terminal);
        }
      });
    }
  };

  static auto finish(std::tuple<Args...> result, bool stopped, cancel_reason reason) {
    if constexpr (sizeof...(Args) == 0) {
      return;
    } else if constexpr (leads_with_error<Args...>) {
      auto& failure = std::get<0>(result);
      if (failure) {
        if (stopped) throw cancelled(reason);
        if constexpr (std::is_same_v<std::remove_cvref_t<decltype(failure)>, std::exception_ptr>) {
          std::rethrow_exception(failure);
        } else {
          throw boost::system::system_error(failure);
        }
      }
      return rest(std::move(result), std::make_index_sequence<sizeof...(Args) - 1>());
    } else if constexpr (sizeof...(Args) == 1) {
      return std::get<0>(std::move(result));
    } else {
      return result;
    }
  }
  template <std::size_t... I>
  static auto rest(std::tuple<Args...> result, std::index_sequence<I...>) {
    if constexpr (sizeof...(I) == 0) {
      return;
    } else if constexpr (sizeof...(I) == 1) {
      return std::get<1>(std::move(result));
    } else {
      return std::tuple(std::get<I + 1>(std::move(result))...);
    }
  }

  Initiation init_;
  InitArgs args_;
  boost::intrusive_ptr<state_type> state_;
  boost::intrusive_ptr<cancel_state> scope_;
  std::optional<std::stop_callback<ask_to_stop>> stop_;
};

}  // namespace detail

// Runs `asio::awaitable` code on the awaiter's runtime, in the context of this call.
template <class T>
task<T> from_asio(boost::asio::awaitable<T> work);

}  // namespace skein

template <class... Args>
class boost::asio::async_result<skein::awaiting_t, void(Args...)> {
 public:
  template <class Initiation, class... InitArgs>
  static auto initiate(Initiation init, skein::awaiting_t, InitArgs... args) {
    return skein::detail::asio_awaiter<Initiation, std::tuple<InitArgs...>, std::decay_t<Args>...>(
        std::move(init), std::tuple<InitArgs...>(std::move(args)...));
  }
};

template <class... Args, class Executor>
struct boost::asio::associated_executor<skein::detail::asio_handler<Args...>, Executor> {
  using type = boost::asio::any_io_executor;
  static type get(const skein::detail::asio_handler<Args...>& h, const Executor&) noexcept {
    return h.executor;
  }
};

template <class T>
skein::task<T> skein::from_asio(boost::asio::awaitable<T> work) {
  auto executor = with_current_context(runtime::current()->executor());
  co_return co_await boost::asio::co_spawn(boost::asio::any_io_executor(std::move(executor)),
                                           std::move(work), awaiting);
}
