#include <skein/async/detail/root.hpp>
#include <skein/async/detail/root_coroutine.hpp>

namespace skein::detail {

void root::adopt(std::coroutine_handle<> frame, strand& s) noexcept {
  frame_ = frame;
  frame_strand_ = &s;
  strand_access::set_root(s, this);
}

void root::start() {
  auto ticket = arm(frame_, *frame_strand_);
  fire(ticket);
}

std::uint64_t root::arm(std::coroutine_handle<> h, strand& s) noexcept {
  leaf_ = h;
  leaf_strand_ = &s;
  auto ticket = (word_.load(std::memory_order_relaxed) >> 2) + 1;
  word_.store(ticket << 2 | armed, std::memory_order_release);
  return ticket;
}

bool root::claim(std::uint64_t ticket) noexcept {
  auto expected = ticket << 2 | armed;
  return word_.compare_exchange_strong(expected, ticket << 2 | claimed, std::memory_order_acq_rel);
}

void root::fire(std::uint64_t ticket) noexcept {
  if (claim(ticket)) resume_later();
}

void root::drop(std::uint64_t ticket) noexcept {
  auto word = word_.load(std::memory_order_acquire);
  while (word >> 2 == ticket && (word & mask) != running) {
    if (word_.compare_exchange_weak(word, ticket << 2 | running, std::memory_order_acq_rel)) return;
  }
}

void root::resume() {
  std::lock_guard episode(episode_);
  auto word = word_.load(std::memory_order_acquire);
  if ((word & mask) != claimed) return;
  word_.store((word & ~mask) | running, std::memory_order_release);
  runner run{leaf_};
  activation in_strand(*leaf_strand_);
  auto* outer_run = std::exchange(t_run, &run);
  while (run.next) std::exchange(run.next, {}).resume();
  t_run = outer_run;
}

void root::destroy() noexcept {
  std::lock_guard episode(episode_);
  if (done()) return;
  word_.store(((word_.load(std::memory_order_relaxed) >> 2) + 1) << 2 | running,
              std::memory_order_release);
  {
    activation in_own_context(*frame_strand_);
    frame_.destroy();
  }
  on_done.reset();
  finished();
}

void root::finished() noexcept {
  frame_ = {};
  done_.store(true, std::memory_order_release);
}

void* owns_strand::operator new(std::size_t size) {
  auto* block = static_cast<std::byte*>(::operator new(size + room));
  new (block) strand(current_context());
  return block + room;
}

void owns_strand::operator delete(void* frame, std::size_t size) {
  auto* block = static_cast<std::byte*>(frame) - room;
  std::launder(reinterpret_cast<strand*>(block))->~strand();
  ::operator delete(block, size + room);
}

boost::intrusive_ptr<root> make_root(runtime& rt, root_coroutine body,
                                     boost::intrusive_ptr<cancel_state> scope,
                                     boost::intrusive_ptr<waker> on_done, std::uint64_t ticket) {
  boost::intrusive_ptr<root> r(new root(rt));
  auto& promise = body.handle.promise();
  r->on_done = std::move(on_done);
  r->done_ticket = ticket;
  strand_access::inherit(*promise.s, scope.get());
  r->adopt(body.handle, *promise.s);
  promise.self = r;
  return r;
}

}  // namespace skein::detail
