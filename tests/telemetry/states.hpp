// The states of telemetry that change nothing (law 6).
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>

#include <opentelemetry/sdk/resource/resource.h>
#include <opentelemetry/sdk/trace/exporter.h>
#include <opentelemetry/sdk/trace/samplers/always_off.h>
#include <opentelemetry/sdk/trace/simple_processor.h>
#include <opentelemetry/sdk/trace/span_data.h>
#include <opentelemetry/sdk/trace/tracer_provider.h>
#include <opentelemetry/trace/noop.h>
#include <opentelemetry/trace/provider.h>

#include <skein/telemetry/ledger.hpp>

namespace skein::test {

// `failing`: the exporter refuses every span. `unsampled`: there is a provider, which records none.
enum class telemetry_is : std::uint8_t { on, off, unsampled, failing };

class refusing final : public opentelemetry::sdk::trace::SpanExporter {
 public:
  std::unique_ptr<opentelemetry::sdk::trace::Recordable> MakeRecordable() noexcept override {
    return std::make_unique<opentelemetry::sdk::trace::SpanData>();
  }
  opentelemetry::sdk::common::ExportResult Export(
      const opentelemetry::nostd::span<
          std::unique_ptr<opentelemetry::sdk::trace::Recordable>>&) noexcept override {
    return opentelemetry::sdk::common::ExportResult::kFailure;
  }
  bool ForceFlush(std::chrono::microseconds) noexcept override { return false; }
  bool Shutdown(std::chrono::microseconds) noexcept override { return false; }
};

inline opentelemetry::nostd::shared_ptr<opentelemetry::trace::TracerProvider> provider_for(
    telemetry_is t, const telemetry::span_ledger& ledger) {
  switch (t) {
    case telemetry_is::off:
      return opentelemetry::nostd::shared_ptr<opentelemetry::trace::TracerProvider>(
          new opentelemetry::trace::NoopTracerProvider);
    case telemetry_is::unsampled:
      return opentelemetry::nostd::shared_ptr<opentelemetry::trace::TracerProvider>(
          new opentelemetry::sdk::trace::TracerProvider(
              ledger.processor(), opentelemetry::sdk::resource::Resource::Create({}),
              std::make_unique<opentelemetry::sdk::trace::AlwaysOffSampler>()));
    case telemetry_is::failing:
      return opentelemetry::nostd::shared_ptr<opentelemetry::trace::TracerProvider>(
          new opentelemetry::sdk::trace::TracerProvider(
              std::make_unique<opentelemetry::sdk::trace::SimpleSpanProcessor>(
                  std::make_unique<refusing>())));
    case telemetry_is::on:
      break;
  }
  return opentelemetry::nostd::shared_ptr<opentelemetry::trace::TracerProvider>(
      new opentelemetry::sdk::trace::TracerProvider(ledger.processor()));
}

class with_provider {
 public:
  explicit with_provider(opentelemetry::nostd::shared_ptr<opentelemetry::trace::TracerProvider> p)
      : previous_(opentelemetry::trace::Provider::GetTracerProvider()) {
    opentelemetry::trace::Provider::SetTracerProvider(p);
  }
  with_provider(const with_provider&) = delete;
  with_provider& operator=(const with_provider&) = delete;
  ~with_provider() { opentelemetry::trace::Provider::SetTracerProvider(previous_); }

 private:
  opentelemetry::nostd::shared_ptr<opentelemetry::trace::TracerProvider> previous_;
};

}  // namespace skein::test
