// The instruments behind the metrics of the table.
#pragma once

#include <array>
#include <memory>

#include <opentelemetry/metrics/meter.h>
#include <opentelemetry/metrics/meter_provider.h>
#include <opentelemetry/metrics/sync_instruments.h>
#include <opentelemetry/nostd/shared_ptr.h>
#include <opentelemetry/nostd/unique_ptr.h>

#include <skein/async/strand.hpp>
#include <skein/telemetry/conventions.hpp>
#include <skein/telemetry/operation.hpp>

namespace skein::telemetry {

class instruments {
 public:
  // Instruments of opentelemetry-cpp look at their provider's views whenever they record, so that
  // whoever records must hold the provider.
  struct lease {
    opentelemetry::nostd::shared_ptr<opentelemetry::metrics::MeterProvider> provider;
    std::shared_ptr<const instruments> in;  // null if there is no provider
  };
  // Those of the global meter provider, made once for each provider.
  [[nodiscard]] static lease current();

  void record(const semconv::metric& m, double value, const attribute_list& attributes,
              const context& where) const noexcept;

 private:
  explicit instruments(opentelemetry::nostd::shared_ptr<opentelemetry::metrics::Meter> meter);

  template <class T>
  using owned = opentelemetry::nostd::unique_ptr<T>;
  struct one {
    owned<opentelemetry::metrics::Counter<std::uint64_t>> counter;
    owned<opentelemetry::metrics::Histogram<std::uint64_t>> integers;
    owned<opentelemetry::metrics::Histogram<double>> reals;
  };
  // Held so that no other meter can come to be at its address.
  opentelemetry::nostd::shared_ptr<opentelemetry::metrics::Meter> meter_;
  std::array<one, semconv::metrics::all.size()> all_;
};

}  // namespace skein::telemetry
