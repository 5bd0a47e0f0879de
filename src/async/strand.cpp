#include <mutex>
#include <thread>

#include <opentelemetry/context/runtime_context.h>

#include <skein/async/detail/root.hpp>
#include <skein/async/strand.hpp>

namespace skein {

struct strand::entry {
  const void* key;
  context value;
  entry* below;
};

// The strands that somebody attached to. Only a detach that misses its own strand walks it (a scope
// that died elsewhere). Never destroyed: scopes may end after main does.
struct strand_list {
  std::mutex mutex;
  strand* head = nullptr;

  static strand_list& all() {
    static auto* list = new strand_list;
    return *list;
  }
  void add(strand& s) {
    std::lock_guard lock(mutex);
    s.next_ = head;
    if (head != nullptr) head->prev_ = &s;
    head = &s;
    s.listed_ = true;
  }
  void remove(strand& s) {
    std::lock_guard lock(mutex);
    (s.prev_ != nullptr ? s.prev_->next_ : head) = s.next_;
    if (s.next_ != nullptr) s.next_->prev_ = s.prev_;
  }
  bool detach(const void* key) {
    std::lock_guard lock(mutex);
    for (auto* s = head; s != nullptr; s = s->next_) {
      if (s->remove(key)) return true;
    }
    return false;
  }
};

strand::~strand() {
  if (listed_) strand_list::all().remove(*this);
  auto* top = top_.load(std::memory_order_relaxed);
  while (top != nullptr) delete std::exchange(top, top->below);
}

void strand::lock() const noexcept {
  while (busy_.test_and_set(std::memory_order_acquire)) busy_.wait(true, std::memory_order_relaxed);
}
void strand::unlock() const noexcept {
  busy_.clear(std::memory_order_release);
  busy_.notify_one();
}

context strand::current() const noexcept {
  if (top_.load(std::memory_order_acquire) == nullptr) return base_;
  lock();
  auto* top = top_.load(std::memory_order_relaxed);
  context c = top != nullptr ? top->value : base_;
  unlock();
  return c;
}

void strand::attach(const void* key, const context& c) {
  if (!listed_) strand_list::all().add(*this);
  auto* e = new entry{key, c, nullptr};
  lock();
  e->below = top_.load(std::memory_order_relaxed);
  top_.store(e, std::memory_order_release);
  unlock();
}

bool strand::remove(const void* key) noexcept {
  lock();
  entry* found = top_.load(std::memory_order_relaxed);
  entry* above = nullptr;
  while (found != nullptr && found->key != key) {
    above = found;
    found = found->below;
  }
  if (found != nullptr) {
    if (above != nullptr) {
      above->below = found->below;
    } else {
      top_.store(found->below, std::memory_order_release);
    }
  }
  unlock();
  delete found;
  return found != nullptr;
}

bool strand::detach(const void* key) noexcept {
  return remove(key) || strand_list::all().detach(key);
}

strand* strand::active() noexcept { return detail::t_active; }

activation::activation(strand& s) noexcept : previous_(detail::t_active) { detail::t_active = &s; }
activation::~activation() { detail::t_active = previous_; }

context_scope::context_scope(context c)
    : strand_(std::move(c)), activation_((strand_access::stand_in(strand_), strand_)) {}

strand& strand::here() noexcept {
  if (detail::t_active != nullptr) return *detail::t_active;
  // Destructors of thread_local and static objects may still open and end scopes; for them there is
  // one that is never destroyed.
  static thread_local constinit bool gone = false;
  if (gone) {
    static auto* last = new strand(context{});
    return *last;
  }
  struct thread_strand : strand {
    thread_strand() : strand(context{}) {}
    ~thread_strand() { gone = true; }
  };
  static thread_local thread_strand own;
  return own;
}

context current_context() noexcept {
  if (auto* s = strand::active()) return s->current();
  return opentelemetry::context::RuntimeContext::GetCurrent();
}

std::stop_token current_stop_token() noexcept {
  auto* s = strand::active();
  auto* c = s != nullptr ? s->cancellation() : nullptr;
  return c != nullptr ? c->token() : std::stop_token();
}

runtime* runtime::current() noexcept {
  auto* s = strand::active();
  auto* r = s != nullptr ? strand_access::root_of(*s) : nullptr;
  return r != nullptr ? &r->where() : nullptr;
}

}  // namespace skein
