#include <cstdio>
#include <deque>
#include <exception>
#include <format>
#include <random>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/io_context.hpp>

#include <skein/async/detail/root.hpp>
#include <skein/async/simulated_runtime.hpp>
#include <skein/core/error.hpp>

#include "async/timer_queue.hpp"

namespace skein {

namespace asio = boost::asio;

namespace {
using ready_queue = std::deque<std::move_only_function<void()>>;

// Puts what Asio code posts among everything else that is ready.
struct ready_executor {
  ready_queue* ready;
  asio::io_context* io;

  template <class F>
  void execute(F f) const {
    ready->emplace_back([f = std::move(f)]() mutable { std::move(f)(); });
  }
  asio::execution_context& query(asio::execution::context_t) const noexcept { return *io; }
  static constexpr asio::execution::blocking_t::never_t query(
      asio::execution::blocking_t) noexcept {
    return {};
  }
  friend bool operator==(const ready_executor&, const ready_executor&) noexcept = default;
};
}  // namespace

struct simulated_runtime::state {
  state(std::uint64_t seed, order o)
      : rule(o), random(seed), executor(ready_executor{.ready = &ready, .io = &io}) {}

  order rule;
  std::mt19937_64 random;
  std::size_t steps = 0;
  time_point now{};
  asio::io_context io{1};
  ready_queue ready;
  detail::timer_queue timers;
  asio::any_io_executor executor;

  std::move_only_function<void()> pick() {
    auto i = rule == order::fifo ? 0 : static_cast<std::ptrdiff_t>(random() % ready.size());
    auto chosen = std::move(ready[static_cast<std::size_t>(i)]);
    ready.erase(ready.begin() + i);
    return chosen;
  }
};

simulated_runtime::simulated_runtime(std::uint64_t seed, order o)
    : seed_(seed), state_(std::make_unique<state>(seed, o)) {}

simulated_runtime::~simulated_runtime() = default;

std::size_t simulated_runtime::steps() const noexcept { return state_->steps; }
std::size_t simulated_runtime::ready() const noexcept { return state_->ready.size(); }
std::size_t simulated_runtime::timers() const noexcept { return state_->timers.size(); }

bool simulated_runtime::step() {
  if (!state_->ready.empty()) {
    ++state_->steps;
    state_->pick()();
    return true;
  }
  if (auto next = state_->timers.next()) {
    ++state_->steps;
    state_->now = std::max(state_->now, *next);
    for (auto& e : state_->timers.due(state_->now)) e.target->fire(e.ticket);
    return true;
  }
  state_->io.restart();
  if (state_->io.run_one() == 0) return false;
  ++state_->steps;
  return true;
}

std::size_t simulated_runtime::run(std::size_t limit) {
  std::size_t taken = 0;
  while (taken < limit && step()) ++taken;
  return taken;
}

runtime::time_point simulated_runtime::now() const noexcept { return state_->now; }
std::uint64_t simulated_runtime::random() noexcept { return state_->random(); }

void simulated_runtime::post(boost::intrusive_ptr<detail::root> ready) {
  state_->ready.emplace_back([r = std::move(ready)] { r->resume(); });
}

runtime::timer_id simulated_runtime::start_timer(time_point when,
                                                 boost::intrusive_ptr<detail::waker> target,
                                                 std::uint64_t ticket) {
  return state_->timers.add(when, {std::move(target), ticket});
}

void simulated_runtime::stop_timer(timer_id id) noexcept { state_->timers.remove(id); }

void simulated_runtime::run_blocking(thread_pool&, std::move_only_function<void()> work) {
  state_->ready.push_back(std::move(work));
}

const asio::any_io_executor& simulated_runtime::executor() { return state_->executor; }

void simulated_runtime::run_until(const std::function<bool()>& done) {
  struct report {
    simulated_runtime& rt;
    int before = std::uncaught_exceptions();
    ~report() {
      if (std::uncaught_exceptions() == before) return;
      std::fputs(std::format("simulated runtime: seed {}, step {}\n", rt.seed_, rt.steps()).c_str(),
                 stderr);
    }
  } report_{*this};
  while (!done()) {
    if (step()) continue;
    throw usage_error(
        std::format("simulated runtime: stuck after {} steps with seed {}: nothing is ready and no "
                    "timer is set, but "
                    "the work has not finished",
                    steps(), seed_));
  }
}

}  // namespace skein
