#include <cstdint>
#include <exception>
#include <map>
#include <string_view>
#include <utility>
#include <vector>

#include <opentelemetry/nostd/variant.h>
#include <opentelemetry/sdk/common/global_log_handler.h>
#include <opentelemetry/sdk/instrumentationscope/instrumentation_scope.h>
#include <opentelemetry/sdk/metrics/data/metric_data.h>
#include <opentelemetry/sdk/metrics/export/metric_producer.h>
#include <opentelemetry/sdk/resource/resource.h>

#include <skein/trace/exporter.hpp>

#include "telemetry/owned_value.hpp"
#include "telemetry/recorder.hpp"

namespace skein::trace {

namespace nostd = opentelemetry::nostd;
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

template <class Map>
json::object sorted_object(const Map& attributes) {
  std::map<std::string_view, json::value> sorted;
  for (const auto& [key, value] : attributes) {
    sorted[key] = nostd::visit(telemetry::owned_to_value{}, value);
  }
  json::object out;
  for (auto& [key, value] : sorted) out.emplace(key, std::move(value));
  return out;
}

double number(const sdk::metrics::ValueType& v) {
  return nostd::visit([](auto n) { return static_cast<double>(n); }, v);
}

// False for forms that say nothing here.
bool set_value(metric_point& p, const sdk::metrics::PointType& from) {
  using form = metric_point::form;
  if (const auto* h = nostd::get_if<sdk::metrics::HistogramPointData>(&from)) {
    p.kind = form::histogram;
    p.count = static_cast<std::int64_t>(h->count_);
    p.sum = number(h->sum_);
  } else if (const auto* s = nostd::get_if<sdk::metrics::SumPointData>(&from)) {
    p.kind = s->is_monotonic_ ? form::counter : form::up_down_counter;
    p.sum = number(s->value_);
  } else if (const auto* l = nostd::get_if<sdk::metrics::LastValuePointData>(&from)) {
    p.kind = form::gauge;
    p.sum = number(l->value_);
  } else {
    return false;
  }
  return true;
}

std::vector<metric_point> points_of(const sdk::metrics::ResourceMetrics& all) {
  std::vector<metric_point> out;
  json::object resource;
  if (all.resource_ != nullptr) resource = sorted_object(all.resource_->GetAttributes());
  for (const auto& scope : all.scope_metric_data_) {
    for (const auto& m : scope.metric_data_) {
      const bool delta = m.aggregation_temporality == sdk::metrics::AggregationTemporality::kDelta;
      for (const auto& from : m.point_data_attr_) {
        metric_point p{
            .name = m.instrument_descriptor.name_,
            .temporality = delta ? metric_point::since::last : metric_point::since::start,
            .start = m.start_ts.time_since_epoch().count(),
            .time = m.end_ts.time_since_epoch().count(),
            .attributes = sorted_object(from.attributes),
            .resource = resource};
        if (!set_value(p, from.point_data)) continue;
        if (scope.scope_ != nullptr) {
          p.scope_name = scope.scope_->GetName();
          p.scope_version = scope.scope_->GetVersion();
        }
        out.push_back(std::move(p));
      }
    }
  }
  return out;
}

class metric_exporter final : public sdk::metrics::PushMetricExporter {
 public:
  explicit metric_exporter(store into) : store_(std::move(into)) {}

  sdk::common::ExportResult Export(const sdk::metrics::ResourceMetrics& all) noexcept override {
    try {
      store_.insert(points_of(all));
      return sdk::common::ExportResult::kSuccess;
    } catch (const std::exception& e) {
      OTEL_INTERNAL_LOG_ERROR("[Skein] metrics were not stored: " << e.what());
      return sdk::common::ExportResult::kFailure;
    }
  }
  sdk::metrics::AggregationTemporality GetAggregationTemporality(
      sdk::metrics::InstrumentType) const noexcept override {
    return sdk::metrics::AggregationTemporality::kCumulative;
  }
  bool ForceFlush(std::chrono::microseconds) noexcept override { return true; }
  bool Shutdown(std::chrono::microseconds) noexcept override { return true; }

 private:
  store store_;
};

}  // namespace

std::unique_ptr<sdk::metrics::PushMetricExporter> make_metric_exporter(store into) {
  return std::make_unique<metric_exporter>(std::move(into));
}

std::unique_ptr<sdk::trace::SpanExporter> make_exporter(store into) {
  return std::make_unique<store_exporter>(std::move(into));
}

}  // namespace skein::trace
