// A finished span as a plain value, for tests, for drawing and for checking: what an exporter would
// send, without OpenTelemetry's types.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include <opentelemetry/sdk/trace/span_data.h>

#include <skein/json/value.hpp>

namespace skein::telemetry {

enum class span_kind : std::uint8_t { internal, server, client, producer, consumer };
enum class span_status : std::uint8_t { unset, ok, error };

struct span_event {
  std::string name = {};
  std::int64_t time = 0;  // nanoseconds since the Unix epoch
  json::object attributes = {};
  friend bool operator==(const span_event&, const span_event&) = default;
};

struct span_link {
  std::string trace_id = {};
  std::string span_id = {};
  json::object attributes = {};
  friend bool operator==(const span_link&, const span_link&) = default;
};

// Identifiers are lower-case hex: 32 digits for a trace, 16 for a span.
struct span_record {
  std::string trace_id = {};
  std::string span_id = {};
  std::string parent_span_id = {};  // empty for a root
  // Whether the parent belongs to another process. Only OpenTelemetry's processors are told, so a
  // record made from SpanData alone says no.
  bool parent_is_remote = false;
  std::string name = {};
  span_kind kind = span_kind::internal;
  std::int64_t start = 0;  // nanoseconds since the Unix epoch
  std::int64_t end = 0;
  span_status status = span_status::unset;
  std::string status_message = {};
  json::object attributes = {};
  std::vector<span_event> events = {};
  std::vector<span_link> links = {};
  std::string scope_name = {};
  std::string scope_version = {};
  json::object resource = {};  // attributes of the process that made the span

  [[nodiscard]] std::chrono::nanoseconds duration() const noexcept {
    return std::chrono::nanoseconds(end - start);
  }
  friend bool operator==(const span_record&, const span_record&) = default;
};

// Attributes come out sorted by key; byte arrays as arrays of numbers. To be called while the
// provider that made the span lives.
[[nodiscard]] span_record to_record(const opentelemetry::sdk::trace::SpanData& span);

}  // namespace skein::telemetry
