// For programs with a meter provider of their own: the boundaries of Skein's histograms.
#pragma once

#include <opentelemetry/sdk/metrics/meter_provider.h>
#include <opentelemetry/sdk/metrics/view/view_registry.h>

namespace skein::telemetry {

// Adds a view for each histogram of Skein, with the boundaries that the conventions give. Without
// them opentelemetry-cpp uses its own, made for milliseconds, and nothing shorter than five seconds
// can be told apart. Call it once, before the first operation. `setup` does it by itself.
void add_views(opentelemetry::sdk::metrics::MeterProvider& to);
void add_views(opentelemetry::sdk::metrics::ViewRegistry& to);

}  // namespace skein::telemetry
