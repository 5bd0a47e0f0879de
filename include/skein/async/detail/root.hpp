// The root of a chain of coroutines: what is posted, resumed and destroyed as a whole.
#pragma once

#include <atomic>
#include <coroutine>
#include <cstdint>
#include <mutex>
#include <optional>
#include <stop_token>
#include <utility>

#include <boost/smart_ptr/intrusive_ptr.hpp>

#include <skein/async/runtime.hpp>
#include <skein/async/strand.hpp>

namespace skein {
namespace detail {

// Transfers between Skein's coroutines go through a per-thread loop instead of symmetric transfer,
// which GCC makes a tail call only with -foptimize-sibling-calls and never under a sanitizer.
struct runner {
  std::coroutine_handle<> next;
};
inline thread_local constinit runner* t_run = nullptr;
inline thread_local constinit strand* t_active = nullptr;

inline void transfer(std::coroutine_handle<> h) noexcept { t_run->next = h; }

// One logical thread of control has at most one pending wait, so the root keeps the state of it. An
// episode is what runs between two waits; it holds the root's lock, so that an episode on another
// thread, or a destruction from there, begins when this one has fully suspended.
class root final : public waker {
 public:
  explicit root(runtime& rt) noexcept : runtime_(&rt) {}

  [[nodiscard]] runtime& where() const noexcept { return *runtime_; }

  // The frame to run first, and the strand it owns. Call once, then post.
  void adopt(std::coroutine_handle<> frame, strand& s) noexcept;
  void start();

  // Announces a wait. Until the ticket is claimed or dropped, exactly one wake-up can win.
  [[nodiscard]] std::uint64_t arm(std::coroutine_handle<> h, strand& s) noexcept;
  // True for the one who may wake; that one fills in the result and then calls `resume_later`.
  [[nodiscard]] bool claim(std::uint64_t ticket) noexcept;
  void resume_later() { runtime_->post(boost::intrusive_ptr<root>(this)); }
  void fire(std::uint64_t ticket) noexcept override;
  // Withdraws a wait: the frame goes away, or the operation completed at once. Only under the lock.
  void drop(std::uint64_t ticket) noexcept;

  // One episode, called by the runtime.
  void resume();

  // Destroys the chain where it stands, in its own context. Waits for a running episode on another
  // thread to suspend. No-op when finished.
  void destroy() noexcept;

  // The frame is about to destroy itself.
  void finished() noexcept;
  [[nodiscard]] bool done() const noexcept { return done_.load(std::memory_order_acquire); }

  // Fired when the root has finished and its frame is gone; not when it is destroyed.
  boost::intrusive_ptr<waker> on_done;
  std::uint64_t done_ticket = 0;

 private:
  // ticket << 2 | state
  enum : std::uint64_t { running = 0, armed = 1, claimed = 2, mask = 3 };

  runtime* runtime_;
  std::atomic<std::uint64_t> word_{running};
  std::coroutine_handle<> leaf_;
  strand* leaf_strand_ = nullptr;
  std::coroutine_handle<> frame_;
  strand* frame_strand_ = nullptr;
  std::atomic<bool> done_{false};
  std::mutex episode_;
};

}  // namespace detail

// The room's own coroutines reach into a strand through this.
struct strand_access {
  static detail::root* root_of(const strand& s) noexcept { return s.root_; }
  static void set_root(strand& s, detail::root* r) noexcept { s.root_ = r; }
  static void set_stream(strand& s) noexcept { s.is_stream_ = true; }
  // What a scope, a job or a group opened on this strand falls under. A stream's consumer changes
  // from pull to pull, so scopes of its body hang on one that is linked anew.
  static boost::intrusive_ptr<cancel_state> scope_parent(strand& s) {
    if (s.scope_ == nullptr && s.stands_for_ != nullptr) return scope_parent(*s.stands_for_);
    if (s.scope_ != nullptr || !s.is_stream_) return s.cancellation();
    if (!s.stream_scope_) s.stream_scope_.reset(new cancel_state(s.inherited_));
    return s.stream_scope_;
  }
  static void inherit(strand& s, cancel_state* from) {
    if (s.inherited_.get() != from) s.inherited_.reset(from);
    if (!s.stream_scope_) return;
    if (s.stream_scope_->stop_requested()) {
      s.stream_scope_.reset();  // by an earlier consumer; its scopes stay stopped
    } else {
      s.stream_scope_->link(s.inherited_);
    }
  }
  // A pull that does not begin because `why` is stopped. It stops nothing in the body, but if the
  // body is left now, what dies in it can see why.
  static void refuse(strand& s, cancel_state* why) { s.inherited_.reset(why); }
  // The pull is over: its consumer's scope counts no more.
  static void leave(strand& s) noexcept {
    s.root_ = nullptr;
    if (s.stream_scope_) s.stream_scope_->unlink();
  }
  // `s` stands in for the strand that runs here, if one does. It asks for a scope to hang others on
  // only when there are others: a stream's must be linked at each pull from then on.
  static void stand_in(strand& s) {
    auto* here = detail::t_active;
    if (here == nullptr) return;
    s.root_ = here->root_;
    s.stands_for_ = here;
    s.inherited_ = here->cancellation();
  }
};

namespace detail {

// The wait of one awaiter: arms the root, listens to cancellation, withdraws when the frame dies.
// Derived awaiters live in the coroutine frame.
class wait {
 public:
  using skein_native = void;
  wait() = default;
  wait(wait&&) noexcept {}
  ~wait() {
    stop_.reset();
    if (root_) root_->drop(ticket_);
  }

  [[nodiscard]] bool was_cancelled() const noexcept { return cancelled_; }

 protected:
  // Call in await_suspend, before anything can wake.
  void arm(std::coroutine_handle<> h) noexcept {
    strand_ = t_active;
    root_ = strand_access::root_of(*strand_);
    ticket_ = root_->arm(h, *strand_);
  }
  // Call in await_suspend, after the operation was started. May wake at once.
  void listen() {
    if (auto* c = strand_->cancellation()) stop_.emplace(c->token(), on_stop{this});
  }
  // Call in await_resume, first. The episode has been claimed by somebody.
  void resumed() noexcept {
    stop_.reset();
    root_ = nullptr;
  }
  void throw_if_cancelled() const {
    if (cancelled_) throw cancelled(strand_->cancellation()->reason());
  }
  [[nodiscard]] root* owner() const noexcept { return root_; }
  [[nodiscard]] strand& owner_strand() const noexcept { return *strand_; }
  [[nodiscard]] std::uint64_t ticket() const noexcept { return ticket_; }

 private:
  struct on_stop {
    wait* self;
    void operator()() const noexcept {
      if (!self->root_->claim(self->ticket_)) return;
      self->cancelled_ = true;
      self->root_->resume_later();
    }
  };
  root* root_ = nullptr;
  strand* strand_ = nullptr;
  std::uint64_t ticket_ = 0;
  bool cancelled_ = false;
  std::optional<std::stop_callback<on_stop>> stop_;
};

}  // namespace detail
}  // namespace skein
