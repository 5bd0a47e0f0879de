// Rules that hold metrics against spans. What is measured where one operation ends is told twice:
// by its span and by a metric. Compared are the spans that ended in the time that the points cover,
// of the same resource and instrumentation scope.
#include <algorithm>
#include <array>
#include <cstdint>
#include <format>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <skein/json/text.hpp>
#include <skein/telemetry/conventions.hpp>

#include "trace/check_rules.hpp"
#include "trace/genai.hpp"

namespace skein::trace {

namespace semconv = telemetry::semconv;
using telemetry::forest;
using telemetry::integer_of;
using telemetry::span_kind;
using telemetry::span_record;

namespace {

// What the spans come to: those that are surely in the metric's time, and with those at its edges,
// whose measurement may be on either side.
struct bounds {
  double low = 0;
  double high = 0;
};

struct window {
  std::int64_t from;
  std::int64_t to;
};

// One end of one operation: what it counts for, with the span whose attributes and end are meant.
struct share {
  const span_record* of;
  double amount;
};

// Points with one name (and one token type, in 1.41) of one producer.
struct series {
  const semconv::metric* what;
  std::string_view detail;  // of gen_ai.token.type
  std::vector<const metric_point*> points;
};

struct producer {
  std::string service;
  std::string scope;
  std::vector<series> measured;
  std::vector<std::size_t> spans;
};

const semconv::metric* find_metric(std::string_view name) {
  auto found = std::ranges::find(semconv::metrics::all, name,
                                 [](const semconv::metric* m) { return m->name; });
  return found == semconv::metrics::all.end() ? nullptr : *found;
}

bool can_be_judged(const metric_point& p) {
  using form = metric_point::form;
  return (p.kind == form::counter || p.kind == form::histogram) && p.start > 0 &&
         p.time >= p.start && p.temporality != metric_point::since::unspecified;
}

// Of this series alone: another program, with other metrics, may have the same resource.
std::vector<window> windows_of(const series& s) {
  std::vector<window> all;
  all.reserve(s.points.size());
  for (const auto* p : s.points) all.push_back({p->start, p->time});
  std::ranges::sort(all, {}, &window::from);
  std::vector<window> out;
  for (const auto& w : all) {
    if (!out.empty() && w.from <= out.back().to) {
      out.back().to = std::max(out.back().to, w.to);
    } else {
      out.push_back(w);
    }
  }
  return out;
}

// Makes one key of a resource and a scope; writing the same resource again and again is slow.
class origin_keys {
 public:
  const std::string& key_of(const json::object& resource, std::string_view scope) {
    if (last_ == nullptr || *last_ != resource) text_ = json::write_text(resource);
    last_ = &resource;
    key_ = text_;
    key_ += '\n';
    key_ += scope;
    return key_;
  }

