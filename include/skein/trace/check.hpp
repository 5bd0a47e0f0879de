// What is wrong with traces, of whichever framework.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <skein/json/value.hpp>
#include <skein/telemetry/span_record.hpp>
#include <skein/trace/history.hpp>
#include <skein/trace/metrics.hpp>

namespace skein::trace {

// An `error` makes sums, trees or searches wrong; a `warning` breaks the conventions in a way that
// backends may forgive, or is a matter of consent; a `note` is worth knowing.
enum class severity : std::uint8_t { error, warning, note };
[[nodiscard]] std::string_view name_of(severity s) noexcept;

struct rule {
  std::string_view name;  // stable
  severity level;
  std::string_view explanation;
};
[[nodiscard]] std::span<const rule> rules();

struct finding {
  const trace::rule* rule = nullptr;
  std::string trace_id = {};
  std::string span_id = {};
  std::string span = {};     // its name; without identifiers, that of a metric
  std::string message = {};  // never quotes content
};

struct check_options {
  enum class content : std::uint8_t { unexpected, allowed } content = content::unexpected;
  std::vector<std::string> only = {};  // names of rules; none: all of them
  // How far a child may stick out of its parent's time: clocks differ.
  std::chrono::nanoseconds tolerance = std::chrono::milliseconds(1);
  // Whether every span that ended is here. If not, because of a sampler or because some were
  // removed, metrics may well be larger than what the spans come to.
  enum class kept : std::uint8_t { some, all } spans = kept::some;
  // Whether a span that is not here, but that a history refers to, is elsewhere (history.hpp).
  std::function<bool(const span_reference&)> history_elsewhere = {};
};

// In the order of the rules, then of the spans. All spans of a trace should be there. A span whose
// end is 0 has not ended. Metrics are held against the spans of their time, resource and
// instrumentation scope: all of those should be there, too.
[[nodiscard]] std::vector<finding> check(std::span<const telemetry::span_record> spans,
                                         std::span<const metric_point> metrics,
                                         const check_options& options = {});
// Of spans alone.
[[nodiscard]] std::vector<finding> check(std::span<const telemetry::span_record> spans,
                                         const check_options& options = {});

// What was checked, and what was found.
struct check_report {
  std::string source = {};  // a file or a store
  std::size_t traces = 0;
  std::size_t spans = 0;
  std::size_t points = 0;  // of metrics
  std::vector<finding> findings = {};
  [[nodiscard]] std::size_t count(severity s) const;
};
// For people: grouped by rule, with what each means.
[[nodiscard]] std::string to_text(const check_report& report);
[[nodiscard]] json::value to_json(const check_report& report);
// SARIF 2.1.0, for code scanning.
[[nodiscard]] json::value to_sarif(const check_report& report);
// JUnit's XML: one test case for each rule, which errors make fail.
[[nodiscard]] std::string to_junit(const check_report& report, std::span<const rule> checked);

}  // namespace skein::trace
