// Puts spans into the tables, inside of a transaction of its own.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <unordered_map>

#include <skein/trace/summary.hpp>

#include "trace/database.hpp"

namespace skein::trace {

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
  struct known_origin {
    const telemetry::span_record* like = nullptr;
    std::int64_t id = 0;
  };

  trace_row find_or_add(const std::string& trace_id);
  std::int64_t origin_of(const telemetry::span_record& s);
  bool add_span(std::int64_t trace, std::int64_t origin, const telemetry::span_record& s);
  void update(const trace_row& row, std::int64_t now);

  database& database_;
  statement find_trace_;
  statement add_trace_;
  statement update_trace_;
  statement find_origin_;
  statement add_origin_;
  statement add_span_;
  std::unordered_map<std::string, std::int64_t> origins_;
  known_origin last_origin_;
  std::string attributes_;
  std::string events_;
  std::string links_;
};

}  // namespace skein::trace