 private:
  const json::object* last_ = nullptr;
  std::string text_;
  std::string key_;
};

// Of a cumulative series the last point, of others each once.
std::vector<const metric_point*> without_repetition(std::span<const metric_point> points,
                                                    origin_keys& o) {
  std::map<std::string, const metric_point*> last;
  for (const auto& p : points) {
    if (!can_be_judged(p) || find_metric(p.name) == nullptr) continue;
    const bool cumulative = p.temporality == metric_point::since::start;
    auto key = std::format("{}\n{}\n{}\n{}\n{}", o.key_of(p.resource, p.scope_name), p.name,
                           json::write_text(p.attributes), p.start, cumulative ? 0 : p.time);
    auto& kept = last[key];
    if (kept == nullptr || kept->time < p.time) kept = &p;
  }
  std::vector<const metric_point*> out;
  out.reserve(last.size());
  for (const auto& [key, p] : last) out.push_back(p);
  return out;
}

std::map<std::string, producer> producers_of(const material& m) {
  std::map<std::string, producer> all;
  origin_keys o;
  for (const auto* p : without_repetition(m.metrics, o)) {
    auto& by = all[o.key_of(p->resource, p->scope_name)];
    by.service = text_at(p->resource, "service.name");
    by.scope = p->scope_name;
    const auto* what = find_metric(p->name);
    auto detail = what == &semconv::metrics::token_usage_1_41
                      ? text_at(p->attributes, semconv::token_type)
                      : std::string_view();
    auto same = std::ranges::find_if(
        by.measured, [&](const series& s) { return s.what == what && s.detail == detail; });
    if (same == by.measured.end()) same = by.measured.insert(same, {what, detail, {}});
    same->points.push_back(p);
  }
  if (all.empty()) return all;
  for (std::size_t i = 0; i < m.spans.size(); ++i) {
    const auto& s = m.spans[i];
    if (s.end == 0) continue;
    auto by = all.find(o.key_of(s.resource, s.scope_name));
    if (by != all.end()) by->second.spans.push_back(i);
  }
  return all;
}

const semconv::span_type* type_of(const span_record& s) {
  if (is_mcp(s)) {
    return s.kind == span_kind::server ? &semconv::spans::mcp_server : &semconv::spans::mcp_client;
  }
  return semconv::find_span_type(operation_of(s));
}

// The agent that makes a call itself: not one above another agent, a tool or another call.
std::size_t agent_of(const forest& f, std::size_t i) {
  auto owner = above(
      f, i, [](const span_record& s) { return is_agent(s) || is_tool(s) || is_inference(s); });
  return owner != forest::none && is_agent(f[owner]) ? owner : forest::none;
}

// The attribute that a metric of tokens sums up, or none.
std::string usage_key(const series& s) {
  using namespace semconv::metrics;
  constexpr std::string_view counters = "gen_ai.client.inference.usage.";
  if (s.what->name.starts_with(counters)) {
    return "gen_ai.usage." + std::string(s.what->name.substr(counters.size()));
  }
  const bool in = s.what == &operation_input_tokens || s.detail == "input";
  const bool out = s.what == &operation_output_tokens || s.detail == "output";
  return std::string(in    ? semconv::usage_input_tokens
                     : out ? semconv::usage_output_tokens
                           : std::string_view());
}

// What each span counts for in a metric; nothing if its meaning is not known here. `optional`: it
// may count or not, because versions differ.
struct measure {
  std::vector<share> shares;
  std::vector<share> optional;
  bool counts = false;  // the points' counts, else their sums
};

std::optional<measure> measure_of(const material& m, const producer& by, const series& s) {
  using namespace semconv::metrics;
  measure out;
  if (auto key = usage_key(s); !key.empty()) {
    const bool embeds = s.what == &token_usage_1_41;
    for (auto i : by.spans) {
      const auto& span = m.spans[i];
      if (!is_inference(span) && !(embeds && is(span, semconv::spans::embeddings))) continue;
      if (auto n = integer_of(span, key)) out.shares.push_back({&span, static_cast<double>(*n)});
    }
    return out;
  }
  if (s.what == &agent_inference_calls || s.what == &agent_tool_calls) {
    const bool tools = s.what == &agent_tool_calls;
    for (auto i : by.spans) {
      if (tools ? !is_tool(m.spans[i]) : !is_inference(m.spans[i])) continue;
      // Recorded when the agent ends.
      auto agent = agent_of(m.spans, i);
      if (agent != forest::none && m.spans[agent].end != 0) {
        out.shares.push_back({&m.spans[agent], 1});
      }
    }
    return out;
  }
  out.counts = true;
  if (s.what == &time_to_first_chunk || s.what == &time_to_first_chunk_1_41) {
    for (auto i : by.spans) {
      if (is_inference(m.spans[i]) && has(m.spans[i], semconv::response_time_to_first_chunk)) {
        out.shares.push_back({&m.spans[i], 1});
      }
    }
    return out;
  }
  // With a duration for inference of its own, the older one may be emitted beside it.
  const bool inference_apart =
      s.what == &client_duration && std::ranges::any_of(by.measured, [](const series& other) {
        return other.what == &inference_duration;
      });
  bool known = false;
  for (const auto* type : semconv::spans::all) {
    known = known || std::ranges::contains(type->durations, s.what, &semconv::duration_of::which);
  }
  if (!known) return std::nullopt;
  for (auto i : by.spans) {
    const auto* type = type_of(m.spans[i]);
    if (type == nullptr ||
        !std::ranges::contains(type->durations, s.what, &semconv::duration_of::which)) {
      continue;
    }
    const bool may = inference_apart && type == &semconv::spans::inference;
    (may ? out.optional : out.shares).push_back({&m.spans[i], 1});
  }
  return out;
}

class metric_comparison {
 public:
  metric_comparison(const material& m, const series& s, const measure& shares)
      : series_(s),
        measure_(shares),
        windows_(windows_of(s)),
        tolerance_(m.options.tolerance.count()) {}

