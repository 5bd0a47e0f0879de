#include <algorithm>
#include <mutex>
#include <utility>

#include <skein/chat/circuit.hpp>
#include <skein/chat/retry.hpp>
#include <skein/core/error.hpp>

#include "chat/book.hpp"
#include "chat/layer.hpp"

namespace skein {

namespace {

bool is_transient(int status) {
  return status == 408 || status == 409 || status == 425 || status == 429 || status >= 500;
}

runtime::duration wait_after(std::size_t attempt, const retry_policy& policy,
                             const request_failure& failure) {
  auto longest = policy.first_wait;
  for (std::size_t i = 1; i < attempt && longest < policy.longest_wait; ++i) longest *= 2;
  longest = std::min(longest, policy.longest_wait);
  const auto half = longest / 2;
  const auto chance = static_cast<double>(runtime::current()->random() >> 11U) * 0x1p-53;
  auto wait = half + std::chrono::duration_cast<runtime::duration>(half * chance);
  if (failure.retry_after) wait = std::max<runtime::duration>(wait, *failure.retry_after);
  return wait;
}

std::string_view name_of(request_progress p) {
  switch (p) {
    case request_progress::not_sent:
      return "not_sent";
    case request_progress::refused:
      return "refused";
    case request_progress::begun:
      return "begun";
    case request_progress::answering:
      return "answering";
    case request_progress::unknown:
      break;
  }
  return "unknown";
}

// Whether the run has that much left, which is then taken.
bool take(detail::retries_taken& taken, const retry_policy& policy, runtime::duration wait) {
  std::lock_guard lock(taken.mutex);
  if (taken.count >= policy.retries_per_run) return false;
  if (policy.waiting_per_run && taken.waited + wait > *policy.waiting_per_run) return false;
  ++taken.count;
  taken.waited += wait;
  return true;
}

}  // namespace

request_failure failure_of(const std::exception_ptr& failure) {
  request_failure f;
  try {
    std::rethrow_exception(failure);
  } catch (const provider_error& e) {
    f.type = e.type();
    f.status = e.status();
    f.retry_after = e.retry_after();
    // In a stream, an error comes without a status, after the model has begun.
    f.progress = f.status != 0 ? request_progress::refused : request_progress::unknown;
    f.transient = f.status == 0 || is_transient(f.status);
    if (e.code() == "insufficient_quota") f.transient = false;
  } catch (const transport_error& e) {
    f.type = e.type();
    const bool nobody_there = f.type == "dns_failed" || f.type == "connect_failed" ||
                              f.type == "tls_failed" || f.type == "timeout_connect";
    f.progress = nobody_there ? request_progress::not_sent : request_progress::unknown;
    f.transient = f.type != "tls_failed";
  } catch (const protocol_error& e) {
    f.type = e.type();
    f.progress = request_progress::unknown;
    f.transient = true;
  } catch (const circuit_open& e) {
    f.type = e.type();
    f.progress = request_progress::not_sent;
    f.retry_after = e.probe_in();
    f.transient = true;
  } catch (const error& e) {
    f.type = e.type();
    f.progress = request_progress::not_sent;
  } catch (const std::exception&) {
    f.type = telemetry::error_type_of(failure);
    f.progress = request_progress::unknown;
  }
  return f;
}

skein::stream<chat_update> retrying::around(chat_request request, chat_options options) {
  auto taken = detail::retries_in(current_context());
  if (!taken) taken = std::make_shared<detail::retries_taken>();
  bool said = false;  // content, by any attempt, that has not been taken back
  for (std::size_t attempt = 1;; ++attempt) {
    bool begun = false;
    std::exception_ptr failed;
    try {
      auto answer = inner().stream(request, options);
      while (auto* update = co_await answer.next()) {
        if (!begun && said) {
          said = false;
          co_yield detail::restart();
        }
        begun = true;
        said = said || detail::is_content(*update);
        co_yield *update;
      }
      co_return;
    } catch (const error&) {
      failed = std::current_exception();
    }
    auto failure = failure_of(failed);
    if (begun) failure.progress = request_progress::begun;
    if (said) failure.progress = request_progress::answering;
    const bool again = policy_.again ? policy_.again(failure) : failure.transient;
    const bool may = !said || policy_.after_content == after_content::restart;
    const auto wait = wait_after(attempt, policy_, failure);
    if (!again || !may || attempt >= policy_.attempts ||
        (failure.retry_after && *failure.retry_after > policy_.longest_wait) ||
        !take(*taken, policy_, wait)) {
      std::rethrow_exception(failed);
    }
    detail::tell("skein.retry",
                 {{"error.type", telemetry::view(failure.type)},
                  {"skein.retry.attempt", static_cast<std::int64_t>(attempt)},
                  {"skein.retry.wait", detail::in_seconds(wait)},
                  {"skein.retry.progress", telemetry::view(name_of(failure.progress))}});
    co_await sleep_for(wait);
  }
}

fallback::fallback(chat_client& first, std::vector<chat_client*> others, fallback_policy policy)
    : chat_layer(first), all_(std::move(others)), policy_(std::move(policy)) {
  all_.insert(all_.begin(), &first);
  if (std::ranges::find(all_, nullptr) != all_.end()) {
    throw usage_error("fallback: one of the clients is null");
  }
}

skein::stream<chat_update> fallback::around(chat_request request, chat_options options) {
  bool said = false;  // content, by any of them, that has not been taken back
  for (std::size_t i = 0;; ++i) {
    const bool last = i + 1 == all_.size();
    const bool holding = policy_.good_enough && !last;
    bool begun = false;
    bool answering = false;
    std::string reason;
    std::string_view progress;
    std::exception_ptr failed;
    try {
      auto answer = all_[i]->stream(request, options);
      const auto until = !last && policy_.first_content
                             ? std::optional(runtime::current()->now() + *policy_.first_content)
                             : std::nullopt;
      std::vector<chat_update> held;
      while (true) {
        auto* update = until && !answering
                           ? co_await with_deadline(*until - runtime::current()->now(),
                                                    detail::next_of(answer))
                           : co_await answer.next();
        if (update == nullptr) break;
        answering = answering || detail::is_content(*update);
        if (holding) {
          held.push_back(std::move(*update));
          continue;
        }
        if (said && !begun) {
          said = false;
          co_yield detail::restart();
        }
        begun = true;
        said = said || detail::is_content(*update);
        co_yield *update;
      }
      if (!holding) co_return;
      if (policy_.good_enough(answer.response())) {
        for (auto& update : held) co_yield update;
        co_return;
      }
      reason = "response";
    } catch (const error&) {
      failed = std::current_exception();
    } catch (const cancelled&) {
      strand::active()->throw_if_cancelled();  // not the time for the first content
      reason = "first_content_timeout";
    }
    if (failed) {
      auto failure = failure_of(failed);
      const bool mistake = failure.progress == request_progress::not_sent && failure.status == 0 &&
                           failure.type == "usage_error";
      if (begun) failure.progress = request_progress::begun;
      if (said) failure.progress = request_progress::answering;
      const bool next = policy_.next ? policy_.next(failure) : !mistake;
      if (last || !next || (said && policy_.after_content == after_content::fail)) {
        std::rethrow_exception(failed);
      }
      reason = failure.type;
      progress = name_of(failure.progress);
    }
    options.model.clear();
    const auto about = all_[i + 1]->info();
    detail::event_attributes attributes = {
        {"skein.fallback.reason", telemetry::view(reason)},
        {"gen_ai.provider.name", telemetry::view(about.provider)},
        {"gen_ai.request.model", telemetry::view(about.model)}};
    if (failed) attributes.emplace_back("skein.fallback.progress", telemetry::view(progress));
    detail::tell("skein.fallback", attributes);
  }
}

}  // namespace skein
