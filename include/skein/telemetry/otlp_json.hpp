// Spans as OTLP JSON: a file of lines, each an ExportTraceServiceRequest
// (opentelemetry.io/docs/specs/otel/protocol/file-exporter), which collectors and viewers read.
#pragma once

#include <cstddef>
#include <expected>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <skein/telemetry/span_record.hpp>

namespace skein::telemetry {

// One line without its end, spans grouped by resource and scope.
[[nodiscard]] std::string to_otlp_json_line(std::span<const span_record> spans);

// What a receiver of spans makes of them: damaged ones are left out and counted.
struct otlp_spans {
  std::vector<span_record> spans = {};
  std::size_t rejected = 0;
  std::string first_rejection = {};  // where and why
};
// Objects one after the other, each on a line of its own or over several; enumerations may be
// written by name. The error, for text that cannot be read as a whole, and the rejection name the
// line and the field, never quote a value.
[[nodiscard]] std::expected<otlp_spans, std::string> read_otlp_json(std::string_view text);

// A whole file, nothing rejected. Empty lines and fields that a record has no place for are passed
// over.
[[nodiscard]] std::expected<std::vector<span_record>, std::string> from_otlp_json(
    std::string_view text);

}  // namespace skein::telemetry
