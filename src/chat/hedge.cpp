#include <algorithm>
#include <array>
#include <cmath>
#include <mutex>
#include <utility>
#include <vector>

#include <skein/async/spawn.hpp>
#include <skein/chat/hedge.hpp>
#include <skein/core/error.hpp>

#include "chat/layer.hpp"

namespace skein {

struct hedged::observed {
  static constexpr std::size_t enough = 20;
  static constexpr double most_credit = 10;

  std::mutex mutex;
  std::array<runtime::duration, 128> times{};  // to the first content, of the latest answers
  std::size_t count = 0;
  double credit = 1;

  void seen(runtime::duration time) {
    std::lock_guard lock(mutex);
    times[count++ % times.size()] = time;
  }
  runtime::duration delay(const hedge_policy& policy) {
    std::lock_guard lock(mutex);
    credit = std::min(credit + policy.budget, most_credit);
    if (!policy.percentile || count < enough) return policy.after;
    auto sorted = times;
    const auto end = sorted.begin() + static_cast<std::ptrdiff_t>(std::min(count, times.size()));
    const auto rank =
        static_cast<std::ptrdiff_t>(*policy.percentile * static_cast<double>(end - sorted.begin()));
    const auto at = sorted.begin() + std::min(rank, end - sorted.begin() - 1);
    std::nth_element(sorted.begin(), at, end);
    return *at;
  }
  bool pay() {
    std::lock_guard lock(mutex);
    if (credit < 1) return false;
    credit -= 1;
    return true;
  }
};

hedged::hedged(chat_client& first, chat_client& second, hedge_policy policy)
    : chat_layer(first), second_(second), policy_(policy), observed_(std::make_unique<observed>()) {
  if (policy.percentile && (*policy.percentile <= 0 || *policy.percentile >= 1)) {
    throw usage_error("hedged: percentile is a share between 0 and 1");
  }
}
hedged::~hedged() = default;

namespace {

// One of the two requests, on its way to its first content.
struct racer {
  cancel_source stop;
  bool running = false;
  std::exception_ptr failed;
  std::vector<chat_update> held;      // what came, the first content included
  std::optional<chat_stream> answer;  // once it has come
};

// Between the two, which may be on different threads.
struct race_to_content {
  std::mutex mutex;
  std::array<racer, 2> racers;
  std::optional<std::size_t> winner;
  bool both = false;  // were asked

  void arrived(std::size_t i) {
    std::lock_guard lock(mutex);
    racers[i].running = false;
    if (winner) return;
    winner = i;
    racers[1 - i].stop.cancel();
  }
  void failed(std::size_t i, std::exception_ptr why) {
    std::lock_guard lock(mutex);
    racers[i].running = false;
    racers[i].failed = std::move(why);
    if (!racers[1].running) racers[1].stop.cancel();  // it need not begin any more
  }
  void begins(std::size_t i) {
    std::lock_guard lock(mutex);
    racers[i].running = true;
    both = i == 1;
  }
};

// Owns the answer while it pulls: what waits in there belongs to this strand.
task<> to_content(race_to_content& race, std::size_t i, chat_stream answer) {
  auto& mine = race.racers[i];
  while (auto* update = co_await answer.next()) {
    mine.held.push_back(std::move(*update));
    if (detail::is_content(mine.held.back())) break;
  }
  mine.answer.emplace(std::move(answer));
  race.arrived(i);
}

task<> runner(race_to_content& race, std::size_t i, task<> work) {
  std::exception_ptr failed;
  try {
    co_await with_cancel(race.racers[i].stop, std::move(work));
  } catch (const error&) {
    failed = std::current_exception();
  } catch (const cancelled&) {
    strand::active()->throw_if_cancelled();
    if (!race.racers[i].stop.cancel_requested()) throw;
  }
  if (failed) race.failed(i, std::move(failed));
}

}  // namespace

skein::stream<chat_update> hedged::around(chat_request request, chat_options options) {
  const auto began = runtime::current()->now();
  const auto delay = observed_->delay(policy_);
  const auto late = [](hedged& self, race_to_content& race, runtime::duration after,
                       const chat_request& asked, chat_options with) -> task<> {
    co_await sleep_for(after);
    const double seconds = detail::in_seconds(after);
    if (!self.observed_->pay()) {
      detail::tell("skein.hedge.refused", {{"skein.hedge.after", seconds}});
      co_return;
    }
    const auto about = self.second_.info();
    detail::tell("skein.hedge", {{"skein.hedge.after", seconds},
                                 {"gen_ai.provider.name", telemetry::view(about.provider)},
                                 {"gen_ai.request.model", telemetry::view(about.model)}});
    if (&self.second_ != &self.inner()) with.model.clear();
    race.begins(1);
    co_await to_content(race, 1, self.second_.stream(asked, with));
  };
  race_to_content race;
  {
    auto first = inner().stream(request, options);
    race.begins(0);
    task_group group;
    group.spawn(runner(race, 0, to_content(race, 0, std::move(first))));
    group.spawn(runner(race, 1, late(*this, race, delay, request, options)));
    co_await group.join();
  }
  if (!race.winner) std::rethrow_exception(race.racers[0].failed);
  observed_->seen(runtime::current()->now() - began);
  auto& won = race.racers[*race.winner];
  if (race.both) {
    detail::tell("skein.hedge.won", {{"skein.hedge.won", *race.winner == 0 ? "first" : "second"}});
  }
  race.racers[1 - *race.winner].answer.reset();  // which came at the same time
  for (auto& update : won.held) co_yield update;
  won.held.clear();
  while (auto* update = co_await won.answer->next()) co_yield *update;
}

}  // namespace skein
