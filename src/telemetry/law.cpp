#include <atomic>
#include <exception>

#include <opentelemetry/sdk/common/global_log_handler.h>

#include <skein/telemetry/law.hpp>

#include "telemetry/instruments.hpp"

namespace skein::telemetry {

namespace {
std::atomic<std::uint64_t> so_far{0};
}  // namespace

std::string_view name_of(law l) noexcept { return l == law::closure ? "closure" : "conservation"; }

void violated(law which, std::string_view what) noexcept {
  so_far.fetch_add(1, std::memory_order_relaxed);
  try {
    const auto name = name_of(which);
    OTEL_INTERNAL_LOG_ERROR("[Skein] the law of " << name << " is broken: " << what);
    auto to = instruments::current();
    if (!to.in) return;
    namespace nostd = opentelemetry::nostd;
    const attribute_list with{{nostd::string_view(semconv::law.data(), semconv::law.size()),
                               nostd::string_view(name.data(), name.size())}};
    to.in->record(semconv::metrics::law_violations, 1, with, current_context());
  } catch (const std::exception& e) {
    OTEL_INTERNAL_LOG_ERROR("[Skein] a violation could not be counted: " << e.what());
  }
}

std::uint64_t law_violations() noexcept { return so_far.load(std::memory_order_relaxed); }

}  // namespace skein::telemetry
