// Metrics in OTLP, as Protobuf and as JSON.
#include <algorithm>
#include <array>
#include <format>
#include <optional>
#include <protozero/pbf_reader.hpp>
#include <string>
#include <utility>
#include <vector>

#include <skein/json/text.hpp>
#include <skein/trace/metrics.hpp>

#include "telemetry/otlp_document.hpp"
#include "trace/otlp_bytes.hpp"

namespace skein::trace {

namespace {

using protozero::pbf_reader;
using form = metric_point::form;
using since = metric_point::since;
using telemetry::place;

// Field numbers of opentelemetry-proto: metrics/v1.
namespace metric_field {
enum of_metric : protozero::pbf_tag_type {
  name = 1,
  gauge = 5,
  sum = 7,
  histogram = 9,
  exponential_histogram = 10,
  summary = 11
};
enum of_data : protozero::pbf_tag_type { data_points = 1, temporality = 2, is_monotonic = 3 };
enum of_point : protozero::pbf_tag_type { start = 2, time = 3 };
enum of_number : protozero::pbf_tag_type {
  as_double = 4,
  as_int = 6,
  number_attributes = 7,
  number_flags = 8
};
enum of_distribution : protozero::pbf_tag_type { count = 4, total = 5, flags = 10 };
constexpr protozero::pbf_tag_type histogram_attributes = 9;
constexpr protozero::pbf_tag_type exponential_attributes = 1;
constexpr protozero::pbf_tag_type summary_attributes = 7;
}  // namespace metric_field

constexpr std::int64_t no_value_flag = 1;

since temporality_of(std::int64_t number) {
  if (number == 1) return since::last;
  return number == 2 ? since::start : since::unspecified;
}

std::int64_t counted(std::uint64_t n) {
  if (!std::in_range<std::int64_t>(n)) throw damaged("a count is too large");
  return static_cast<std::int64_t>(n);
}

// Nothing: it has no value.
std::optional<metric_point> read_number(pbf_reader m) {
  metric_point p;
  bool valued = true;
  while (m.next()) {
    switch (m.tag()) {
      case metric_field::start:
        p.start = time_of(m);
        break;
      case metric_field::time:
        p.time = time_of(m);
        break;
      case metric_field::as_double:
        p.sum = double_of(m);
        break;
      case metric_field::as_int:
        p.sum = static_cast<double>(static_cast<std::int64_t>(fixed64_of(m)));
        break;
      case metric_field::number_attributes:
        add_attribute(p.attributes, message_of(m));
        break;
      case metric_field::number_flags:
        valued = (varint_of(m) & no_value_flag) == 0;
        break;
      default:
        m.skip();
    }
  }
  if (!valued) return std::nullopt;
  return p;
}

std::optional<metric_point> read_distribution(pbf_reader m, protozero::pbf_tag_type attributes) {
  metric_point p;
  bool valued = true;
  while (m.next()) {
    if (m.tag() == attributes) {
      add_attribute(p.attributes, message_of(m));
      continue;
    }
    switch (m.tag()) {
      case metric_field::start:
        p.start = time_of(m);
        break;
      case metric_field::time:
        p.time = time_of(m);
        break;
      case metric_field::count:
        p.count = counted(fixed64_of(m));
        break;
      case metric_field::total:
        p.sum = double_of(m);
        break;
      case metric_field::flags:
        // A summary's are elsewhere, and nobody sets them.
        valued = (varint_of(m) & no_value_flag) == 0;
        break;
      default:
        m.skip();
    }
  }
  if (!valued) return std::nullopt;
  return p;
}

class bytes_reader {
 public:
  std::expected<otlp_metrics, read_error> read(std::string_view bytes) {
    auto failed = request_.read(bytes, [this](pbf_reader m) { read_metric(m); });
    if (failed) return std::unexpected(*std::move(failed));
    return std::move(out_);
  }

