// Spans as OTLP JSON: a file of lines, each an ExportTraceServiceRequest
// (opentelemetry.io/docs/specs/otel/protocol/file-exporter), which collectors and viewers read.
#pragma once

#include <expected>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <skein/telemetry/span_record.hpp>

namespace skein::telemetry {

// One line without its end, spans grouped by resource and scope.
[[nodiscard]] std::string to_otlp_json_line(std::span<const span_record> spans);

// A whole file. Empty lines and fields that a record has no place for are passed over; the error
// names the line and the field, never quotes a value.
[[nodiscard]] std::expected<std::vector<span_record>, std::string> from_otlp_json(
    std::string_view text);

}  // namespace skein::telemetry
