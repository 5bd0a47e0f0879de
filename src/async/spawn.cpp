#include <algorithm>

#include <skein/async/spawn.hpp>

namespace skein {

namespace detail {

void completion::fire(std::uint64_t) noexcept {
  waiting w;
  {
    std::lock_guard lock(mutex_);
    done_ = true;
    w = std::exchange(waiting_, {});
  }
  w.fire();
}

bool completion::done() noexcept {
  std::lock_guard lock(mutex_);
  return done_;
}

bool completion::wait(waiting w) {
  std::lock_guard lock(mutex_);
  if (done_) return false;
  waiting_ = std::move(w);
  return true;
}

void stop_with_owner(cancel_state& scope) noexcept {
  const auto* here = strand::active();
  const auto* stopped = here != nullptr ? here->cancellation() : nullptr;
  if (stopped != nullptr && stopped->stop_requested()) scope.request(stopped->reason());
}

}  // namespace detail

class task_group::state final : public detail::waker {
 public:
  explicit state(boost::intrusive_ptr<cancel_state> parent)
      : scope(new cancel_state(std::move(parent))) {}

  void fire(std::uint64_t slot) noexcept override {
    detail::waiting w;
    {
      std::lock_guard lock(mutex);
      children[slot].reset();
      if (!leaving) free.push_back(slot);
      if (--running == 0) w = std::exchange(joiner, {});
    }
    w.fire();
  }
  void start(boost::intrusive_ptr<detail::root> child) {
    std::lock_guard lock(mutex);
    auto slot = children.size();
    if (free.empty()) {
      children.push_back(child);
      free.reserve(children.size());
    } else {
      slot = free.back();
      free.pop_back();
      children[slot] = child;
    }
    child->done_ticket = slot;
    ++running;
    child->start();
  }
  // Destroys the children, and those that they start meanwhile, which come last.
  void leave() noexcept {
    std::unique_lock lock(mutex);
    leaving = true;
    free.clear();
    for (std::size_t i = 0; i < children.size(); ++i) {
      auto child = std::move(children[i]);
      if (!child) continue;
      lock.unlock();
      child->destroy();
      child.reset();
      lock.lock();
    }
  }
  void failed(std::exception_ptr e) noexcept {
    {
      std::lock_guard lock(mutex);
      if (!failure) failure = std::move(e);
    }
    scope->request(cancel_reason::cancelled);
  }

  std::mutex mutex;
  std::vector<boost::intrusive_ptr<detail::root>> children;
  std::vector<std::uint64_t> free;
  std::size_t running = 0;
  bool leaving = false;
  detail::waiting joiner;
  std::exception_ptr failure;
  boost::intrusive_ptr<cancel_state> scope;
};

task_group::task_group() : state_(new state(current_cancellation())) {}

task_group::~task_group() {
  detail::stop_with_owner(*state_->scope);
  state_->leave();
  state_->scope->unlink();
}

void task_group::spawn(task<> work) {
  auto body = [](task<> w, boost::intrusive_ptr<state> s) -> detail::root_coroutine {
    try {
      co_await std::move(w);
    } catch (const cancelled&) {
      // An outcome of the group's scope, which join() reports; a child's own deadline is a failure.
      if (!s->scope->stop_requested()) s->failed(std::current_exception());
    } catch (...) {
      s->failed(std::current_exception());  // rethrown by join()
    }
  };
  auto* rt = runtime::current();
  if (rt == nullptr) throw usage_error("task_group::spawn: call it inside a coroutine");
  state_->start(detail::make_root(*rt, body(std::move(work), state_), state_->scope, state_));
}

void task_group::cancel() noexcept { state_->scope->request(cancel_reason::cancelled); }

std::size_t task_group::running() const noexcept {
  std::lock_guard lock(state_->mutex);
  return state_->running;
}

bool task_group::wait(detail::waiting w) {
  std::lock_guard lock(state_->mutex);
  if (state_->running == 0) return false;
  state_->joiner = std::move(w);
  return true;
}

void task_group::finish() {
  if (state_->failure) std::rethrow_exception(std::exchange(state_->failure, {}));
  detail::t_active->throw_if_cancelled();
}

}  // namespace skein
