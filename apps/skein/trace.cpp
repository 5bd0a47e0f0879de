// skein trace: everything but collecting and printing.
#include <algorithm>
#include <cstdio>
#include <format>
#include <string>
#include <utility>

#include <skein/core/error.hpp>
#include <skein/json/text.hpp>
#include <skein/telemetry/otlp_json.hpp>
#include <skein/telemetry/tree.hpp>
#include <skein/trace/check.hpp>
#include <skein/trace/diff.hpp>
#include <skein/trace/history.hpp>
#include <skein/trace/metrics.hpp>
#include <skein/trace/otlp.hpp>
#include <skein/trace/stats.hpp>
#include <skein/trace/store.hpp>

#include "commands.hpp"
#include "exit_code.hpp"
#include "trace_source.hpp"
#include "trace_text.hpp"

namespace skein::cli {

namespace {

void print(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  if (!text.ends_with('\n')) std::fputc('\n', stdout);
}
void print(const json::value& v) { print(json::write_text(v)); }

int list(const trace_arguments& a) {
  if (a.targets.size() > 1) throw usage_error("ls lists one file; see skein trace ls --help");
  auto from = a.targets.empty() ? trace_source::of(a) : trace_source::file(a.targets.front());
  using which = trace::list_query::which;
  auto traces = from.list({.limit = a.limit,
                           .conversation = a.conversation,
                           .select = a.failed ? which::failed : which::all});
  if (a.json) {
    print(to_json(traces));
  } else {
    print(traces.empty() ? "no traces" : to_text(traces));
  }
  return exit_ok;
}

const std::string& target_of(const trace_arguments& a) {
  static const std::string last = "last";
  return a.targets.empty() ? last : a.targets.front();
}

// People see whole histories; programs see what was recorded, unless they ask.
int show(const trace_arguments& a) {
  auto one = one_trace(a, target_of(a));
  if (a.expand || (!a.json && !a.no_expand)) {
    trace::expand_history(one.spans, [&](const auto& which) { return one.load(which); });
  }
  print(a.json ? telemetry::to_otlp_json_line(one.spans) : details_of(one.spans));
  return exit_ok;
}

int tree(const trace_arguments& a) {
  auto one = one_trace(a, target_of(a));
  if (a.json) {
    print(tree_json(one.spans));
    return exit_ok;
  }
  auto style = telemetry::style_of_terminal();
  if (a.no_times) style.time = telemetry::tree_style::times::hidden;
  print(telemetry::render_tree(one.spans, style));
  return exit_ok;
}

int ask(const trace_arguments& a) {
  auto path = store_path(a);
  auto found = trace::store(path, {.mode = trace::access::read}).query(a.query);
  print(a.json ? json::write_text(to_json(found)) : to_text(found));
  return exit_ok;
}

int export_spans(const trace_arguments& a) {
  auto write = [&](std::vector<telemetry::span_record> spans, const trace::history_lookup& find) {
    if (a.expand) trace::expand_history(spans, find);
    if (!spans.empty()) print(telemetry::to_otlp_json_line(spans));
  };
  auto each_of = [&](const trace_source& from) {
    // One trace in memory at a time.
    for (const auto& s : from.list({.limit = 0})) {
      write(from.load(s.trace_id), [&](const auto& which) { return from.load(which); });
    }
    if (auto points = from.metrics(); !points.empty()) print(trace::to_otlp_json_line(points));
  };
  if (a.targets.empty()) each_of(trace_source::of(a));
  for (const auto& t : a.targets) {
    if (names_trace(t) || !a.file.empty()) {
      auto one = one_trace(a, t);
      write(one.spans, [&](const auto& which) { return one.load(which); });
    } else {
      each_of(trace_source::file(t));
    }
  }
  return exit_ok;
}

int import_spans(const trace_arguments& a) {
  std::size_t spans = 0;
  std::size_t added = 0;
  std::size_t points = 0;
  auto path = store_path(a);
  for (const auto& file : a.targets) {
    auto from = trace_source::file(file);
    auto all = from.all();
    auto metrics = from.metrics();
    trace::store into(path, {.keep = a.keep});
    added += into.insert(all);
    spans += all.size();
    into.insert(metrics);
    points += metrics.size();
  }
  if (a.json) {
    print(json::object{{"store", path}, {"spans", spans}, {"new", added}, {"points", points}});
  } else {
    auto with = points == 0 ? std::string() : std::format(", beside {} points of metrics", points);
    print(std::format("{} of {} spans were new in {}{}", added, spans, path, with));
  }
  return exit_ok;
}

int statistics(const trace_arguments& a) {
  auto s = trace::stats_of(all_traces(a).spans);
  print(a.json ? json::write_text(trace::to_json(s)) : trace::to_text(s));
  return exit_ok;
}

int differ(const trace_arguments& a) {
  auto one = one_trace(a, a.targets.at(0)).spans;
  auto other = one_trace(a, a.targets.at(1)).spans;
  auto found = trace::diff(one, other);
  print(a.json ? json::write_text(to_json(found)) : to_text(found));
  return found.first ? exit_failed : exit_ok;
}

int list_rules(const trace_arguments& a) {
  if (a.json || a.form == trace_arguments::format::json) {
    json::array all;
    for (const auto& r : trace::rules()) {
      all.push_back(json::object{
          {"name", r.name}, {"severity", trace::name_of(r.level)}, {"explanation", r.explanation}});
    }
    print(json::value(std::move(all)));
    return exit_ok;
  }
  for (const auto& r : trace::rules()) {
    print(std::format("{:22} {:8} {}", r.name, trace::name_of(r.level), r.explanation));
  }
  return exit_ok;
}

int check(const trace_arguments& a) {
  if (a.list_rules) return list_rules(a);
  auto what = all_traces(a);
  using content = enum trace::check_options::content;
  using kept = trace::check_options::kept;
  trace::check_options options{
      .content = a.content_allowed ? content::allowed : content::unexpected,
      .only = a.rules,
      .tolerance = a.tolerance,
      .spans = a.all_spans ? kept::all : kept::some,
      .history_elsewhere = [&](const auto& which) { return what.load(which).has_value(); }};
  trace::check_report report{.source = what.source,
                             .traces = trace::summarize(what.spans).size(),
                             .spans = what.spans.size(),
                             .points = what.metrics.size(),
                             .findings = trace::check(what.spans, what.metrics, options)};
  using format = trace_arguments::format;
  switch (a.json ? format::json : a.form) {
    case format::text:
      print(trace::to_text(report));
      break;
    case format::json:
      print(trace::to_json(report));
      break;
    case format::sarif:
      print(trace::to_sarif(report));
      break;
    case format::junit: {
      std::vector<trace::rule> checked;
      for (const auto& r : trace::rules()) {
        if (a.rules.empty() || std::ranges::find(a.rules, r.name) != a.rules.end()) {
          checked.push_back(r);
        }
      }
      print(trace::to_junit(report, checked));
      break;
    }
  }
  return report.count(trace::severity::error) == 0 ? exit_ok : exit_failed;
}

int remove(const trace_arguments& a) {
  if (a.targets.empty() && a.older_than_days == 0) {
    throw usage_error(
        "say what to remove: traces, or --older-than DAYS; see skein trace rm --help");
  }
  auto path = store_path(a);
  // Opening for writing would make an empty one.
  { trace::store there(path, {.mode = trace::access::read}); }
  trace::retention keep{.max_bytes = 0, .max_age = std::chrono::days(a.older_than_days)};
  trace::store from(path, {.keep = keep});
  std::size_t removed = 0;
  for (const auto& t : a.targets) {
    auto id = from.find(t);
    if (!id) throw usage_error(id.error());
    if (from.remove(*id)) ++removed;
  }
  if (a.older_than_days != 0) removed += from.prune();
  if (a.json) {
    print(json::object{{"removed", removed}});
  } else {
    print(std::format("removed {} trace{}", removed, removed == 1 ? "" : "s"));
  }
  return exit_ok;
}

}  // namespace

int trace_command(const trace_arguments& a) {
  using verb = trace_arguments::verb;
  switch (a.what) {
    case verb::collect:
      return collect_traces(a);
    case verb::ls:
      return list(a);
    case verb::show:
      return show(a);
    case verb::tree:
      return tree(a);
    case verb::sql:
      return ask(a);
    case verb::export_spans:
      return export_spans(a);
    case verb::import_spans:
      return import_spans(a);
    case verb::stats:
      return statistics(a);
    case verb::diff:
      return differ(a);
    case verb::check:
      return check(a);
    case verb::rm:
      return remove(a);
  }
  return exit_usage;
}

}  // namespace skein::cli
