// Where coroutines run. Two implementations: asio_runtime (real time, 1..N threads) and
// simulated_runtime (virtual clock, seeded order). All time, randomness and I/O pass through here.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>

#include <boost/smart_ptr/intrusive_ptr.hpp>

#include <skein/async/cancel.hpp>

namespace boost::asio {
class any_io_executor;
}

namespace skein {

class thread_pool;

namespace detail {
class root;
}

class runtime {
 public:
  using clock = std::chrono::steady_clock;
  using time_point = clock::time_point;
  using duration = clock::duration;
  using timer_id = std::uint64_t;  // 0 is no timer

  runtime() = default;
  runtime(const runtime&) = delete;
  runtime& operator=(const runtime&) = delete;
  virtual ~runtime() = default;

  [[nodiscard]] virtual time_point now() const noexcept = 0;
  [[nodiscard]] virtual std::uint64_t random() noexcept = 0;

  // Makes a root ready to run. Any thread.
  virtual void post(boost::intrusive_ptr<detail::root> ready) = 0;

  // Fires `target` once at `when`, unless stopped before. A late stop is harmless. Any thread.
  virtual timer_id start_timer(time_point when, boost::intrusive_ptr<detail::waker> target,
                               std::uint64_t ticket) = 0;
  virtual void stop_timer(timer_id id) noexcept = 0;

  // Runs blocking work: on the pool's threads, or in simulation as a step of its own.
  virtual void run_blocking(thread_pool& pool, std::move_only_function<void()> work) = 0;

  // For Asio objects and `asio::awaitable` code. With more than one thread, I/O objects that
  // several coroutines share belong on an asio::strand of it, as always with Asio.
  [[nodiscard]] virtual const boost::asio::any_io_executor& executor() = 0;

  // Runs on the calling thread until `done()`, which is looked at after every step. `wake()` from
  // any thread makes it look again.
  virtual void run_until(const std::function<bool()>& done) = 0;
  virtual void wake() = 0;

  // The runtime of the coroutine that runs here, or null.
  [[nodiscard]] static runtime* current() noexcept;
};

}  // namespace skein
