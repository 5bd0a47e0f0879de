// The runtime of tests: virtual time, and a seeded choice of what runs next. The same seed gives
// the same run, always.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include <skein/async/runtime.hpp>

namespace skein {

// One thread. The clock stands still while anything is ready and jumps to the next timer when
// nothing is. Asio code runs on `executor()`, in the same seeded order; its real timers and sockets
// are waited for only when nothing virtual is left to do. If a run gets stuck, or an exception
// leaves `run_until`, the seed and the step are named: in the error, or on stderr.
class simulated_runtime final : public runtime {
 public:
  enum class order { seeded, fifo };
  explicit simulated_runtime(std::uint64_t seed, order o = order::seeded);
  ~simulated_runtime() override;

  [[nodiscard]] std::uint64_t seed() const noexcept { return seed_; }
  [[nodiscard]] std::size_t steps() const noexcept;  // taken so far
  [[nodiscard]] std::size_t ready() const noexcept;  // what could run now
  [[nodiscard]] std::size_t timers() const noexcept;

  // One ready thing, or one jump of the clock. False when there is nothing to do.
  bool step();
  // At most `limit` steps; how many were taken.
  std::size_t run(std::size_t limit = static_cast<std::size_t>(-1));

  [[nodiscard]] time_point now() const noexcept override;
  [[nodiscard]] std::uint64_t random() noexcept override;
  void post(boost::intrusive_ptr<detail::root> ready) override;
  timer_id start_timer(time_point when, boost::intrusive_ptr<detail::waker> target,
                       std::uint64_t ticket) override;
  void stop_timer(timer_id id) noexcept override;
  void run_blocking(thread_pool& pool, std::move_only_function<void()> work) override;
  [[nodiscard]] const boost::asio::any_io_executor& executor() override;
  void run_until(const std::function<bool()>& done) override;
  void wake() override {}

 private:
  struct state;
  std::uint64_t seed_;
  std::unique_ptr<state> state_;
};

}  // namespace skein
