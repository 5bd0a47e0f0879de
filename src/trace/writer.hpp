// Puts spans into the tables, inside of a transaction of its own.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <unordered_map>

#include <skein/trace/summary.hpp>

#include "sqlite/database.hpp"
#include "trace/origins.hpp"

namespace skein::trace {

using sqlite::database;
using sqlite::statement;
using sqlite::transaction;

// Of a row whose columns are trace_id, name, service, conversation, root_start, start, end, spans,
// errors, input_tokens, output_tokens, cost and unpriced.
[[nodiscard]] summary summary_of(const statement& row);
// Of a column that has one as text; empty if it has none.
[[nodiscard]] json::object object_of(std::string_view column);

class writer {
 public:
  explicit writer(database& into);
  // Gives how many were new.
  std::size_t insert(std::span<const telemetry::span_record> spans);

 private:
  struct trace_row {
    std::int64_t id = 0;
    bool grown = false;
    summary about;
  };

  trace_row find_or_add(const std::string& trace_id);
  bool add_span(std::int64_t trace, std::int64_t origin, const telemetry::span_record& s);
  void update(const trace_row& row, std::int64_t now);

  database& database_;
  statement find_trace_;
  statement add_trace_;
  statement update_trace_;
  origins origins_;
  statement add_span_;
  std::string attributes_;
  std::string events_;
  std::string links_;
};

}  // namespace skein::trace
