#include <atomic>
#include <condition_variable>
#include <mutex>
#include <random>
#include <thread>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <skein/async/asio_runtime.hpp>
#include <skein/async/detail/root.hpp>
#include <skein/async/offload.hpp>

#include "async/timer_queue.hpp"

namespace skein {

namespace asio = boost::asio;

struct asio_runtime::state {
  explicit state(unsigned n)
      : io(static_cast<int>(n)),
        work(asio::make_work_guard(io)),
        executor(io.get_executor()),
        timer(io) {
    if (n < 2) return;
    for (unsigned i = 0; i < n; ++i) {
      threads.emplace_back([this] { io.run(); });
    }
  }

  asio::io_context io;
  asio::executor_work_guard<asio::io_context::executor_type> work;
  asio::any_io_executor executor;

  std::mutex mutex;
  detail::timer_queue timers;
  asio::steady_timer timer;
  std::optional<time_point> timer_at;
  std::mt19937_64 random{std::random_device{}()};

  // Posts on their way. What a thread of somebody else's posts may run, and end the runtime, before
  // that thread has come back from Asio.
  std::atomic<int> posting{0};

  std::mutex woken_mutex;
  std::condition_variable woken;
  std::vector<std::jthread> threads;

  // Under the mutex.
  void set_timer() {
    auto next = timers.next();
    if (!next || (timer_at && *timer_at <= *next)) return;
    timer_at = next;
    timer.expires_at(*next);
    timer.async_wait([this](boost::system::error_code ec) {
      if (!ec) fire_due();
    });
  }
  void fire_due() {
    std::vector<detail::timer_queue::entry> due;
    {
      std::lock_guard lock(mutex);
      timer_at.reset();
      due = timers.due(clock::now());
      set_timer();
    }
    for (auto& e : due) e.target->fire(e.ticket);
  }
};

asio_runtime::asio_runtime(unsigned threads) : state_(std::make_unique<state>(threads)) {}

asio_runtime::~asio_runtime() {
  state_->io.stop();
  state_->threads.clear();
  while (state_->posting.load(std::memory_order_acquire) != 0) std::this_thread::yield();
}

std::uint64_t asio_runtime::random() noexcept {
  std::lock_guard lock(state_->mutex);
  return state_->random();
}

void asio_runtime::post(boost::intrusive_ptr<detail::root> ready) {
  auto& posting = state_->posting;
  posting.fetch_add(1, std::memory_order_relaxed);
  asio::post(state_->io, [r = std::move(ready)] { r->resume(); });
  posting.fetch_sub(1, std::memory_order_release);
}

runtime::timer_id asio_runtime::start_timer(time_point when,
                                            boost::intrusive_ptr<detail::waker> target,
                                            std::uint64_t ticket) {
  if (when <= now()) {  // half of them only let others run; the system's timer takes 50 us or more
    asio::post(state_->io, [t = std::move(target), ticket] { t->fire(ticket); });
    return 0;
  }
  std::lock_guard lock(state_->mutex);
  auto id = state_->timers.add(when, {std::move(target), ticket});
  state_->set_timer();
  return id;
}

void asio_runtime::stop_timer(timer_id id) noexcept {
  std::lock_guard lock(state_->mutex);
  state_->timers.remove(id);
}

void asio_runtime::run_blocking(thread_pool& pool, std::move_only_function<void()> work) {
  pool.post(std::move(work));
}

const asio::any_io_executor& asio_runtime::executor() { return state_->executor; }

void asio_runtime::run_until(const std::function<bool()>& done) {
  if (state_->threads.empty()) {
    while (!done()) state_->io.run_one();
    return;
  }
  std::unique_lock lock(state_->woken_mutex);
  state_->woken.wait(lock, done);
}

void asio_runtime::wake() {
  if (state_->threads.empty()) {
    asio::post(state_->io, [] {});
    return;
  }
  std::lock_guard lock(state_->woken_mutex);
  state_->woken.notify_all();
}

}  // namespace skein
