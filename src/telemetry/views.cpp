#include <memory>
#include <string>
#include <utility>

#include <opentelemetry/sdk/metrics/aggregation/aggregation_config.h>
#include <opentelemetry/sdk/metrics/instruments.h>
#include <opentelemetry/sdk/metrics/view/instrument_selector.h>
#include <opentelemetry/sdk/metrics/view/meter_selector.h>
#include <opentelemetry/sdk/metrics/view/view.h>

#include <skein/telemetry/conventions.hpp>
#include <skein/telemetry/views.hpp>

namespace skein::telemetry {

namespace sdk = opentelemetry::sdk;

namespace {

void add_all(auto& to) {
  for (const auto* m : semconv::metrics::all) {
    if (m->kind != semconv::instrument::histogram) continue;
    auto buckets = std::make_shared<sdk::metrics::HistogramAggregationConfig>();
    buckets->boundaries_.assign(m->boundaries.begin(), m->boundaries.end());
    to.AddView(
        std::make_unique<sdk::metrics::InstrumentSelector>(
            sdk::metrics::InstrumentType::kHistogram, std::string(m->name), std::string(m->unit)),
        std::make_unique<sdk::metrics::MeterSelector>(std::string(semconv::scope_name), "", ""),
        std::make_unique<sdk::metrics::View>(
            std::string(m->name), std::string(m->about), std::string(m->unit),
            sdk::metrics::AggregationType::kHistogram, std::move(buckets)));
  }
}

}  // namespace

void add_views(sdk::metrics::MeterProvider& to) { add_all(to); }
void add_views(sdk::metrics::ViewRegistry& to) { add_all(to); }

}  // namespace skein::telemetry
