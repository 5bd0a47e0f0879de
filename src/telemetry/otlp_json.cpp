#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <format>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <skein/json/text.hpp>
#include <skein/json/value.hpp>
#include <skein/telemetry/otlp_json.hpp>

#include "telemetry/otlp_document.hpp"

namespace skein::telemetry {

namespace {

// Of opentelemetry/proto/trace/v1: enumerations are numbers, though some write their names;
// SpanKind starts at 1, and SpanFlags has the sampled bit and what is known of the parent's place.
template <class Enum>
struct enumerator {
  Enum value;
  int number;
  std::string_view name;
};
constexpr std::array kinds{enumerator{span_kind::internal, 1, "SPAN_KIND_INTERNAL"},
                           enumerator{span_kind::server, 2, "SPAN_KIND_SERVER"},
                           enumerator{span_kind::client, 3, "SPAN_KIND_CLIENT"},
                           enumerator{span_kind::producer, 4, "SPAN_KIND_PRODUCER"},
                           enumerator{span_kind::consumer, 5, "SPAN_KIND_CONSUMER"}};
constexpr std::array statuses{enumerator{span_status::unset, 0, "STATUS_CODE_UNSET"},
                              enumerator{span_status::ok, 1, "STATUS_CODE_OK"},
                              enumerator{span_status::error, 2, "STATUS_CODE_ERROR"}};
constexpr int sampled_flag = 0x1;
constexpr int has_is_remote_flag = 0x100;
constexpr int is_remote_flag = 0x200;

template <class Table, class Enum>
int number_of(const Table& table, Enum e) {
  return std::ranges::find(table, e, [](const auto& row) { return row.value; })->number;
}

json::object span_object(const span_record& s) {
  json::object out{{"traceId", s.trace_id}, {"spanId", s.span_id}};
  int flags = sampled_flag;
  if (!s.parent_span_id.empty()) {
    out["parentSpanId"] = s.parent_span_id;
    flags |= has_is_remote_flag | (s.parent_is_remote ? is_remote_flag : 0);
  }
  out["flags"] = flags;
  out["name"] = s.name;
  out["kind"] = number_of(kinds, s.kind);
  out["startTimeUnixNano"] = int64_text(s.start);
  out["endTimeUnixNano"] = int64_text(s.end);
  out["attributes"] = key_values(s.attributes);
  if (!s.events.empty()) {
    auto& events = out["events"].emplace_array();
    for (const auto& e : s.events) {
      events.push_back(json::object{{"timeUnixNano", int64_text(e.time)},
                                    {"name", e.name},
                                    {"attributes", key_values(e.attributes)}});
    }
  }
  if (!s.links.empty()) {
    auto& links = out["links"].emplace_array();
    for (const auto& l : s.links) {
      links.push_back(json::object{{"traceId", l.trace_id},
                                   {"spanId", l.span_id},
                                   {"attributes", key_values(l.attributes)}});
    }
  }
  auto& status = out["status"].emplace_object();
  if (s.status != span_status::unset) status["code"] = number_of(statuses, s.status);
  if (!s.status_message.empty()) status["message"] = s.status_message;
  return out;
}

constexpr std::size_t trace_id_digits = 32;
constexpr std::size_t span_id_digits = 16;

span_record read_span(const place& p) {
  span_record s;
  s.trace_id = p.at("traceId").identifier(trace_id_digits);
  s.span_id = p.at("spanId").identifier(span_id_digits);
  if (s.trace_id.empty() || s.span_id.empty()) p.complain("has no traceId or no spanId");
  s.parent_span_id = p.at("parentSpanId").identifier(span_id_digits);
  s.parent_is_remote = (p.at("flags").integer() & is_remote_flag) != 0;
  s.name = p.at("name").text();
  s.kind = p.at("kind").one_of(kinds);
  s.start = p.at("startTimeUnixNano").integer();
  s.end = p.at("endTimeUnixNano").integer();
  auto status = p.at("status");
  s.status = status.at("code").one_of(statuses);
  s.status_message = status.at("message").text();
  s.attributes = p.at("attributes").attributes();
  auto events = p.at("events");
  for (std::size_t i = 0, n = events.size(); i < n; ++i) {
    auto e = events[i];
    s.events.push_back({.name = e.at("name").text(),
                        .time = e.at("timeUnixNano").integer(),
                        .attributes = e.at("attributes").attributes()});
  }
  auto links = p.at("links");
  for (std::size_t i = 0, n = links.size(); i < n; ++i) {
    auto l = links[i];
    s.links.push_back({.trace_id = l.at("traceId").identifier(trace_id_digits),
                       .span_id = l.at("spanId").identifier(span_id_digits),
                       .attributes = l.at("attributes").attributes()});
  }
  return s;
}

// `line`: where the request is, for the rejections.
void read_request(const place& request, std::size_t line, otlp_spans& out) {
  constexpr request_keys keys{"resourceSpans", "scopeSpans", "spans"};
  each_item(request, keys, [&](const origin_of_items& origin, const place& item) {
    std::string complaint;
    auto s = read_span(item.complaining_to(complaint));
    if (!complaint.empty()) {
      if (out.rejected++ == 0) out.first_rejection = std::format("line {}: {}", line, complaint);
      return;
    }
    s.resource = origin.resource;
    s.scope_name = origin.scope_name;
    s.scope_version = origin.scope_version;
    out.spans.push_back(std::move(s));
  });
}

}  // namespace

std::string to_otlp_json_line(std::span<const span_record> spans) {
  struct scope_group {
    const span_record* like;
    json::array spans;
  };
  struct resource_group {
    const span_record* like;
    std::vector<scope_group> scopes;
  };
  std::vector<resource_group> groups;
  for (const auto& s : spans) {
    auto g = std::ranges::find_if(
        groups, [&](const auto& have) { return have.like->resource == s.resource; });
    if (g == groups.end()) g = groups.insert(g, {&s, {}});
    auto c = std::ranges::find_if(g->scopes, [&](const auto& have) {
      return have.like->scope_name == s.scope_name && have.like->scope_version == s.scope_version;
    });
    if (c == g->scopes.end()) c = g->scopes.insert(c, {&s, {}});
    c->spans.push_back(span_object(s));
  }
  json::array resource_spans;
  for (auto& g : groups) {
    json::array scope_spans;
    for (auto& c : g.scopes) {
      json::object scope{{"name", c.like->scope_name}};
      if (!c.like->scope_version.empty()) scope["version"] = c.like->scope_version;
      scope_spans.push_back(
          json::object{{"scope", std::move(scope)}, {"spans", std::move(c.spans)}});
    }
    json::object resource{{"attributes", key_values(g.like->resource)}};
    resource_spans.push_back(
        json::object{{"resource", std::move(resource)}, {"scopeSpans", std::move(scope_spans)}});
  }
  return json::write_text(json::object{{"resourceSpans", std::move(resource_spans)}});
}

std::expected<otlp_spans, std::string> read_otlp_json(std::string_view text) {
  otlp_spans out;
  auto complaint = each_document(
      text, [&](const place& request, std::size_t line) { read_request(request, line, out); });
  if (!complaint.empty()) return std::unexpected(std::move(complaint));
  return out;
}

std::expected<std::vector<span_record>, std::string> from_otlp_json(std::string_view text) {
  auto all = read_otlp_json(text);
  if (!all) return std::unexpected(std::move(all.error()));
  if (all->rejected != 0) return std::unexpected(std::move(all->first_rejection));
  return std::move(all->spans);
}

}  // namespace skein::telemetry
