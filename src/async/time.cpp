#include <skein/async/time.hpp>

namespace skein {

namespace detail {

void sleeper::start() {
  runtime_ = &owner()->where();
  if (!absolute_) at_ = runtime_->now() + after_;
  timer_ = runtime_->start_timer(at_, owner(), ticket());
}

deadline_timer::deadline_timer(runtime::duration after, const cancel_scope& scope)
    : runtime_(runtime::current()),
      timer_(runtime_->start_timer(runtime_->now() + after, scope.state(), 0)) {}

deadline_timer::~deadline_timer() { runtime_->stop_timer(timer_); }

}  // namespace detail

task<> reschedule() { co_await sleep_for(runtime::duration::zero()); }

}  // namespace skein
