#include "otlp/signal_json.hpp"

#include <cmath>
#include <cstdint>
#include <map>
#include <string>
#include <type_traits>
#include <utility>

#include <opentelemetry/sdk/instrumentationscope/instrumentation_scope.h>
#include <opentelemetry/sdk/metrics/data/metric_data.h>
#include <opentelemetry/sdk/resource/resource.h>

#include <skein/json/text.hpp>

namespace skein::otlp {

namespace sdk = opentelemetry::sdk;
namespace nostd = opentelemetry::nostd;
using telemetry::log_recorder;

namespace {

json::string text_of(std::string_view s) { return json::string(json::valid_utf8(s)); }
template <class T>
json::string digits_of(T n) {
  return json::string(std::to_string(n));
}
json::value number_of(double d) {
  if (std::isnan(d)) return "NaN";
  if (std::isinf(d)) return d > 0 ? "Infinity" : "-Infinity";
  return d;
}

// The values of opentelemetry-cpp's owned attributes, and those of JSON.
struct any_value_of {
  json::object operator()(bool v) const { return {{"boolValue", v}}; }
  json::object operator()(double v) const { return {{"doubleValue", number_of(v)}}; }
  json::object operator()(const std::string& v) const { return {{"stringValue", text_of(v)}}; }
  template <class T>
    requires std::is_integral_v<T>
  json::object operator()(T v) const {
    return {{"intValue", digits_of(v)}};
  }
  template <class T>
  json::object operator()(const std::vector<T>& all) const {
    json::array values;
    for (const T& v : all) values.push_back((*this)(v));
    return array(std::move(values));
  }
  json::object operator()(const json::value& v) const {
    if (const auto* b = v.if_bool()) return (*this)(*b);
    if (const auto* i = v.if_int64()) return (*this)(*i);
    if (const auto* u = v.if_uint64()) return (*this)(*u);
    if (const auto* d = v.if_double()) return (*this)(*d);
    if (const auto* s = v.if_string()) return {{"stringValue", *s}};
    if (const auto* all = v.if_array()) {
      json::array values;
      for (const auto& each : *all) values.push_back((*this)(each));
      return array(std::move(values));
    }
    return {{"stringValue", text_of(json::write_text(v))}};
  }
  static json::object array(json::array values) {
    return {{"arrayValue", json::object{{"values", std::move(values)}}}};
  }
};

template <class Map>
json::array key_values(const Map& attributes) {
  json::array out;
  for (const auto& [key, value] : attributes) {
    out.push_back(
        json::object{{"key", text_of(key)}, {"value", nostd::visit(any_value_of{}, value)}});
  }
  return out;
}
json::array key_values(const json::object& attributes) {
  json::array out;
  for (const auto& a : attributes) {
    out.push_back(json::object{{"key", a.key()}, {"value", any_value_of{}(a.value())}});
  }
  return out;
}

json::object of(const sdk::resource::Resource* r) {
  if (r == nullptr) return {};
  return {{"attributes", key_values(r->GetAttributes())}};
}
json::object of(const sdk::instrumentationscope::InstrumentationScope* s) {
  if (s == nullptr) return {};
  return {{"name", text_of(s->GetName())}, {"version", text_of(s->GetVersion())}};
}
json::string schema_of(const sdk::instrumentationscope::InstrumentationScope* s) {
  return s == nullptr ? json::string() : text_of(s->GetSchemaURL());
}

json::object point(const sdk::metrics::MetricData& m, const sdk::metrics::PointDataAttributes& p) {
  return {{"startTimeUnixNano", digits_of(m.start_ts.time_since_epoch().count())},
          {"timeUnixNano", digits_of(m.end_ts.time_since_epoch().count())},
          {"attributes", key_values(p.attributes)}};
}

void set_number(json::object& o, const sdk::metrics::ValueType& v) {
  if (const auto* i = nostd::get_if<std::int64_t>(&v)) {
    o["asInt"] = digits_of(*i);
  } else {
    o["asDouble"] = number_of(nostd::get<double>(v));
  }
}
double number(const sdk::metrics::ValueType& v) {
  return nostd::visit([](auto n) { return static_cast<double>(n); }, v);
}

void set_histogram(json::object& o, const sdk::metrics::HistogramPointData& h) {
  o["count"] = digits_of(h.count_);
  o["sum"] = number_of(number(h.sum_));
  json::array counts;
  for (auto c : h.counts_) counts.push_back(digits_of(c));
  json::array bounds;
  for (auto b : h.boundaries_) bounds.push_back(number_of(b));
  o["bucketCounts"] = std::move(counts);
  o["explicitBounds"] = std::move(bounds);
  if (h.record_min_max_ && h.count_ > 0) {
    o["min"] = number_of(number(h.min_));
    o["max"] = number_of(number(h.max_));
  }
}

// Empty if it has nothing to say.
json::object of(const sdk::metrics::MetricData& m) {
  json::array points;
  const char* kind = nullptr;
  bool monotonic = true;
  for (const auto& p : m.point_data_attr_) {
    auto o = point(m, p);
    if (const auto* h = nostd::get_if<sdk::metrics::HistogramPointData>(&p.point_data)) {
      kind = "histogram";
      set_histogram(o, *h);
    } else if (const auto* s = nostd::get_if<sdk::metrics::SumPointData>(&p.point_data)) {
      kind = "sum";
      monotonic = s->is_monotonic_;
      set_number(o, s->value_);
    } else if (const auto* l = nostd::get_if<sdk::metrics::LastValuePointData>(&p.point_data)) {
      kind = "gauge";
      set_number(o, l->value_);
    } else {
      continue;
    }
    points.push_back(std::move(o));
  }
  if (kind == nullptr) return {};
  json::object data{{"dataPoints", std::move(points)}};
  const std::string_view which = kind;
  if (which != "gauge") {
    data["aggregationTemporality"] =
        m.aggregation_temporality == sdk::metrics::AggregationTemporality::kDelta ? 1 : 2;
  }
  if (which == "sum") data["isMonotonic"] = monotonic;
  const auto& about = m.instrument_descriptor;
  return {{"name", text_of(about.name_)},
          {"description", text_of(about.description_)},
          {"unit", text_of(about.unit_)},
          {which, std::move(data)}};
}

json::object of(const telemetry::log_record& r) {
  json::object o{{"timeUnixNano", digits_of(r.time)},
                 {"observedTimeUnixNano", digits_of(r.time)},
                 {"attributes", key_values(r.attributes)},
                 {"flags", r.flags}};
  if (r.severity != 0) o["severityNumber"] = r.severity;
  if (!r.body.is_null()) o["body"] = any_value_of{}(r.body);
  if (!r.name.empty()) o["eventName"] = text_of(r.name);
  if (r.trace_id.find_first_not_of('0') != std::string::npos) {
    o["traceId"] = text_of(r.trace_id);
    o["spanId"] = text_of(r.span_id);
  }
  return o;
}

}  // namespace

json::object metrics_request(const sdk::metrics::ResourceMetrics& all) {
  json::array scopes;
  for (const auto& s : all.scope_metric_data_) {
    json::array metrics;
    for (const auto& m : s.metric_data_) {
      if (auto one = of(m); !one.empty()) metrics.push_back(std::move(one));
    }
    if (metrics.empty()) continue;
    scopes.push_back(json::object{{"scope", of(s.scope_)},
                                  {"metrics", std::move(metrics)},
                                  {"schemaUrl", schema_of(s.scope_)}});
  }
  return {{"resourceMetrics", json::array{json::object{{"resource", of(all.resource_)},
                                                       {"scopeMetrics", std::move(scopes)}}}}};
}

json::object log_json(const telemetry::log_record& record) { return of(record); }

json::object logs_request(const std::vector<const log_recorder*>& records) {
  using scope = const sdk::instrumentationscope::InstrumentationScope*;
  std::map<const sdk::resource::Resource*, std::map<scope, json::array>> groups;
  for (const auto* r : records) groups[r->resource()][r->scope()].push_back(of(r->record()));
  json::array resources;
  for (auto& [resource, scopes] : groups) {
    json::array scope_logs;
    for (auto& [s, logs] : scopes) {
      scope_logs.push_back(json::object{
          {"scope", of(s)}, {"logRecords", std::move(logs)}, {"schemaUrl", schema_of(s)}});
    }
    resources.push_back(
        json::object{{"resource", of(resource)}, {"scopeLogs", std::move(scope_logs)}});
  }
  return {{"resourceLogs", std::move(resources)}};
}

}  // namespace skein::otlp
