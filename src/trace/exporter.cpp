#include <exception>
#include <utility>
#include <vector>

#include <opentelemetry/sdk/common/global_log_handler.h>

#include <skein/trace/exporter.hpp>

#include "telemetry/recorder.hpp"

namespace skein::trace {

namespace sdk = opentelemetry::sdk;

namespace {

class store_exporter final : public sdk::trace::SpanExporter {
 public:
  explicit store_exporter(store into) : store_(std::move(into)) {}

  std::unique_ptr<sdk::trace::Recordable> MakeRecordable() noexcept override {
    return std::make_unique<telemetry::recorder>();
  }
  sdk::common::ExportResult Export(
      const opentelemetry::nostd::span<std::unique_ptr<sdk::trace::Recordable>>& spans) noexcept
      override {
    try {
      std::vector<telemetry::span_record> records;
      records.reserve(spans.size());
      for (const auto& s : spans) {
        records.push_back(static_cast<const telemetry::recorder&>(*s).record());
      }
      store_.insert(records);
      return sdk::common::ExportResult::kSuccess;
    } catch (const std::exception& e) {
      OTEL_INTERNAL_LOG_ERROR("[Skein] " << spans.size() << " spans were not stored: " << e.what());
      return sdk::common::ExportResult::kFailure;
    }
  }
  bool ForceFlush(std::chrono::microseconds) noexcept override { return true; }
  bool Shutdown(std::chrono::microseconds) noexcept override { return true; }

 private:
  store store_;
};

}  // namespace

std::unique_ptr<sdk::trace::SpanExporter> make_exporter(store into) {
  return std::make_unique<store_exporter>(std::move(into));
}

}  // namespace skein::trace
