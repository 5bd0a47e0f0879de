// Telemetry as a program would have it, but for the network: batches that go nowhere.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>

#include <opentelemetry/sdk/trace/exporter.h>
#include <opentelemetry/sdk/trace/span_data.h>

#include <skein/telemetry/setup.hpp>

namespace bench {

class null_exporter final : public opentelemetry::sdk::trace::SpanExporter {
 public:
  using recordable = opentelemetry::sdk::trace::Recordable;
  std::unique_ptr<recordable> MakeRecordable() noexcept override {
    return std::make_unique<opentelemetry::sdk::trace::SpanData>();
  }
  opentelemetry::sdk::common::ExportResult Export(
      const opentelemetry::nostd::span<std::unique_ptr<recordable>>&) noexcept override {
    return opentelemetry::sdk::common::ExportResult::kSuccess;
  }
  bool ForceFlush(std::chrono::microseconds) noexcept override { return true; }
  bool Shutdown(std::chrono::microseconds) noexcept override { return true; }
};

inline skein::telemetry::pipeline trace_to_nowhere(std::size_t queue = 2048) {
  std::unique_ptr<opentelemetry::sdk::trace::SpanExporter> exporter =
      std::make_unique<null_exporter>();
  return skein::telemetry::setup({
      .service_name = "bench",
      .exporters = {std::move(exporter)},
      .batch = skein::telemetry::batch_options{.max_queue_size = queue},
  });
}

}  // namespace bench
