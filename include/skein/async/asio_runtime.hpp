// The runtime of real programs: Boost.Asio, real time, 1..N threads.
#pragma once

#include <memory>

#include <skein/async/runtime.hpp>

namespace skein {

// With one thread (the default), everything runs on the one thread that calls `run_until`
// (sync_wait does). With more, that many threads of its own run it from construction to
// destruction, and the caller of `run_until` waits. Destroy jobs before the runtime.
class asio_runtime final : public runtime {
 public:
  explicit asio_runtime(unsigned threads = 1);
  ~asio_runtime() override;

  [[nodiscard]] time_point now() const noexcept override { return clock::now(); }
  [[nodiscard]] std::uint64_t random() noexcept override;
  void post(boost::intrusive_ptr<detail::root> ready) override;
  timer_id start_timer(time_point when, boost::intrusive_ptr<detail::waker> target,
                       std::uint64_t ticket) override;
  void stop_timer(timer_id id) noexcept override;
  void run_blocking(thread_pool& pool, std::move_only_function<void()> work) override;
  [[nodiscard]] const boost::asio::any_io_executor& executor() override;
  void run_until(const std::function<bool()>& done) override;
  void wake() override;

 private:
  struct state;
  std::unique_ptr<state> state_;
};

}  // namespace skein
