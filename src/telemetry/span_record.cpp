#include <algorithm>
#include <chrono>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include <opentelemetry/nostd/variant.h>
#include <opentelemetry/sdk/common/attribute_utils.h>

#include <skein/telemetry/span_record.hpp>

#include "telemetry/owned_value.hpp"

namespace skein::telemetry {

namespace trace = opentelemetry::trace;
namespace nostd = opentelemetry::nostd;
namespace sdk = opentelemetry::sdk;

namespace {

template <class Id>
std::string hex(const Id& id) {
  std::string text(Id::kSize * 2, '0');
  id.ToLowerBase16(nostd::span<char, Id::kSize * 2>(text.data(), text.size()));
  return text;
}

std::int64_t nanoseconds(opentelemetry::common::SystemTimestamp t) {
  return t.time_since_epoch().count();
}

using owned_attributes = std::unordered_map<std::string, sdk::common::OwnedAttributeValue>;
json::object to_object(const owned_attributes& attributes) {
  std::vector<const owned_attributes::value_type*> sorted;
  sorted.reserve(attributes.size());
  for (const auto& a : attributes) sorted.push_back(&a);
  std::ranges::sort(sorted, {}, [](const auto* a) -> const std::string& { return a->first; });
  json::object out;
  for (const auto* a : sorted) out.emplace(a->first, nostd::visit(owned_to_value{}, a->second));
  return out;
}

span_kind to_kind(trace::SpanKind kind) {
  switch (kind) {
    case trace::SpanKind::kServer:
      return span_kind::server;
    case trace::SpanKind::kClient:
      return span_kind::client;
    case trace::SpanKind::kProducer:
      return span_kind::producer;
    case trace::SpanKind::kConsumer:
      return span_kind::consumer;
    case trace::SpanKind::kInternal:
      break;
  }
  return span_kind::internal;
}

span_status to_status(trace::StatusCode code) {
  switch (code) {
    case trace::StatusCode::kOk:
      return span_status::ok;
    case trace::StatusCode::kError:
      return span_status::error;
    case trace::StatusCode::kUnset:
      break;
  }
  return span_status::unset;
}

}  // namespace

span_record to_record(const sdk::trace::SpanData& span) {
  span_record r;
  r.trace_id = hex(span.GetTraceId());
  r.span_id = hex(span.GetSpanId());
  if (span.GetParentSpanId().IsValid()) r.parent_span_id = hex(span.GetParentSpanId());
  r.name = std::string(span.GetName());
  r.kind = to_kind(span.GetSpanKind());
  r.start = nanoseconds(span.GetStartTime());
  r.end = r.start + span.GetDuration().count();
  r.status = to_status(span.GetStatus());
  r.status_message = std::string(span.GetDescription());
  r.attributes = to_object(span.GetAttributes());
  for (const auto& e : span.GetEvents()) {
    r.events.push_back({.name = e.GetName(),
                        .time = nanoseconds(e.GetTimestamp()),
                        .attributes = to_object(e.GetAttributes())});
  }
  for (const auto& l : span.GetLinks()) {
    r.links.push_back({.trace_id = hex(l.GetSpanContext().trace_id()),
                       .span_id = hex(l.GetSpanContext().span_id()),
                       .attributes = to_object(l.GetAttributes())});
  }
  const auto& scope = span.GetInstrumentationScope();
  r.scope_name = scope.GetName();
  r.scope_version = scope.GetVersion();
  r.resource = to_object(span.GetResource().GetAttributes());
  return r;
}

}  // namespace skein::telemetry
