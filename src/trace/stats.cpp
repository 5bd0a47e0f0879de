#include <algorithm>
#include <format>
#include <map>
#include <set>
#include <string_view>
#include <utility>

#include <skein/telemetry/semconv.hpp>
#include <skein/trace/stats.hpp>

#include "telemetry/forest.hpp"
#include "trace/genai.hpp"

namespace skein::trace {

namespace semconv = telemetry::semconv;
using std::chrono::nanoseconds;
using telemetry::span_record;
using telemetry::text_of;

namespace {

std::string_view subject_of(const span_record& s) {
  if (is_tool(s)) return text_of(s, semconv::tool_name);
  if (is_agent(s)) return text_of(s, semconv::agent_name);
  auto model = text_of(s, semconv::request_model);
  return model.empty() ? text_of(s, semconv::response_model) : model;
}

double seconds(nanoseconds t) { return std::chrono::duration<double>(t).count(); }

std::string duration(nanoseconds t) {
  auto s = seconds(t);
  if (s >= 1) return std::format("{:.2f} s", s);
  return std::format("{:.1f} ms", s * 1e3);
}

}  // namespace

stats stats_of(std::span<const span_record> spans) {
  struct group {
    stats_row row;
    std::vector<std::int64_t> durations;
    std::int64_t time = 0;
  };
  std::map<std::pair<std::string_view, std::string_view>, group> groups;
  std::set<std::string_view> traces;
  stats out{.spans = spans.size()};
  for (const auto& s : spans) {
    traces.insert(s.trace_id);
    auto operation = operation_of(s);
    auto subject = operation.empty() ? std::string_view() : subject_of(s);
    auto& g = groups[{operation.empty() ? "other" : operation, subject}];
    ++g.row.spans;
    auto time = std::max<std::int64_t>(s.end - s.start, 0);
    g.durations.push_back(time);
    g.time += time;
    if (s.status == telemetry::span_status::error) {
      ++g.row.errors;
      ++out.errors;
    }
    auto in = telemetry::integer_of(s, semconv::usage_input_tokens).value_or(0);
    auto tokens = telemetry::integer_of(s, semconv::usage_output_tokens).value_or(0);
    g.row.input_tokens += in;
    g.row.output_tokens += tokens;
    add(g.row.cost, s);
    if (calls_a_model(s)) {
      out.input_tokens += in;
      out.output_tokens += tokens;
      for (auto key : {semconv::usage_estimated_input, semconv::usage_estimated_output}) {
        out.estimated_tokens += telemetry::integer_of(s, key).value_or(0);
      }
      add(out.cost, s);
    }
  }
  out.traces = traces.size();
  std::vector<std::pair<std::int64_t, stats_row>> rows;
  for (auto& [key, g] : groups) {
    g.row.operation = key.first;
    g.row.subject = key.second;
    std::ranges::sort(g.durations);
    auto at = [&](std::size_t percent) {
      return nanoseconds(g.durations[(g.durations.size() - 1) * percent / 100]);
    };
    g.row.median = at(50);
    g.row.p95 = at(95);
    g.row.longest = at(100);
    rows.emplace_back(g.time, std::move(g.row));
  }
  std::ranges::stable_sort(rows, std::greater{}, [](const auto& r) { return r.first; });
  for (auto& r : rows) out.rows.push_back(std::move(r.second));
  return out;
}

std::string to_text(const stats& s) {
  auto out = std::format("{} traces, {} spans, {} errors, {} tokens in, {} out", s.traces, s.spans,
                         s.errors, s.input_tokens, s.output_tokens);
  if (s.estimated_tokens != 0) out += std::format(", {} estimated", s.estimated_tokens);
  if (s.cost != bill()) out += ", cost " + to_text(s.cost);
  out += '\n';
  if (s.rows.empty()) return out;
  std::size_t width = 4;
  auto what = [](const stats_row& r) {
    return r.subject.empty() ? r.operation : r.operation + " " + r.subject;
  };
  for (const auto& r : s.rows) width = std::max(width, what(r).size());
  width = std::min<std::size_t>(width, 48);
  out +=
      std::format("\n{:{}}  {:>8}  {:>6}  {:>10}  {:>10}  {:>10}  {:>10}  {:>10}  {:>10}\n", "what",
                  width, "spans", "errors", "median", "p95", "longest", "tokens in", "out", "cost");
  for (const auto& r : s.rows) {
    auto name = what(r).substr(0, width);
    std::ranges::replace_if(
        name, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }, '?');
    out += std::format("{:{}}  {:>8}  {:>6}  {:>10}  {:>10}  {:>10}  {:>10}  {:>10}  {:>10}\n",
                       name, width, r.spans, r.errors, duration(r.median), duration(r.p95),
                       duration(r.longest), r.input_tokens, r.output_tokens, to_text(r.cost));
  }
  return out;
}

json::value to_json(const stats& s) {
  json::array rows;
  for (const auto& r : s.rows) {
    rows.push_back(json::object{{"operation", r.operation},
                                {"subject", r.subject},
                                {"spans", r.spans},
                                {"errors", r.errors},
                                {"median_seconds", seconds(r.median)},
                                {"p95_seconds", seconds(r.p95)},
                                {"longest_seconds", seconds(r.longest)},
                                {"input_tokens", r.input_tokens},
                                {"output_tokens", r.output_tokens},
                                {"known_cost", r.cost.known.dollars()},
                                {"unpriced_spans", r.cost.unpriced}});
  }
  return json::object{{"traces", s.traces},
                      {"spans", s.spans},
                      {"errors", s.errors},
                      {"input_tokens", s.input_tokens},
                      {"output_tokens", s.output_tokens},
                      {"estimated_tokens", s.estimated_tokens},
                      {"known_cost", s.cost.known.dollars()},
                      {"unpriced_spans", s.cost.unpriced},
                      {"rows", std::move(rows)}};
}

}  // namespace skein::trace
