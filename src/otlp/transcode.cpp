#include "otlp/transcode.hpp"

#include <cstdint>
#include <cstdlib>
#include <protozero/pbf_writer.hpp>
#include <span>
#include <string_view>
#include <vector>

namespace skein::otlp {

namespace {

using protozero::pbf_writer;

// `number` is a signed or unsigned varint, `fixed` has 64 bits.
enum class wire {
  message,
  text,
  id,
  boolean,
  number,
  fixed,
  signed_fixed,
  fixed32,
  real,
  fixeds,
  reals
};

struct message;
struct field {
  std::string_view name;
  std::uint32_t number;
  wire type;
  const message* of = nullptr;
};
struct message {
  std::span<const field> fields;
};

// Of opentelemetry-proto 1.x: common, resource, metrics and logs.
struct values {  // of one another
  static const message any, array;
  static const field in_any[5], in_array[1];
};
constexpr field values::in_any[5]{
    {"stringValue", 1, wire::text},
    {"boolValue", 2, wire::boolean},
    {"intValue", 3, wire::number},
    {"doubleValue", 4, wire::real},
    {"arrayValue", 5, wire::message, &values::array},
};
constexpr field values::in_array[1]{{"values", 1, wire::message, &values::any}};
constexpr message values::any{values::in_any};
constexpr message values::array{values::in_array};
constexpr field key_value_fields[]{{"key", 1, wire::text},
                                   {"value", 2, wire::message, &values::any}};
constexpr message key_value{key_value_fields};
constexpr field resource_fields[]{{"attributes", 1, wire::message, &key_value}};
constexpr message resource{resource_fields};
constexpr field scope_fields[]{{"name", 1, wire::text}, {"version", 2, wire::text}};
constexpr message scope{scope_fields};

constexpr field number_point_fields[]{
    {"startTimeUnixNano", 2, wire::fixed},
    {"timeUnixNano", 3, wire::fixed},
    {"asDouble", 4, wire::real},
    {"asInt", 6, wire::signed_fixed},
    {"attributes", 7, wire::message, &key_value},
};
constexpr message number_point{number_point_fields};
constexpr field histogram_point_fields[]{
    {"startTimeUnixNano", 2, wire::fixed},
    {"timeUnixNano", 3, wire::fixed},
    {"count", 4, wire::fixed},
    {"sum", 5, wire::real},
    {"bucketCounts", 6, wire::fixeds},
    {"explicitBounds", 7, wire::reals},
    {"attributes", 9, wire::message, &key_value},
    {"min", 11, wire::real},
    {"max", 12, wire::real},
};
constexpr message histogram_point{histogram_point_fields};
constexpr field gauge_fields[]{{"dataPoints", 1, wire::message, &number_point}};
constexpr message gauge{gauge_fields};
constexpr field sum_fields[]{{"dataPoints", 1, wire::message, &number_point},
                             {"aggregationTemporality", 2, wire::number},
                             {"isMonotonic", 3, wire::boolean}};
constexpr message sum{sum_fields};
constexpr field histogram_fields[]{{"dataPoints", 1, wire::message, &histogram_point},
                                   {"aggregationTemporality", 2, wire::number}};
constexpr message histogram{histogram_fields};
constexpr field metric_fields[]{
    {"name", 1, wire::text},         {"description", 2, wire::text},
    {"unit", 3, wire::text},         {"gauge", 5, wire::message, &gauge},
    {"sum", 7, wire::message, &sum}, {"histogram", 9, wire::message, &histogram},
};
constexpr message metric{metric_fields};
constexpr field scope_metrics_fields[]{{"scope", 1, wire::message, &scope},
                                       {"metrics", 2, wire::message, &metric},
                                       {"schemaUrl", 3, wire::text}};
constexpr message scope_metrics{scope_metrics_fields};
constexpr field resource_metrics_fields[]{{"resource", 1, wire::message, &resource},
                                          {"scopeMetrics", 2, wire::message, &scope_metrics}};
constexpr message resource_metrics{resource_metrics_fields};
constexpr field metrics_message_fields[]{{"resourceMetrics", 1, wire::message, &resource_metrics}};
constexpr message metrics_message{metrics_message_fields};

constexpr field log_fields[]{
    {"timeUnixNano", 1, wire::fixed},
    {"severityNumber", 2, wire::number},
    {"severityText", 3, wire::text},
    {"body", 5, wire::message, &values::any},
    {"attributes", 6, wire::message, &key_value},
    {"flags", 8, wire::fixed32},
    {"traceId", 9, wire::id},
    {"spanId", 10, wire::id},
    {"observedTimeUnixNano", 11, wire::fixed},
    {"eventName", 12, wire::text},
};
constexpr message log{log_fields};
constexpr field scope_logs_fields[]{{"scope", 1, wire::message, &scope},
                                    {"logRecords", 2, wire::message, &log},
                                    {"schemaUrl", 3, wire::text}};
constexpr message scope_logs{scope_logs_fields};
constexpr field resource_logs_fields[]{{"resource", 1, wire::message, &resource},
                                       {"scopeLogs", 2, wire::message, &scope_logs}};
constexpr message resource_logs{resource_logs_fields};
constexpr field logs_message_fields[]{{"resourceLogs", 1, wire::message, &resource_logs}};
constexpr message logs_message{logs_message_fields};

// 64-bit integers are strings in OTLP's JSON.
std::int64_t integer(const json::value& v) {
  if (const auto* s = v.if_string()) return std::strtoll(s->c_str(), nullptr, 10);
  if (const auto* i = v.if_int64()) return *i;
  if (const auto* u = v.if_uint64()) return static_cast<std::int64_t>(*u);
  return 0;
}
double number_in(const json::value& v) {
  if (const auto* d = v.if_double()) return *d;
  if (const auto* s = v.if_string()) return std::strtod(s->c_str(), nullptr);  // NaN, Infinity
  return static_cast<double>(integer(v));
}
std::string bytes_of(std::string_view hex) {
  std::string out;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    out += static_cast<char>(std::strtol(std::string(hex.substr(i, 2)).c_str(), nullptr, 16));
  }
  return out;
}

void write(pbf_writer& to, const json::object& from, const message& as);

void write_one(pbf_writer& to, const json::value& v, const field& f) {
  switch (f.type) {
    case wire::message:
      if (const auto* o = v.if_object()) {
        pbf_writer inner(to, f.number);
        write(inner, *o, *f.of);
      }
      break;
    case wire::text:
      if (const auto* s = v.if_string()) to.add_string(f.number, s->data(), s->size());
      break;
    case wire::id:
      if (const auto* s = v.if_string()) to.add_bytes(f.number, bytes_of(*s));
      break;
    case wire::boolean:
      to.add_bool(f.number, v.is_bool() && v.get_bool());
      break;
    case wire::number:
      to.add_int64(f.number, integer(v));
      break;
    case wire::fixed:
      to.add_fixed64(f.number, static_cast<std::uint64_t>(integer(v)));
      break;
    case wire::signed_fixed:
      to.add_sfixed64(f.number, integer(v));
      break;
    case wire::fixed32:
      to.add_fixed32(f.number, static_cast<std::uint32_t>(integer(v)));
      break;
    case wire::real:
      to.add_double(f.number, number_in(v));
      break;
    case wire::fixeds:
    case wire::reals:
      break;
  }
}

void write(pbf_writer& to, const json::object& from, const message& as) {
  for (const auto& f : as.fields) {
    const auto* v = from.if_contains(f.name);
    if (v == nullptr) continue;
    const auto* all = v->if_array();
    if (all == nullptr) {
      write_one(to, *v, f);
    } else if (f.type == wire::fixeds) {
      std::vector<std::uint64_t> packed;
      for (const auto& each : *all) packed.push_back(static_cast<std::uint64_t>(integer(each)));
      to.add_packed_fixed64(f.number, packed.begin(), packed.end());
    } else if (f.type == wire::reals) {
      std::vector<double> packed;
      for (const auto& each : *all) packed.push_back(number_in(each));
      to.add_packed_double(f.number, packed.begin(), packed.end());
    } else {
      for (const auto& each : *all) write_one(to, each, f);
    }
  }
}

std::string written(const json::object& request, const message& as) {
  std::string out;
  pbf_writer to(out);
  write(to, request, as);
  return out;
}

}  // namespace

std::string metrics_to_protobuf(const json::object& request) {
  return written(request, metrics_message);
}
std::string log_to_protobuf(const json::object& record) { return written(record, log); }
std::string logs_to_protobuf(const json::object& request) { return written(request, logs_message); }

}  // namespace skein::otlp
