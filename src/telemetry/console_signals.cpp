#include "telemetry/console_signals.hpp"

#include <exception>
#include <format>
#include <mutex>
#include <ostream>
#include <string>

#include <opentelemetry/sdk/common/global_log_handler.h>
#include <opentelemetry/sdk/metrics/data/metric_data.h>
#include <opentelemetry/sdk/metrics/export/metric_producer.h>

#include "telemetry/guarded.hpp"
#include "telemetry/log_recorder.hpp"

namespace skein::telemetry {

namespace sdk = opentelemetry::sdk;
namespace nostd = opentelemetry::nostd;

namespace {

double number(const sdk::metrics::ValueType& v) {
  return nostd::visit([](auto n) { return static_cast<double>(n); }, v);
}

std::string line_of(const sdk::metrics::MetricData& m, const sdk::metrics::PointDataAttributes& p) {
  std::string text = "metric " + m.instrument_descriptor.name_;
  for (const auto& [key, value] : p.attributes) {
    if (const auto* s = nostd::get_if<std::string>(&value)) text += ' ' + key + '=' + *s;
    if (const auto* n = nostd::get_if<std::int64_t>(&value)) {
      text += std::format(" {}={}", key, *n);
    }
  }
  const auto& unit = m.instrument_descriptor.unit_;
  if (const auto* h = nostd::get_if<sdk::metrics::HistogramPointData>(&p.point_data)) {
    text += std::format(": {} times, {} {} in sum", h->count_, number(h->sum_), unit);
  } else if (const auto* s = nostd::get_if<sdk::metrics::SumPointData>(&p.point_data)) {
    text += std::format(": {} {}", number(s->value_), unit);
  }
  return text;
}

class console_metrics final : public sdk::metrics::PushMetricExporter {
 public:
  explicit console_metrics(std::ostream& to) : out_(to) {}
  sdk::common::ExportResult Export(const sdk::metrics::ResourceMetrics& all) noexcept override {
    guarded("a line could not be printed", [&] {
      for (const auto& scope : all.scope_metric_data_) {
        for (const auto& m : scope.metric_data_) {
          for (const auto& p : m.point_data_attr_) out_ << line_of(m, p) << '\n';
        }
      }
      out_.flush();
    });
    return sdk::common::ExportResult::kSuccess;
  }
  sdk::metrics::AggregationTemporality GetAggregationTemporality(
      sdk::metrics::InstrumentType) const noexcept override {
    return sdk::metrics::AggregationTemporality::kCumulative;
  }
  bool ForceFlush(std::chrono::microseconds) noexcept override { return true; }
  bool Shutdown(std::chrono::microseconds) noexcept override { return true; }

 private:
  std::ostream& out_;
};

class console_logs final : public sdk::logs::LogRecordProcessor {
 public:
  explicit console_logs(std::ostream& to) : out_(to) {}
  std::unique_ptr<sdk::logs::Recordable> MakeRecordable() noexcept override {
    return std::make_unique<log_recorder>();
  }
  void OnEmit(std::unique_ptr<sdk::logs::Recordable>&& record) noexcept override {
    guarded("a line could not be printed", [&] {
      const auto& r = static_cast<log_recorder&>(*record).record();
      auto text = std::format("log {} span {} {}\n", r.name.empty() ? "-" : r.name, r.span_id,
                              json::write_text(r.attributes));
      std::lock_guard lock(mutex_);
      out_ << text << std::flush;
    });
  }
  bool ForceFlush(std::chrono::microseconds) noexcept override { return true; }
  bool Shutdown(std::chrono::microseconds) noexcept override { return true; }

 private:
  std::mutex mutex_;
  std::ostream& out_;
};

}  // namespace

std::unique_ptr<sdk::metrics::PushMetricExporter> make_console_metrics(std::ostream& to) {
  return std::make_unique<console_metrics>(to);
}
std::unique_ptr<sdk::logs::LogRecordProcessor> make_console_logs(std::ostream& to) {
  return std::make_unique<console_logs>(to);
}

}  // namespace skein::telemetry
