#include "trace_text.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <format>
#include <string_view>

#include <skein/json/text.hpp>
#include <skein/telemetry/semconv.hpp>

#include "screen.hpp"
#include "telemetry/forest.hpp"

namespace skein::cli {

using telemetry::forest;
using telemetry::span_record;
namespace semconv = telemetry::semconv;

namespace {

// In UTC, to the second: the same on every machine.
std::string time_text(std::int64_t nanoseconds) {
  using namespace std::chrono;
  sys_time<std::chrono::nanoseconds> t{std::chrono::nanoseconds(nanoseconds)};
  return std::format("{:%F %T}", floor<seconds>(t));
}

std::string duration_text(std::int64_t nanoseconds) {
  auto s = static_cast<double>(std::max<std::int64_t>(nanoseconds, 0)) / 1e9;
  if (s >= 1) return std::format("{:.2f} s", s);
  return std::format("{:.1f} ms", s * 1e3);
}

std::string_view name_of(telemetry::span_kind k) {
  constexpr std::array names{"internal", "server", "client", "producer", "consumer"};
  return names[static_cast<std::size_t>(k)];
}

std::string outcome_of(const span_record& s) {
  if (s.end == 0) return "never ended";
  if (s.status == telemetry::span_status::error) {
    auto type = telemetry::text_of(s, semconv::error_type);
    return type.empty() ? "error" : std::format("error {}", type);
  }
  auto outcome = telemetry::text_of(s, semconv::outcome);
  return outcome.empty() ? "ok" : std::string(outcome);
}

// Parents first, each once, those that no root leads to at the end.
std::vector<std::pair<std::size_t, std::size_t>> in_order(const forest& f) {
  std::vector<std::pair<std::size_t, std::size_t>> out;
  for (auto root : f.roots()) {
    auto below = f.below(root);
    out.insert(out.end(), below.begin(), below.end());
  }
  for (std::size_t i = 0; i < f.size(); ++i) {
    if (f.is_stray(i)) out.emplace_back(i, 0);
  }
  return out;
}

std::string value_text(const json::value& v) {
  constexpr std::size_t most = 2000;
  return v.is_string() ? one_line(std::string_view(v.get_string()), most)
                       : one_line(json::write_text(v), most);
}

}  // namespace

std::string to_text(const std::vector<trace::summary>& traces) {
  auto out = std::format("{:8}  {:19}  {:>9}  {:>5}  {:>6}  {:>15}  {:>10}  {}\n", "trace",
                         "started (UTC)", "took", "spans", "errors", "tokens", "cost", "name");
  constexpr std::size_t shown = 8;
  for (const auto& t : traces) {
    auto name = one_line(t.name, 60);
    if (!t.root_start) name += "  (no root yet)";
    if (!t.service.empty()) name += "  [" + one_line(t.service, 40) + "]";
    if (!t.conversation.empty()) name += "  " + one_line(t.conversation, 40);
    out += std::format(
        "{:8}  {:19}  {:>9}  {:>5}  {:>6}  {:>15}  {:>10}  {}\n", t.trace_id.substr(0, shown),
        time_text(t.start), duration_text(t.end - t.start), t.spans, t.errors,
        std::format("{} > {}", t.input_tokens, t.output_tokens), to_text(t.cost), name);
  }
  return out;
}

json::value to_json(const std::vector<trace::summary>& traces) {
  json::array out;
  for (const auto& t : traces) {
    out.push_back(json::object{{"trace_id", t.trace_id},
                               {"name", t.name},
                               {"service", t.service},
                               {"conversation", t.conversation},
                               {"has_root", t.root_start.has_value()},
                               {"start", t.start},
                               {"end", t.end},
                               {"spans", t.spans},
                               {"errors", t.errors},
                               {"input_tokens", t.input_tokens},
                               {"output_tokens", t.output_tokens},
                               {"known_cost", t.cost.known.dollars()},
                               {"unpriced_spans", t.cost.unpriced}});
  }
  return out;
}

std::string details_of(std::span<const span_record> spans) {
  forest f(spans);
  std::string out;
  for (auto [i, depth] : in_order(f)) {
    const auto& s = f[i];
    if (!out.empty()) out += '\n';
    std::string indent(std::min<std::size_t>(depth, 20) * 2, ' ');
    out += std::format("{}{}\n", indent, one_line(s.name, 200));
    auto add = [&](std::string_view key, std::string_view value) {
      out += std::format("{}  {}: {}\n", indent, key, value);
    };
    add("span", std::format("{} in {}{}{}", s.span_id, s.trace_id,
                            s.parent_span_id.empty() ? "" : ", parent " + s.parent_span_id,
                            s.parent_is_remote ? " (remote)" : ""));
    add("kind", name_of(s.kind));
    add("started", time_text(s.start) + " UTC");
    add("took", s.end == 0 ? "?" : duration_text(s.end - s.start));
    add("outcome", outcome_of(s));
    if (!s.status_message.empty()) add("status message", one_line(s.status_message, 500));
    for (const auto& a : s.attributes) add(one_line(a.key(), 200), value_text(a.value()));
    for (const auto& e : s.events) {
      add("event",
          std::format("{} after {}", one_line(e.name, 200), duration_text(e.time - s.start)));
      for (const auto& a : e.attributes) {
        out += std::format("{}    {}: {}\n", indent, one_line(a.key(), 200), value_text(a.value()));
      }
    }
    for (const auto& l : s.links) add("link", std::format("{} in {}", l.span_id, l.trace_id));
    if (depth == 0) {
      for (const auto& a : s.resource)
        add("resource " + one_line(a.key(), 200), value_text(a.value()));
      add("scope", one_line(s.scope_name + " " + s.scope_version, 200));
    }
  }
  return out;
}

json::value tree_json(std::span<const span_record> spans) {
  forest f(spans);
  json::array out;
  for (auto [i, depth] : in_order(f)) {
    const auto& s = f[i];
    json::object o{
        {"depth", depth},
        {"name", s.name},
        {"trace_id", s.trace_id},
        {"span_id", s.span_id},
        {"parent_span_id", s.parent_span_id},
        {"kind", name_of(s.kind)},
        {"start", s.start},
        {"seconds", s.end == 0 ? json::value(nullptr)
                               : json::value(static_cast<double>(s.end - s.start) / 1e9)},
        {"outcome", outcome_of(s)}};
    if (auto n = telemetry::integer_of(s, semconv::usage_input_tokens)) o["input_tokens"] = *n;
    if (auto n = telemetry::integer_of(s, semconv::usage_output_tokens)) o["output_tokens"] = *n;
    if (auto cost = telemetry::number_of(s, semconv::usage_cost)) o["cost"] = *cost;
    if (auto t = telemetry::number_of(s, semconv::response_time_to_first_chunk)) {
      o["seconds_to_first_chunk"] = *t;
    }
    out.push_back(std::move(o));
  }
  return out;
}

std::string to_text(const trace::table& rows) {
  std::string out;
  auto line = [&](const auto& cells, auto text) {
    bool first = true;
    for (const auto& c : cells) {
      if (!first) out += '\t';
      first = false;
      out += text(c);
    }
    out += '\n';
  };
  constexpr std::size_t most = 100'000;
  line(rows.columns, [](const std::string& c) { return c; });
  for (const auto& r : rows.rows) {
    line(r, [](const json::value& v) {
      if (v.is_null()) return std::string();
      return v.is_string() ? one_line(std::string_view(v.get_string()), most) : json::write_text(v);
    });
  }
  return out;
}

json::value to_json(const trace::table& rows) {
  json::array out;
  for (const auto& r : rows.rows) {
    json::object o;
    for (std::size_t c = 0; c < rows.columns.size(); ++c) o[rows.columns[c]] = r[c];
    out.push_back(std::move(o));
  }
  return out;
}

std::string to_text(const trace::diff_result& found) {
  if (!found.first) {
    return std::format("the same, but for times and identifiers: {} spans", found.spans_a);
  }
  const auto& d = *found.first;
  auto out = std::format("first difference at {}\n  {}\n    A: {}\n    B: {}\n",
                         one_line(d.where, 2000), d.what, one_line(d.a, 500), one_line(d.b, 500));
  if (found.more != 0) {
    out += std::format("{} more after it; A has {} spans, B has {}", found.more, found.spans_a,
                       found.spans_b);
  }
  return out;
}

json::value to_json(const trace::diff_result& found) {
  json::object out{{"same", !found.first},
                   {"spans_a", found.spans_a},
                   {"spans_b", found.spans_b},
                   {"more", found.more}};
  if (found.first) {
    out["first"] = json::object{{"where", found.first->where},
                                {"what", found.first->what},
                                {"a", found.first->a},
                                {"b", found.first->b}};
  }
  return out;
}

}  // namespace skein::cli