 private:
  // A name and a temporality may come after their points.
  void read_metric(pbf_reader m) {
    std::string name;
    auto first = out_.points.size();
    while (m.next()) {
      switch (m.tag()) {
        case metric_field::name:
          name = text_of(m);
          break;
        case metric_field::gauge:
          read_data(message_of(m), form::gauge, read_number);
          break;
        case metric_field::sum:
          read_data(message_of(m), form::up_down_counter, read_number);
          break;
        case metric_field::histogram:
          read_data(message_of(m), form::histogram, [](pbf_reader p) {
            return read_distribution(p, metric_field::histogram_attributes);
          });
          break;
        case metric_field::exponential_histogram:
          read_data(message_of(m), form::histogram, [](pbf_reader p) {
            return read_distribution(p, metric_field::exponential_attributes);
          });
          break;
        case metric_field::summary:
          read_data(message_of(m), form::summary, [](pbf_reader p) {
            return read_distribution(p, metric_field::summary_attributes);
          });
          break;
        default:
          m.skip();
      }
    }
    for (auto i = first; i < out_.points.size(); ++i) out_.points[i].name = name;
  }

  template <class Read>
  void read_data(pbf_reader m, form kind, Read read) {
    auto sums = since::unspecified;
    bool monotonic = false;
    auto first = out_.points.size();
    while (m.next()) {
      if (m.tag() == metric_field::data_points) {
        try {
          auto p = read(message_of(m));
          if (p) out_.points.push_back(*std::move(p));
        } catch (const protozero::exception& e) {
          if (out_.rejected++ == 0)
            out_.first_rejection = std::format("{}: {}", request_.where(), e.what());
        }
      } else if (m.tag() == metric_field::temporality && kind != form::gauge &&
                 kind != form::summary) {
        sums = temporality_of(varint_of(m));
      } else if (m.tag() == metric_field::is_monotonic && kind == form::up_down_counter) {
        monotonic = varint_of(m) != 0;
      } else {
        m.skip();
      }
    }
    for (auto i = first; i < out_.points.size(); ++i) {
      out_.points[i].kind = monotonic ? form::counter : kind;
      out_.points[i].temporality = sums;
    }
  }

