// Span trees for people, for golden files, and for a check of what Skein promises about them.
#pragma once

#include <chrono>
#include <cstdint>
#include <iosfwd>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <skein/telemetry/ledger.hpp>
#include <skein/telemetry/span_record.hpp>

namespace skein::telemetry {

struct tree_style {
  enum class times : std::uint8_t { shown, hidden };
  enum class glyphs : std::uint8_t { utf8, ascii };
  times time = times::shown;
  glyphs drawn_with = glyphs::utf8;
  int width = 100;  // columns of a line; only the column of names gives way
};

// What fits the terminal on standard error and the program's locale.
[[nodiscard]] tree_style style_of_terminal();

// Without times and identifiers: the same run gives the same text.
inline constexpr tree_style golden_tree{.time = tree_style::times::hidden};

// One tree for each span whose parent is not among the records, in the order of their starts, with
// an empty line between them; children in the order of their starts (then ends, then names). A
// line has the name, the duration, a bar in the time of its tree, and what is known of: tokens in
// and out, how it ended if not well, time to the first chunk. Control characters of names are
// replaced.
//
//   invoke_agent forecaster       1.24 s  ████████████████████████  30→60 tokens
//   ├─ chat gpt-5-mini            620 ms  ████████████              10→20 tokens  first 210 ms
//   ├─ execute_tool get_weather   110 ms              ██
//   └─ chat gpt-5-mini            500 ms                ██████████  20→40 tokens
[[nodiscard]] std::string render_tree(std::span<const span_record> spans,
                                      const tree_style& style = {});

struct tree_problem {
  std::string rule = {};  // a stable name such as `missing_parent`
  std::string trace_id = {};
  std::string span_id = {};
  std::string span = {};  // its name
  std::string message = {};
};
[[nodiscard]] std::string to_string(const tree_problem& problem);
std::ostream& operator<<(std::ostream& out, const tree_problem& problem);

struct check_options {
  // How far a child may stick out of its parent's time. OpenTelemetry reads the wall clock at a
  // span's start and another clock for its duration, one after the other.
  std::chrono::nanoseconds tolerance = std::chrono::milliseconds(1);
};

struct tree_rule {
  std::string_view name;
  std::string_view explanation;
};
[[nodiscard]] std::span<const tree_rule> tree_rules();

// What breaks a rule of tree_rules(), in the order of the rules, then of the spans. `open`: spans
// that started and have not ended. All spans of a trace that this process made should be there.
[[nodiscard]] std::vector<tree_problem> check_tree(std::span<const span_record> spans,
                                                   std::span<const span_record> open = {},
                                                   const check_options& options = {});
// The same for what a test has recorded; spans that ended twice are problems, too.
[[nodiscard]] std::vector<tree_problem> check_tree(const span_ledger& ledger,
                                                   const check_options& options = {});

}  // namespace skein::telemetry
