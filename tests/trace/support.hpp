// What the trace tests share: made-up spans, and OTLP in Protobuf written by hand.
#pragma once

#include <cstdint>
#include <filesystem>
#include <protozero/pbf_writer.hpp>
#include <random>
#include <string>
#include <string_view>

#include <skein/trace/metrics.hpp>

#include "telemetry/support.hpp"

namespace skein::test {

using protozero::pbf_writer;

inline std::string raw_id(unsigned n, std::size_t size) {
  std::string id(size, '\0');
  id.back() = static_cast<char>(n);
  return id;
}

// A Span of opentelemetry-proto with what a test adds to it.
template <class More>
std::string proto_span(std::string_view trace_id, std::string_view span_id, More more) {
  std::string bytes;
  pbf_writer span(bytes);
  span.add_bytes(1, trace_id.data(), trace_id.size());
  span.add_bytes(2, span_id.data(), span_id.size());
  more(span);
  return bytes;
}
inline std::string proto_span(std::string_view trace_id, std::string_view span_id) {
  return proto_span(trace_id, span_id, [](pbf_writer&) {});
}
inline void add_text_attribute(pbf_writer& to, protozero::pbf_tag_type tag, const std::string& key,
                               const std::string& value) {
  pbf_writer attribute(to, tag);
  attribute.add_string(1, key);
  pbf_writer any(attribute, 2);
  any.add_string(1, value);
}
inline std::string proto_request(const std::vector<std::string>& spans) {
  std::string bytes;
  pbf_writer request(bytes);
  {
    pbf_writer resource_spans(request, 1);
    {
      pbf_writer resource(resource_spans, 1);
      add_text_attribute(resource, 1, "service.name", "test");
    }
    pbf_writer scope_spans(resource_spans, 2);
    {
      pbf_writer scope(scope_spans, 1);
      scope.add_string(1, "tester");
      scope.add_string(2, "1.0");
    }
    for (const auto& s : spans) scope_spans.add_message(2, s);
  }
  return bytes;
}

// A Metric: a counter with one cumulative point, or with these bytes as its point.
inline std::string proto_metric_of(const std::string& name, const std::string& point) {
  std::string bytes;
  {
    pbf_writer metric(bytes);
    metric.add_string(1, name);
    pbf_writer sum(metric, 7);
    sum.add_message(1, point);
    sum.add_enum(2, 2);
    sum.add_bool(3, true);
  }
  return bytes;
}
inline std::string proto_counter(const std::string& name, std::int64_t value) {
  std::string point;
  {
    pbf_writer p(point);
    p.add_fixed64(2, 1'000'000);
    p.add_fixed64(3, 2'000'000);
    p.add_sfixed64(6, value);
    add_text_attribute(p, 7, "gen_ai.request.model", "m");
  }
  return proto_metric_of(name, point);
}
inline std::string proto_metrics(const std::vector<std::string>& metrics) {
  std::string bytes;
  {
    pbf_writer request(bytes);
    pbf_writer resource_metrics(request, 1);
    {
      pbf_writer resource(resource_metrics, 1);
      add_text_attribute(resource, 1, "service.name", "test");
    }
    pbf_writer scope_metrics(resource_metrics, 2);
    {
      pbf_writer scope(scope_metrics, 1);
      scope.add_string(1, "tester");
    }
    for (const auto& m : metrics) scope_metrics.add_message(2, m);
  }
  return bytes;
}

// A cumulative point of a counter, in milliseconds as spans of make() are.
inline trace::metric_point metric(std::string name, double sum, json::object attributes = {}) {
  return {.name = std::move(name),
          .temporality = trace::metric_point::since::start,
          .start = 1'000'000,
          .time = 1'000'000'000,
          .sum = sum,
          .attributes = std::move(attributes)};
}

// A folder for the test, gone after it.
class temporary_folder {
 public:
  temporary_folder() {
    std::random_device random;
    path_ = std::filesystem::temp_directory_path() / ("skein-test-" + std::to_string(random()));
    std::filesystem::create_directory(path_);
  }
  temporary_folder(const temporary_folder&) = delete;
  temporary_folder& operator=(const temporary_folder&) = delete;
  ~temporary_folder() { std::filesystem::remove_all(path_); }
  [[nodiscard]] std::string file(const char* name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

}  // namespace skein::test