  otlp_metrics out_;
  request_reader<metric_point> request_{"metrics", out_.points};
};

struct named_form {
  std::string_view key;
  form kind;
};
constexpr std::array forms{
    named_form{"gauge", form::gauge}, named_form{"sum", form::up_down_counter},
    named_form{"histogram", form::histogram}, named_form{"exponentialHistogram", form::histogram},
    named_form{"summary", form::summary}};

since temporality_at(const place& data) {
  auto p = data.at("aggregationTemporality");
  if (auto name = p.if_text()) {
    if (*name == "AGGREGATION_TEMPORALITY_DELTA") return since::last;
    if (*name == "AGGREGATION_TEMPORALITY_CUMULATIVE") return since::start;
    if (*name == "AGGREGATION_TEMPORALITY_UNSPECIFIED") return since::unspecified;
  }
  return temporality_of(p.integer());
}

bool has_value(const place& p) { return (p.at("flags").integer() & no_value_flag) == 0; }

metric_point read_point(const place& p, form kind) {
  metric_point out{.kind = kind,
                   .start = p.at("startTimeUnixNano").integer(),
                   .time = p.at("timeUnixNano").integer(),
                   .attributes = p.at("attributes").attributes()};
  if (kind == form::histogram || kind == form::summary) {
    out.count = p.at("count").integer();
    out.sum = p.at("sum").number();
    if (out.count < 0) p.complain("has a negative count");
  } else if (auto whole = p.at("asInt"); whole.is_there()) {
    out.sum = static_cast<double>(whole.integer());
  } else {
    out.sum = p.at("asDouble").number();
  }
  return out;
}

void read_metric(const telemetry::origin_of_items& origin, const place& m, std::size_t line,
                 otlp_metrics& out) {
  auto name = m.at("name").text();
  for (const auto& f : forms) {
    auto data = m.at(f.key);
    if (!data.is_there()) continue;
    auto sums = temporality_at(data);
    const bool monotonic = f.kind == form::up_down_counter && data.at("isMonotonic").flag();
    auto points = data.at("dataPoints");
    for (std::size_t k = 0, ps = points.size(); k < ps; ++k) {
      std::string complaint;
      auto at = points[k].complaining_to(complaint);
      const bool valued = has_value(at);
      auto p = read_point(at, f.kind);
      if (!complaint.empty()) {
        if (out.rejected++ == 0) out.first_rejection = std::format("line {}: {}", line, complaint);
        continue;
      }
      if (!valued) continue;
      p.name = name;
      p.temporality = sums;
      if (monotonic) p.kind = form::counter;
      p.scope_name = origin.scope_name;
      p.scope_version = origin.scope_version;
      p.resource = origin.resource;
      out.points.push_back(std::move(p));
    }
  }
}

void read_request(const place& request, std::size_t line, otlp_metrics& out) {
  constexpr telemetry::request_keys keys{"resourceMetrics", "scopeMetrics", "metrics"};
  telemetry::each_item(request, keys,
                       [&](const telemetry::origin_of_items& origin, const place& m) {
                         read_metric(origin, m, line, out);
                       });
}

json::object point_object(const metric_point& p) {
  json::object o{{"startTimeUnixNano", telemetry::int64_text(p.start)},
                 {"timeUnixNano", telemetry::int64_text(p.time)},
                 {"attributes", telemetry::key_values(p.attributes)}};
  if (p.kind == form::histogram || p.kind == form::summary) {
    o["count"] = telemetry::int64_text(p.count);
    o["sum"] = telemetry::double_value(p.sum);
  } else {
    o["asDouble"] = telemetry::double_value(p.sum);
  }
  return o;
}

}  // namespace

std::string_view name_of(form f) noexcept {
  constexpr std::array names{"gauge", "counter", "up_down_counter", "histogram", "summary"};
  return names[static_cast<std::size_t>(f)];
}
std::string_view name_of(since t) noexcept {
  constexpr std::array names{"unspecified", "delta", "cumulative"};
  return names[static_cast<std::size_t>(t)];
}

std::expected<otlp_metrics, read_error> read_metrics_protobuf(std::string_view bytes) {
  return bytes_reader().read(bytes);
}

std::expected<otlp_metrics, read_error> read_metrics_json(std::string_view text) {
  otlp_metrics out;
  auto complaint = telemetry::each_document(
      text, [&](const place& request, std::size_t line) { read_request(request, line, out); });
  if (!complaint.empty()) return std::unexpected(read_error{std::move(complaint)});
  return out;
}

std::string to_otlp_json_line(std::span<const metric_point> points) {
  // A resource and a scope for each run of points that share them, a metric for each run of those
  // that share a name and a form.
  json::array resources;
  const metric_point* last = nullptr;
  json::array* metrics = nullptr;
  json::array* data_points = nullptr;
  for (const auto& p : points) {
    const bool same_origin = last != nullptr && last->scope_name == p.scope_name &&
                             last->scope_version == p.scope_version && last->resource == p.resource;
    if (!same_origin) {
      json::object scope{{"name", p.scope_name}};
      if (!p.scope_version.empty()) scope["version"] = p.scope_version;
      resources.push_back(json::object{
          {"resource", json::object{{"attributes", telemetry::key_values(p.resource)}}},
          {"scopeMetrics",
           json::array{json::object{{"scope", std::move(scope)}, {"metrics", json::array()}}}}});
      metrics = &resources.back()
                     .get_object()["scopeMetrics"]
                     .get_array()[0]
                     .get_object()["metrics"]
                     .get_array();
    }
    if (!same_origin || last->name != p.name || last->kind != p.kind ||
        last->temporality != p.temporality) {
      json::object data{{"dataPoints", json::array()}};
      const bool sum = p.kind == form::counter || p.kind == form::up_down_counter;
      if (sum || p.kind == form::histogram) {
        data["aggregationTemporality"] = static_cast<int>(p.temporality);
      }
      if (sum) data["isMonotonic"] = p.kind == form::counter;
      auto key = sum ? std::string_view("sum") : name_of(p.kind);
      metrics->push_back(json::object{{"name", p.name}, {key, std::move(data)}});
      data_points = &metrics->back().get_object()[key].get_object()["dataPoints"].get_array();
    }
    data_points->push_back(point_object(p));
    last = &p;
  }
  return json::write_text(json::object{{"resourceMetrics", std::move(resources)}});
}

}  // namespace skein::trace
