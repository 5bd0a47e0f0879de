// Metrics and log records of the program, in memory.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <opentelemetry/logs/provider.h>
#include <opentelemetry/metrics/provider.h>
#include <opentelemetry/sdk/logs/logger_provider.h>
#include <opentelemetry/sdk/logs/processor.h>
#include <opentelemetry/sdk/metrics/data/metric_data.h>
#include <opentelemetry/sdk/metrics/meter_provider.h>
#include <opentelemetry/sdk/metrics/metric_reader.h>

#include <skein/json/text.hpp>
#include <skein/telemetry/views.hpp>

#include "telemetry/log_recorder.hpp"

namespace skein::test {

namespace metrics_api = opentelemetry::metrics;
namespace metrics_sdk = opentelemetry::sdk::metrics;
namespace logs_api = opentelemetry::logs;
namespace logs_sdk = opentelemetry::sdk::logs;

struct metric_point {
  std::string name;
  std::string unit;
  std::string scope;
  json::object attributes;
  bool is_histogram = false;
  double sum = 0;
  std::uint64_t count = 0;  // of a histogram
  std::vector<double> boundaries = {};

  // An attribute's text, "-" if it is not there.
  [[nodiscard]] std::string at(std::string_view key) const {
    const auto* v = attributes.if_contains(key);
    return v == nullptr ? "-" : v->is_string() ? std::string(v->as_string()) : json::serialize(*v);
  }
};

// A meter provider with Skein's views, and all that went to it. Sums since the beginning.
class metric_book {
 public:
  metric_book() : provider_(new metrics_sdk::MeterProvider), reader_(std::make_shared<reader>()) {
    telemetry::add_views(*provider_);
    provider_->AddMetricReader(reader_);
    shared_ = opentelemetry::nostd::shared_ptr<metrics_api::MeterProvider>(provider_);
  }
  [[nodiscard]] opentelemetry::nostd::shared_ptr<metrics_api::MeterProvider> provider() const {
    return shared_;
  }
  [[nodiscard]] std::vector<metric_point> all() const {
    std::vector<metric_point> out;
    reader_->Collect([&](metrics_sdk::ResourceMetrics& from) {
      for (const auto& scope : from.scope_metric_data_) {
        for (const auto& m : scope.metric_data_) {
          for (const auto& p : m.point_data_attr_) {
            out.push_back(point(scope.scope_->GetName(), m.instrument_descriptor, p));
          }
        }
      }
      return true;
    });
    return out;
  }
  [[nodiscard]] std::vector<metric_point> all(std::string_view name) const {
    auto found = all();
    std::erase_if(found, [&](const auto& p) { return p.name != name; });
    return found;
  }
  // Over all attributes.
  [[nodiscard]] double sum(std::string_view name) const {
    double total = 0;
    for (const auto& p : all(name)) total += p.sum;
    return total;
  }
  [[nodiscard]] std::uint64_t count(std::string_view name) const {
    std::uint64_t total = 0;
    for (const auto& p : all(name)) total += p.count;
    return total;
  }

 private:
  struct reader final : metrics_sdk::MetricReader {
    metrics_sdk::AggregationTemporality GetAggregationTemporality(
        metrics_sdk::InstrumentType) const noexcept override {
      return metrics_sdk::AggregationTemporality::kCumulative;
    }
    bool OnForceFlush(std::chrono::microseconds) noexcept override { return true; }
    bool OnShutDown(std::chrono::microseconds) noexcept override { return true; }
  };
  static double number(const metrics_sdk::ValueType& v) {
    return opentelemetry::nostd::visit([](auto n) { return static_cast<double>(n); }, v);
  }
  static metric_point point(const std::string& scope,
                            const metrics_sdk::InstrumentDescriptor& about,
                            const metrics_sdk::PointDataAttributes& from) {
    namespace nostd = opentelemetry::nostd;
    metric_point p{.name = about.name_, .unit = about.unit_, .scope = scope, .attributes = {}};
    for (const auto& [key, value] : from.attributes) {
      if (const auto* text = nostd::get_if<std::string>(&value)) p.attributes[key] = *text;
      if (const auto* n = nostd::get_if<std::int64_t>(&value)) p.attributes[key] = *n;
    }
    if (const auto* h = nostd::get_if<metrics_sdk::HistogramPointData>(&from.point_data)) {
      p.is_histogram = true;
      p.sum = number(h->sum_);
      p.count = h->count_;
      p.boundaries = h->boundaries_;
    } else if (const auto* s = nostd::get_if<metrics_sdk::SumPointData>(&from.point_data)) {
      p.sum = number(s->value_);
    }
    return p;
  }
  metrics_sdk::MeterProvider* provider_;
  opentelemetry::nostd::shared_ptr<metrics_api::MeterProvider> shared_;
  std::shared_ptr<reader> reader_;
};

// A logger provider, and all that went to it.
class log_book {
 public:
  log_book() : provider_(new logs_sdk::LoggerProvider(std::make_unique<processor>(book_))) {}
  [[nodiscard]] opentelemetry::nostd::shared_ptr<logs_api::LoggerProvider> provider() const {
    return provider_;
  }
  [[nodiscard]] std::vector<telemetry::log_record> all(std::string_view name = {}) const {
    std::lock_guard lock(book_->mutex);
    auto found = book_->records;
    if (!name.empty()) std::erase_if(found, [&](const auto& r) { return r.name != name; });
    return found;
  }
  [[nodiscard]] std::string everything() const {
    std::string text;
    for (const auto& r : all()) text += json::serialize(r.attributes) + json::serialize(r.body);
    return text;
  }

 private:
  struct book {
    std::mutex mutex;
    std::vector<telemetry::log_record> records;
  };
  class processor final : public logs_sdk::LogRecordProcessor {
   public:
    explicit processor(std::shared_ptr<book> b) : book_(std::move(b)) {}
    std::unique_ptr<logs_sdk::Recordable> MakeRecordable() noexcept override {
      return std::make_unique<telemetry::log_recorder>();
    }
    void OnEmit(std::unique_ptr<logs_sdk::Recordable>&& r) noexcept override {
      std::lock_guard lock(book_->mutex);
      book_->records.push_back(static_cast<telemetry::log_recorder&>(*r).record());
    }
    bool ForceFlush(std::chrono::microseconds) noexcept override { return true; }
    bool Shutdown(std::chrono::microseconds) noexcept override { return true; }

   private:
    std::shared_ptr<book> book_;
  };
  std::shared_ptr<book> book_ = std::make_shared<book>();
  opentelemetry::nostd::shared_ptr<logs_api::LoggerProvider> provider_;
};

// Makes every metric and log record of the program go to these books, until it dies.
class scoped_signals {
 public:
  scoped_signals(const metric_book& metrics, const log_book& logs)
      : meters_(metrics_api::Provider::GetMeterProvider()),
        loggers_(logs_api::Provider::GetLoggerProvider()) {
    metrics_api::Provider::SetMeterProvider(metrics.provider());
    logs_api::Provider::SetLoggerProvider(logs.provider());
  }
  scoped_signals(const scoped_signals&) = delete;
  scoped_signals& operator=(const scoped_signals&) = delete;
  ~scoped_signals() {
    metrics_api::Provider::SetMeterProvider(meters_);
    logs_api::Provider::SetLoggerProvider(loggers_);
  }

 private:
  opentelemetry::nostd::shared_ptr<metrics_api::MeterProvider> meters_;
  opentelemetry::nostd::shared_ptr<logs_api::LoggerProvider> loggers_;
};

}  // namespace skein::test
