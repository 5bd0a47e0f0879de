// Exporters of metrics and log records.
#include <exception>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <opentelemetry/sdk/common/global_log_handler.h>

#include <skein/json/text.hpp>
#include <skein/otlp/exporter.hpp>

#include "otlp/http_sender.hpp"
#include "otlp/refuse_grpc.hpp"
#include "otlp/signal_json.hpp"
#include "otlp/transcode.hpp"

namespace skein::otlp {

namespace sdk = opentelemetry::sdk;
using telemetry::otlp_config;

namespace {

// Both send one request, whole or not at all.
class signal_sender {
 public:
  explicit signal_sender(const otlp_config& config)
      : json_(config.protocol == telemetry::otlp_protocol::http_json),
        timeout_(config.timeout),
        sender_(config, json_ ? "application/json" : "application/x-protobuf") {}

  template <class Describe>
  sdk::common::ExportResult send(const char* what, Describe&& describe,
                                 std::string (*to_protobuf)(const json::object&)) noexcept {
    std::string why;
    try {
      const json::object request = describe();
      auto answer = sender_.send(json_ ? json::write_text(request) : to_protobuf(request),
                                 http_sender::clock::now() + timeout_);
      if (answer.outcome == http_sender::answer::kind::accepted) {
        return sdk::common::ExportResult::kSuccess;
      }
      why = answer.why;
    } catch (const std::exception& e) {
      why = e.what();
    }
    OTEL_INTERNAL_LOG_ERROR("[Skein] OTLP: " << what << " are lost: " << why);
    return sdk::common::ExportResult::kFailure;
  }
  void stop() noexcept { sender_.end_by(http_sender::clock::now()); }

 private:
  const bool json_;
  const std::chrono::milliseconds timeout_;
  http_sender sender_;
};

class http_metric_exporter final : public sdk::metrics::PushMetricExporter {
 public:
  explicit http_metric_exporter(const otlp_config& config) : sums_(config.sums), sender_(config) {}

  sdk::common::ExportResult Export(const sdk::metrics::ResourceMetrics& all) noexcept override {
    return sender_.send("metrics", [&] { return metrics_request(all); }, &metrics_to_protobuf);
  }
  // As the OTLP exporter's specification says (metrics/sdk_exporters/otlp).
  sdk::metrics::AggregationTemporality GetAggregationTemporality(
      sdk::metrics::InstrumentType type) const noexcept override {
    using enum sdk::metrics::InstrumentType;
    using enum otlp_config::temporality;
    const bool synchronous = type == kCounter || type == kHistogram;
    const bool is_delta = (sums_ == low_memory && synchronous) ||
                          (sums_ == delta && (synchronous || type == kObservableCounter));
    return is_delta ? sdk::metrics::AggregationTemporality::kDelta
                    : sdk::metrics::AggregationTemporality::kCumulative;
  }
  bool ForceFlush(std::chrono::microseconds) noexcept override { return true; }
  bool Shutdown(std::chrono::microseconds) noexcept override {
    sender_.stop();
    return true;
  }

 private:
  const otlp_config::temporality sums_;
  signal_sender sender_;
};

class http_log_exporter final : public sdk::logs::LogRecordExporter {
 public:
  explicit http_log_exporter(const otlp_config& config) : sender_(config) {}

  std::unique_ptr<sdk::logs::Recordable> MakeRecordable() noexcept override {
    return std::make_unique<telemetry::log_recorder>();
  }
  sdk::common::ExportResult Export(
      const opentelemetry::nostd::span<std::unique_ptr<sdk::logs::Recordable>>& batch) noexcept
      override {
    return sender_.send(
        "log records",
        [&] {
          std::vector<const telemetry::log_recorder*> all;
          for (const auto& r : batch) {
            all.push_back(static_cast<const telemetry::log_recorder*>(r.get()));
          }
          return logs_request(all);
        },
        &logs_to_protobuf);
  }
  bool ForceFlush(std::chrono::microseconds) noexcept override { return true; }
  bool Shutdown(std::chrono::microseconds) noexcept override {
    sender_.stop();
    return true;
  }

 private:
  signal_sender sender_;
};

}  // namespace

std::unique_ptr<sdk::metrics::PushMetricExporter> exporter_maker::metrics(
    const otlp_config& config) const {
  refuse_grpc(config);
  return std::make_unique<http_metric_exporter>(config);
}

std::unique_ptr<sdk::logs::LogRecordExporter> exporter_maker::logs(
    const otlp_config& config) const {
  refuse_grpc(config);
  return std::make_unique<http_log_exporter>(config);
}

}  // namespace skein::otlp
