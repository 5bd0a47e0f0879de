// Asio and Skein in one program: awaiting any Asio operation, and running `asio::awaitable` code in
// our context. Includes Boost.Asio; the rest of the room does not.
#pragma once

#include <exception>
#include <memory>
#include <mutex>
#include <optional>
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
#include <boost/asio/strand.hpp>
#include <boost/system/system_error.hpp>

#include <skein/async/detail/promise.hpp>
#include <skein/async/spawn.hpp>
#include <skein/async/task.hpp>

namespace skein {

namespace detail {

// An executor that runs everything through `Around`: `around(f)` calls `f()`, or drops it.
template <class Inner, class Around>
class around_executor {
 public:
  around_executor(Inner inner, Around around)
      : inner_(std::move(inner)), around_(std::move(around)) {}
  // Asio knows an executor by its copies that cannot fail.
  around_executor(const around_executor&) noexcept = default;
  around_executor& operator=(const around_executor&) noexcept = default;

  template <class F>
  void execute(F f) const {
    inner_.execute([around = around_, f = std::move(f)]() mutable { around(f); });
  }
  template <class P>
  auto query(const P& p) const -> decltype(boost::asio::query(std::declval<const Inner&>(), p)) {
    return boost::asio::query(inner_, p);
  }
  template <class P>
  auto require(const P& p) const -> around_executor<
      std::decay_t<decltype(boost::asio::require(std::declval<const Inner&>(), p))>, Around> {
    return {boost::asio::require(inner_, p), around_};
  }
  template <class P>
  auto prefer(const P& p) const -> around_executor<
      std::decay_t<decltype(boost::asio::prefer(std::declval<const Inner&>(), p))>, Around> {
    return {boost::asio::prefer(inner_, p), around_};
  }
  friend bool operator==(const around_executor&, const around_executor&) noexcept = default;

 private:
  Inner inner_;
  Around around_;
};

struct in_strand {
  std::shared_ptr<strand> s;
  template <class F>
  void operator()(F& f) const {
    activation here(*s);
    auto run = std::move(f);
    run();
  }
  friend bool operator==(const in_strand&, const in_strand&) noexcept = default;
};

}  // namespace detail

// Wraps an executor so that every handler run through it sees one context: `asio::co_spawn(
// with_current_context(executor), session(), ...)` runs a whole Beast session in ours. An awaitable
// that is abandoned by the destruction of its io_context runs its destructors without it (Asio's
// limit).
template <class Executor>
using context_executor = detail::around_executor<Executor, detail::in_strand>;

template <class Executor>
[[nodiscard]] context_executor<Executor> with_current_context(Executor executor) {
  return {std::move(executor), {std::make_shared<strand>(current_context())}};
}

// The completion token: `std::size_t n = co_await socket.async_read_some(buffer, skein::awaiting);`
// A leading error_code or exception_ptr is thrown. Cancelling asks the operation to stop through
// its cancellation slot and waits until it has; then `cancelled` is thrown. Destroying the
// coroutine stops the operation and forgets it: none of its handlers runs any more.
struct awaiting_t {};
inline constexpr awaiting_t awaiting{};

namespace detail {

// Shared by an operation and its awaiter. Asio leaves it to us to keep an operation's handlers (a
// composed one has several) and its cancellation apart when several threads run the executor.
class asio_operation : public waker {
 public:
  boost::asio::cancellation_signal signal;

  void fire(std::uint64_t) noexcept override { stop(); }
  void stop() noexcept {
    std::lock_guard lock(busy_);
    if (!over_) signal.emit(boost::asio::cancellation_type::terminal);
  }
  // On return the operation uses nothing of the awaiter's frame.
  void forget() noexcept {
    std::lock_guard lock(busy_);
    if (over_) return;
    over_ = forgotten_ = true;
    signal.emit(boost::asio::cancellation_type::terminal);
  }
  void completed() noexcept {
    std::lock_guard lock(busy_);
    over_ = true;
  }
  template <class F>
  void run(F&& f) {
    std::lock_guard lock(busy_);
    if (!forgotten_) f();
  }

 private:
  std::recursive_mutex busy_;  // a handler may run the next one in place
  bool over_ = false;
  bool forgotten_ = false;
};

template <class... Args>
struct asio_state final : asio_operation {
  waiting who;
  std::optional<std::tuple<Args...>> result;
};

struct in_operation {
  boost::intrusive_ptr<asio_operation> operation;
  template <class F>
  void operator()(F& f) const {
    operation->run([&] {
      auto run = std::move(f);
      run();
    });
  }
  friend bool operator==(const in_operation&, const in_operation&) noexcept = default;
};
using operation_executor = around_executor<boost::asio::any_io_executor, in_operation>;

template <class... Args>
struct asio_handler {
  boost::intrusive_ptr<asio_state<Args...>> state;
  boost::asio::any_io_executor executor;

  using cancellation_slot_type = boost::asio::cancellation_slot;
  cancellation_slot_type get_cancellation_slot() const noexcept { return state->signal.slot(); }
  using executor_type = operation_executor;
  executor_type get_executor() const noexcept { return {executor, {state}}; }

  template <class... Results>
  void operator()(Results&&... results) {
    state->completed();
    auto who = std::exchange(state->who, {});
    if (!who.who->claim(who.ticket)) return;
    state->result.emplace(std::forward<Results>(results)...);
    who.who->resume_later();
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
    if (state_) state_->forget();
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
    state_->run([&] {
      std::apply(
          [&](auto&&... args) {
            std::move(init_)(asio_handler<Args...>{state_, executor},
                             std::forward<decltype(args)>(args)...);
          },
          std::move(args_));
    });
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
      boost::asio::post(*executor, [s = state] { s->stop(); });
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

// Runs `asio::awaitable` code on the awaiter's runtime, in the context of this call. Asio cannot
// destroy an awaitable where it stands: when the awaiter is destroyed, `work` is told to stop and
// ends later, so what it refers to must live as long as the runtime.
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

template <class T>
skein::task<T> skein::from_asio(boost::asio::awaitable<T> work) {
  // An asio::strand, since Asio wants an awaitable and its cancellation in one.
  auto executor = with_current_context(boost::asio::make_strand(runtime::current()->executor()));
  co_return co_await boost::asio::co_spawn(boost::asio::any_io_executor(executor), std::move(work),
                                           awaiting);
}
