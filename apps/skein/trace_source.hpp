// Where the spans that a command is about come from: a store, a file, or standard input.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <skein/telemetry/span_record.hpp>
#include <skein/trace/history.hpp>
#include <skein/trace/metrics.hpp>
#include <skein/trace/store.hpp>

#include "trace_arguments.hpp"

namespace skein::cli {

// All of them throw usage_error for what is not there or cannot be read.
class trace_source {
 public:
  // The store that the arguments mean, or the file that they name instead.
  [[nodiscard]] static trace_source of(const trace_arguments& arguments);
  // A store or a file of spans; "-" is standard input.
  [[nodiscard]] static trace_source file(const std::string& path);

  [[nodiscard]] std::vector<trace::summary> list(const trace::list_query& query) const;
  [[nodiscard]] std::string find(std::string_view prefix) const;  // or "last"
  [[nodiscard]] std::vector<telemetry::span_record> load(std::string_view trace_id) const;
  [[nodiscard]] std::vector<telemetry::span_record> all() const;
  [[nodiscard]] std::vector<trace::metric_point> metrics() const;
  [[nodiscard]] std::optional<telemetry::span_record> load(
      const trace::span_reference& which) const;
  // A path, for messages and reports; empty for standard input.
  [[nodiscard]] const std::string& name() const noexcept { return name_; }

 private:
  struct document {
    std::vector<telemetry::span_record> spans;
    std::vector<trace::metric_point> metrics;
  };
  trace_source(std::variant<trace::store, document> from, std::string name)
      : from_(std::move(from)), name_(std::move(name)) {}
  std::variant<trace::store, document> from_;
  std::string name_;
};

[[nodiscard]] std::string store_path(const trace_arguments& arguments);
// Of "-" or of a file. Throws usage_error.
[[nodiscard]] std::string read_all(const std::string& path);

// Whether it names a trace rather than a file.
[[nodiscard]] bool names_trace(std::string_view target);

struct selection {
  std::vector<telemetry::span_record> spans = {};
  std::vector<trace::metric_point> metrics = {};  // of whole sources only
  std::string source = {};
  // Where the spans are from, which may have others that they refer to.
  std::vector<trace_source> from = {};
  [[nodiscard]] std::optional<telemetry::span_record> load(
      const trace::span_reference& which) const;
};
// One trace: of the target, which may be a file (then the newest in it), or the newest of all.
[[nodiscard]] selection one_trace(const trace_arguments& arguments, const std::string& target);
// What the targets name, or everything.
[[nodiscard]] selection all_traces(const trace_arguments& arguments);

}  // namespace skein::cli
