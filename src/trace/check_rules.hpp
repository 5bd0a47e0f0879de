// The rules, one function each; several families of them.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <skein/trace/check.hpp>

#include "telemetry/forest.hpp"

namespace skein::trace {

struct material {
  const telemetry::forest& spans;
  std::span<const metric_point> metrics;
  const check_options& options;
};

struct observation {
  std::size_t span = 0;  // or forest::none
  std::string message = {};
  std::string what = {};  // instead of a span's name
};
using observations = std::vector<observation>;

// Trees and time. What telemetry::check_tree knows it finds; these are the others.
void detached_from_agent(const material& m, observations& out);
void first_chunk_outside(const material& m, observations& out);
void conversation_split(const material& m, observations& out);

// Numbers.
void usage_counted_twice(const material& m, observations& out);
void impossible_usage(const material& m, observations& out);

// Metrics against spans.
void metric_disagrees(const material& m, observations& out);
void metric_beyond_spans(const material& m, observations& out);

// Content that is told by reference.
void history_missing(const material& m, observations& out);

// Attributes and their values.
void missing_attribute(const material& m, observations& out);
void wrong_type(const material& m, observations& out);
void unknown_value(const material& m, observations& out);
void misspelt_value(const material& m, observations& out);
void unknown_provider(const material& m, observations& out);
void placeholder(const material& m, observations& out);
void deprecated_name(const material& m, observations& out);
void wrong_kind(const material& m, observations& out);
void wrong_name(const material& m, observations& out);
void error_type_on_success(const material& m, observations& out);
void status_ok(const material& m, observations& out);

// Privacy.
void content_recorded(const material& m, observations& out);
void secret_recorded(const material& m, observations& out);

// The nearest span above that satisfies `is`, or none.
template <class F>
std::size_t above(const telemetry::forest& f, std::size_t i, F is) {
  if (f.is_stray(i)) return telemetry::forest::none;
  for (i = f.parent(i); i != telemetry::forest::none; i = f.parent(i)) {
    if (is(f[i])) return i;
  }
  return telemetry::forest::none;
}

}  // namespace skein::trace