  struct result {
    double metric = 0;
    bounds spans;
    [[nodiscard]] bool falls_short() const { return metric < spans.low - half; }
    [[nodiscard]] bool goes_beyond() const { return metric > spans.high + half; }
    static constexpr double half = 0.5;
  };

  // Of those points and spans that have this value, or of all.
  [[nodiscard]] result of(std::string_view key = {}, std::string_view value = {}) const {
    result r;
    for (const auto* p : series_.points) {
      if (!key.empty() && text_at(p->attributes, key) != value) continue;
      r.metric += measure_.counts ? static_cast<double>(p->count) : p->sum;
    }
    auto add = [&](const std::vector<share>& all, bool certain) {
      for (const auto& s : all) {
        if (!key.empty() && text_at(s.of->attributes, key) != value) continue;
        if (certain && ends_within(s.of->end, -tolerance_)) r.spans.low += s.amount;
        if (ends_within(s.of->end, tolerance_)) r.spans.high += s.amount;
      }
    };
    add(measure_.shares, true);
    add(measure_.optional, false);
    return r;
  }

  // That tell points and spans apart: those that both have.
  [[nodiscard]] std::vector<std::string_view> keys() const {
    std::vector<std::string_view> out;
    for (const auto& u : series_.what->uses) {
      if (u.name == series_.what->detail) continue;
      const bool on_points = std::ranges::any_of(
          series_.points, [&](const auto* p) { return p->attributes.contains(u.name); });
      const bool on_spans = std::ranges::any_of(
          measure_.shares, [&](const share& s) { return s.of->attributes.contains(u.name); });
      if (on_points && on_spans) out.push_back(u.name);
    }
    return out;
  }
  [[nodiscard]] std::set<std::string_view> values(std::string_view key) const {
    std::set<std::string_view> out;
    for (const auto& s : measure_.shares) out.insert(text_at(s.of->attributes, key));
    return out;
  }

 private:
  [[nodiscard]] bool ends_within(std::int64_t end, std::int64_t wider) const {
    return std::ranges::any_of(
        windows_, [&](const window& w) { return end >= w.from - wider && end <= w.to + wider; });
  }

  const series& series_;
  const measure& measure_;
  std::vector<window> windows_;
  std::int64_t tolerance_;
};

template <class Found>
void compare(const material& m, Found found) {
  for (const auto& [key, by] : producers_of(m)) {
    for (const auto& s : by.measured) {
      auto measured = measure_of(m, by, s);
      if (measured) found(by, s, metric_comparison(m, s, *measured));
    }
  }
}

std::string say(const producer& by, const series& s, const metric_comparison::result& r,
                double spans, std::string_view where) {
  auto detail =
      s.detail.empty() ? std::string() : std::format(" ({} {})", semconv::token_type, s.detail);
  return std::format(
      "of {}{}{} is {}, but the spans of that time come to {}",
      by.service.empty() ? std::string("an unnamed service") : trace::quoted(by.service), detail,
      where, r.metric, spans);
}

}  // namespace

void metric_disagrees(const material& m, observations& out) {
  compare(m, [&](const producer& by, const series& s, const metric_comparison& c) {
    auto all = c.of();
    const bool complete = m.options.spans == check_options::kept::all;
    if (all.falls_short() || (complete && all.goes_beyond())) {
      const double spans = all.falls_short() ? all.spans.low : all.spans.high;
      out.push_back({forest::none, say(by, s, all, spans, {}), std::string(s.what->name)});
      return;
    }
    for (auto key : c.keys()) {
      for (auto value : c.values(key)) {
        auto some = c.of(key, value);
        if (!some.falls_short()) continue;
        auto where = value.empty() ? std::format(" without {}", key)
                                   : std::format(" with {} {}", key, trace::quoted(value));
        out.push_back(
            {forest::none, say(by, s, some, some.spans.low, where), std::string(s.what->name)});
      }
    }
  });
}

void metric_beyond_spans(const material& m, observations& out) {
  if (m.options.spans == check_options::kept::all) return;
  compare(m, [&](const producer& by, const series& s, const metric_comparison& c) {
    auto all = c.of();
    if (!all.goes_beyond()) return;
    out.push_back({forest::none, say(by, s, all, all.spans.high, {}), std::string(s.what->name)});
  });
}

}  // namespace skein::trace
