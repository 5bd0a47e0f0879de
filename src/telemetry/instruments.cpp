#include "telemetry/instruments.hpp"

#include <algorithm>
#include <cmath>
#include <mutex>
#include <utility>

#include <opentelemetry/common/key_value_iterable_view.h>
#include <opentelemetry/metrics/noop.h>
#include <opentelemetry/metrics/provider.h>

#include <skein/core/version.hpp>

#include "telemetry/nostd.hpp"

namespace skein::telemetry {

namespace metrics = opentelemetry::metrics;
namespace nostd = opentelemetry::nostd;

namespace {

// Never destroyed, because operations may end while the program does.
struct latest_instruments {
  std::mutex mutex;
  std::shared_ptr<const instruments> made;
};
latest_instruments& latest() {
  static auto& it = *new latest_instruments;
  return it;
}

}  // namespace

instruments::lease instruments::current() {
  auto provider = metrics::Provider::GetMeterProvider();
  if (dynamic_cast<metrics::NoopMeterProvider*>(provider.get()) != nullptr) return {};
  // A provider gives the same meter for the same scope, and a meter does not keep its provider.
  auto meter =
      provider->GetMeter(view(semconv::scope_name), view(version), view(semconv::schema_url));
  auto& known = latest();
  std::lock_guard lock(known.mutex);
  if (!known.made || known.made->meter_.get() != meter.get()) {
    known.made.reset(new instruments(std::move(meter)));
  }
  return {std::move(provider), known.made};
}

instruments::instruments(nostd::shared_ptr<metrics::Meter> meter) : meter_(std::move(meter)) {
  for (std::size_t i = 0; i < all_.size(); ++i) {
    const auto& m = *semconv::metrics::all[i];
    auto name = view(m.name);
    auto about = view(m.about);
    auto unit = view(m.unit);
    if (m.kind == semconv::instrument::counter) {
      all_[i].counter = meter_->CreateUInt64Counter(name, about, unit);
    } else if (m.number == semconv::value_type::integer) {
      all_[i].integers = meter_->CreateUInt64Histogram(name, about, unit);
    } else {
      all_[i].reals = meter_->CreateDoubleHistogram(name, about, unit);
    }
  }
}

void instruments::record(const semconv::metric& m, double value, const attribute_list& attributes,
                         const context& where) const noexcept {
  auto at = std::ranges::find(semconv::metrics::all, &m);
  if (at == semconv::metrics::all.end() || !(value >= 0)) return;
  const auto& to = all_[static_cast<std::size_t>(at - semconv::metrics::all.begin())];
  opentelemetry::common::KeyValueIterableView<attribute_list> with(attributes);
  if (to.counter) {
    to.counter->Add(static_cast<std::uint64_t>(std::llround(value)), with, where);
  } else if (to.integers) {
    to.integers->Record(static_cast<std::uint64_t>(std::llround(value)), with, where);
  } else if (to.reals) {
    to.reals->Record(value, with, where);
  }
}

}  // namespace skein::telemetry
