// What skein trace prints.
#pragma once

#include <span>
#include <string>
#include <vector>

#include <skein/json/value.hpp>
#include <skein/telemetry/span_record.hpp>
#include <skein/trace/diff.hpp>
#include <skein/trace/store.hpp>

namespace skein::cli {

// A line for each trace.
[[nodiscard]] std::string to_text(const std::vector<trace::summary>& traces);
[[nodiscard]] json::value to_json(const std::vector<trace::summary>& traces);

// Every span with its attributes and events, parents first.
[[nodiscard]] std::string details_of(std::span<const telemetry::span_record> spans);
// The tree as a list: each span with its depth, parents first.
[[nodiscard]] json::value tree_json(std::span<const telemetry::span_record> spans);

// Columns with tabs between them, after a line with their names.
[[nodiscard]] std::string to_text(const trace::table& rows);
[[nodiscard]] json::value to_json(const trace::table& rows);

[[nodiscard]] std::string to_text(const trace::diff_result& found);
[[nodiscard]] json::value to_json(const trace::diff_result& found);

}  // namespace skein::cli
