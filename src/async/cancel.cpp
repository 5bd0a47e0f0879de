#include <skein/async/cancel.hpp>
#include <skein/async/detail/root.hpp>

namespace skein {

void cancel_state::request(cancel_reason why) noexcept {
  auto expected = cancel_reason::cancelled;
  if (!source_.stop_requested() && why != expected) {
    reason_.compare_exchange_strong(expected, why, std::memory_order_acq_rel);
  }
  source_.request_stop();
}

void cancel_state::link(boost::intrusive_ptr<cancel_state> parent) {
  unlink();
  parent_ = std::move(parent);
  if (parent_) link_.emplace(parent_->token(), follow{this});
}

void cancel_state::unlink() noexcept {
  link_.reset();
  parent_.reset();
}

boost::intrusive_ptr<cancel_state> current_cancellation() {
  auto* s = strand::active();
  return s != nullptr ? strand_access::scope_parent(*s) : nullptr;
}

cancel_scope::cancel_scope() : state_(new cancel_state(current_cancellation())) { open(); }

cancel_scope::cancel_scope(outside) : state_(new cancel_state) { open(); }

cancel_scope::cancel_scope(const cancel_source& source)
    : state_(new cancel_state(current_cancellation())) {
  also_ = std::make_unique<std::stop_callback<follow>>(source.token(),
                                                       follow{state_.get(), source.state()});
  open();
}

void cancel_scope::open() {
  strand_ = strand::active();
  if (strand_ != nullptr) outer_ = std::exchange(strand_->scope_, this);
}

cancel_scope::~cancel_scope() {
  also_.reset();
  if (strand_ == nullptr) return;
  auto** at = &strand_->scope_;  // not always the innermost
  while (*at != this) at = &(*at)->outer_;
  *at = outer_;
}

}  // namespace skein
