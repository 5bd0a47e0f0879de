// Reading spans that anybody sent or saved: OTLP as Protobuf or JSON.
#pragma once

#include <cstddef>
#include <expected>
#include <string>
#include <string_view>

#include <skein/telemetry/otlp_json.hpp>

namespace skein::trace {

using telemetry::otlp_spans;
using telemetry::span_record;

struct read_error {
  std::string message = {};  // where in the bytes, and what is wrong; never quotes a value
};

// An ExportTraceServiceRequest or TracesData (opentelemetry-proto, trace/v1). Unknown fields are
// passed over; a span that cannot be read is left out and counted, the rest is kept.
[[nodiscard]] std::expected<otlp_spans, read_error> read_protobuf(std::string_view bytes);

// A file: OTLP JSON, one object or one on each line, else Protobuf. Spans of it that cannot be read
// are an error.
[[nodiscard]] std::expected<std::vector<span_record>, read_error> read_document(
    std::string_view bytes);

}  // namespace skein::trace
