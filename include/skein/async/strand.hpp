// A strand is one logical thread of control: it owns the OpenTelemetry context that its code sees,
// on whatever thread that code happens to run. docs/context.md tells why.
#pragma once

#include <atomic>
#include <concepts>
#include <cstdint>
#include <stop_token>
#include <type_traits>
#include <utility>

#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <opentelemetry/context/context.h>

#include <skein/async/cancel.hpp>

namespace skein {

using context = opentelemetry::context::Context;

namespace detail {
class root;
}

// Owned by a root (a spawned task, a branch of when_all, a child of a group) or by a stream; tasks
// share the strand of whoever awaits them. Not a user-facing handle: ask `current_context()`, hold
// an `activation`, or `bind_context` a callback.
class strand {
 public:
  explicit strand(context base) noexcept : base_(std::move(base)) {}
  strand(const strand&) = delete;
  strand& operator=(const strand&) = delete;
  ~strand();

  // The innermost attached context, else the one the strand was born with. Any thread.
  [[nodiscard]] context current() const noexcept;

  // Makes `c` current until the entry with this key is detached. Keys are addresses of live
  // objects, so the same context may be attached twice.
  void attach(const void* key, const context& c);
  // Removes exactly the entry with this key, from this strand or else from whichever has it. False
  // when there is none. Any thread.
  bool detach(const void* key) noexcept;

  // The scope that stops this strand's waits, or null.
  [[nodiscard]] cancel_state* cancellation() const noexcept {
    return scope_ != nullptr ? scope_->state_.get() : inherited_.get();
  }
  void throw_if_cancelled() const {
    if (auto* c = cancellation(); c && c->stop_requested()) [[unlikely]]
      throw cancelled(c->reason());
  }

  // The strand whose code runs on this thread now, or null outside every coroutine and activation.
  [[nodiscard]] static strand* active() noexcept;
  // As active(), but a thread outside every coroutine has a strand of its own.
  [[nodiscard]] static strand& here() noexcept;

 private:
  friend class detail::root;
  friend class cancel_scope;
  friend struct strand_access;
  struct entry;
  friend struct strand_list;

  bool remove(const void* key) noexcept;
  void lock() const noexcept;
  void unlock() const noexcept;

  context base_;
  std::atomic<entry*> top_{nullptr};
  detail::root* root_ = nullptr;                  // who runs this strand now
  strand* stands_for_ = nullptr;                  // whose scopes count here too
  cancel_scope* scope_ = nullptr;                 // innermost one opened by this strand itself
  boost::intrusive_ptr<cancel_state> inherited_;  // spawner's or, for a stream, the consumer's
  boost::intrusive_ptr<cancel_state>
      stream_scope_;  // links scopes of a stream's body to its consumer
  bool is_stream_ = false;
  bool listed_ = false;
  mutable std::atomic_flag busy_;
  strand* prev_ = nullptr;
  strand* next_ = nullptr;
};

// The context that code here sees: the active strand's, else what OpenTelemetry says.
[[nodiscard]] context current_context() noexcept;

// The stop token of the code that runs here; never requested outside a cancellable run. For
// blocking work that wants to look up from time to time.
[[nodiscard]] std::stop_token current_stop_token() noexcept;

// Makes a strand active for the enclosing scope: for code that is not a coroutine (callbacks,
// destructors). Must be destroyed on the thread that made it, without a co_await in between.
class activation {
 public:
  explicit activation(strand& s) noexcept;
  activation(const activation&) = delete;
  activation& operator=(const activation&) = delete;
  ~activation();

 private:
  strand* previous_;
};

// Makes `c` current for the enclosing scope on this thread; same rule as `activation`. What is
// *called* in the scope (a stream, a spawned task) is born with `c`, on the runtime and under the
// cancellation of the coroutine around.
class context_scope {
 public:
  explicit context_scope(context c);
  context_scope(const context_scope&) = delete;
  context_scope& operator=(const context_scope&) = delete;
  ~context_scope() = default;

 private:
  strand strand_;
  activation activation_;
};

// A callable that runs `fn` in the context of this call, on whatever thread it is invoked.
template <class F>
[[nodiscard]] auto bind_context(F fn) {
  return [fn = std::move(fn),
          c = current_context()]<class... Args>(Args&&... args) mutable -> decltype(auto)
           requires std::invocable<F&, Args...>
  {
    context_scope scope(c);
    return fn(std::forward<Args>(args)...);
  };
}

}  // namespace skein
