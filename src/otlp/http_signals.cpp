// Exporters of metrics and log records.
#include <concepts>
#include <cstddef>
#include <exception>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <opentelemetry/sdk/common/global_log_handler.h>

#include <skein/json/text.hpp>
#include <skein/otlp/exporter.hpp>
#include <skein/telemetry/span_sink.hpp>

#include "otlp/answers.hpp"
#include "otlp/http_sender.hpp"
#include "otlp/refuse_grpc.hpp"
#include "otlp/signal_json.hpp"
#include "otlp/transcode.hpp"

namespace skein::otlp {

namespace sdk = opentelemetry::sdk;
using telemetry::otlp_config;

namespace {

class signal_sender {
 public:
  explicit signal_sender(const otlp_config& config)
      : timeout_(config.timeout), sender_(config), json_(sender_.format() == wire_format::json) {}

  struct signal {
    const char* plural;
    const char* rejected_name;
    std::string (*to_protobuf)(const json::object&);
  };
  // `describe()` makes the request; `describe(first, count)` makes one of some of them.
  template <class Describe>
  sdk::common::ExportResult send(const signal& what, std::size_t count,
                                 Describe&& describe) noexcept {
    last_ = {};
    try {
      last_ = send_some(what, 0, count, http_sender::clock::now() + timeout_, describe);
    } catch (const std::exception& e) {
      OTEL_INTERNAL_LOG_ERROR("[Skein] OTLP: " << what.plural << " are lost: " << e.what());
      last_.lose(telemetry::loss::export_failed, count, e.what());
    }
    return last_.ok() ? sdk::common::ExportResult::kSuccess : sdk::common::ExportResult::kFailure;
  }
  [[nodiscard]] const telemetry::sent_counts& last() const noexcept { return last_; }
  void stop() noexcept { sender_.end_by(http_sender::clock::now()); }

 private:
  // In halves, as spans.
  template <class Describe>
  telemetry::sent_counts send_some(const signal& what, std::size_t first, std::size_t count,
                                   http_sender::clock::time_point deadline, Describe& describe) {
    using kind = http_sender::answer::kind;
    constexpr bool divisible = std::invocable<Describe&, std::size_t, std::size_t>;
    json::object request;
    if constexpr (divisible) {
      request = describe(first, count);
    } else {
      request = describe();
    }
    auto answer =
        sender_.send(json_ ? json::write_text(request) : what.to_protobuf(request), deadline);
    if (answer.outcome == kind::accepted) {
      return counts_of_accepted(answer.body, sender_.format(), what.plural, what.rejected_name,
                                count);
    }
    if constexpr (divisible) {
      if (count > 1 && answer.for_its_content()) {
        const auto half = count / 2;
        auto sent = send_some(what, first, half, deadline, describe);
        sent += send_some(what, first + half, count - half, deadline, describe);
        return sent;
      }
    }
    OTEL_INTERNAL_LOG_ERROR("[Skein] OTLP: " << what.plural << " are lost: " << answer.why);
    telemetry::sent_counts lost;
    lost.lose(
        answer.outcome == kind::refused ? telemetry::loss::refused : telemetry::loss::no_answer,
        count, answer.why);
    return lost;
  }

  const std::chrono::milliseconds timeout_;
  http_sender sender_;
  const bool json_;
  telemetry::sent_counts last_;
};

class http_metric_exporter final : public sdk::metrics::PushMetricExporter,
                                   public telemetry::telling_exporter {
 public:
  explicit http_metric_exporter(const otlp_config& config) : sums_(config.sums), sender_(config) {}

  sdk::common::ExportResult Export(const sdk::metrics::ResourceMetrics& all) noexcept override {
    std::size_t points = 0;
    for (const auto& scope : all.scope_metric_data_) {
      for (const auto& m : scope.metric_data_) points += m.point_data_attr_.size();
    }
    return sender_.send({"points of metrics", "rejectedDataPoints", &metrics_to_protobuf}, points,
                        [&] { return metrics_request(all); });
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
  const telemetry::sent_counts& last_export() const noexcept override { return sender_.last(); }
  bool ForceFlush(std::chrono::microseconds) noexcept override { return true; }
  bool Shutdown(std::chrono::microseconds) noexcept override {
    sender_.stop();
    return true;
  }

 private:
  const otlp_config::temporality sums_;
  signal_sender sender_;
};

class http_log_exporter final : public sdk::logs::LogRecordExporter,
                                public telemetry::telling_exporter {
 public:
  explicit http_log_exporter(const otlp_config& config) : sender_(config) {}

  std::unique_ptr<sdk::logs::Recordable> MakeRecordable() noexcept override {
    return std::make_unique<telemetry::log_recorder>();
  }
  sdk::common::ExportResult Export(
      const opentelemetry::nostd::span<std::unique_ptr<sdk::logs::Recordable>>& batch) noexcept
      override {
    return sender_.send(
        {"log records", "rejectedLogRecords", &logs_to_protobuf}, batch.size(),
        [&](std::size_t first, std::size_t count) {
          std::vector<const telemetry::log_recorder*> some;
          for (std::size_t i = first; i < first + count; ++i) {
            some.push_back(static_cast<const telemetry::log_recorder*>(batch[i].get()));
          }
          return logs_request(some);
        });
  }
  const telemetry::sent_counts& last_export() const noexcept override { return sender_.last(); }
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
