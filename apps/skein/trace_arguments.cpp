#include "trace_arguments.hpp"

#include <map>

#include <CLI/CLI.hpp>

#include <skein/trace/check.hpp>

namespace skein::cli {

namespace {

using verb = trace_arguments::verb;

CLI::App* add(CLI::App& group, const char* name, const char* about, verb what,
              trace_arguments& to) {
  auto* command = group.add_subcommand(name, about);
  command->callback([what, &to] { to.what = what; });
  command->add_flag("--json", to.json, "Print JSON");
  return command;
}

CLI::Option* add_store(CLI::App* command, trace_arguments& to) {
  return command
      ->add_option("--store", to.store,
                   "The store's file; else skein/traces.db in XDG_DATA_HOME or ~/.local/share")
      ->type_name("FILE");
}

// What reads, reads either.
void add_sources(CLI::App* command, trace_arguments& to) {
  auto* store = add_store(command, to);
  command
      ->add_option("--file", to.file,
                   "Read this file instead of a store: OTLP as JSON, JSON lines or Protobuf; - is "
                   "standard input")
      ->type_name("FILE")
      ->excludes(store);
}

constexpr auto what_a_trace_is =
    "A trace: the beginning of its identifier, or last; or a file of spans, or -";

void add_retention(CLI::App* command, trace_arguments& to) {
  command
      ->add_option_function<std::uint64_t>(
          "--keep-size", [&to](std::uint64_t megabytes) { to.keep.max_bytes = megabytes << 20U; },
          "Drop the oldest traces beyond MB megabytes; 1024 unless you say otherwise, 0: never")
      ->type_name("MB")
      ->check(CLI::Range(std::uint64_t{0}, std::uint64_t{1} << 40U));
  command
      ->add_option_function<std::uint32_t>(
          "--keep-days", [&to](std::uint32_t days) { to.keep.max_age = std::chrono::days(days); },
          "Drop traces that have not grown for DAYS days; 30 unless you say otherwise, 0: never")
      ->type_name("DAYS");
}

void add_readers(CLI::App& group, trace_arguments& to) {
  auto* ls = add(group, "ls", "List traces, the newest first", verb::ls, to);
  ls->add_option("FILE", to.targets, "A file of spans, or -, instead of the store");
  ls->add_option("-n,--limit", to.limit, "At most N of them; 0: all")
      ->type_name("N")
      ->capture_default_str();
  ls->add_option("--conversation", to.conversation, "Only those of this gen_ai.conversation.id")
      ->type_name("ID");
  ls->add_flag("--failed", to.failed, "Only those with errors");
  add_sources(ls, to);

  auto* show = add(group, "show", "All that is known of a trace's spans", verb::show, to);
  show->add_option("TRACE", to.targets, what_a_trace_is)->expected(0, 1);
  auto* expand = show->add_flag(
      "--expand", to.expand,
      "With --json: histories by reference in full; without it they are, as far as can be");
  show->add_flag("--no-expand", to.no_expand, "Messages as they were recorded")->excludes(expand);
  add_sources(show, to);

  auto* tree = add(group, "tree", "A trace's tree with times, tokens and outcomes", verb::tree, to);
  tree->add_option("TRACE", to.targets, what_a_trace_is)->expected(0, 1);
  tree->add_flag("--no-times", to.no_times, "Without times: two equal runs print the same");
  add_sources(tree, to);

  auto* stats = add(group, "stats", "Numbers by operation, model, tool and agent", verb::stats, to);
  stats->add_option("TRACE", to.targets, what_a_trace_is);
  add_sources(stats, to);

  auto* diff = add(group, "diff", "Where two traces part; exit code 1 if they do", verb::diff, to);
  diff->add_option("TRACES", to.targets, "Two traces, each as TRACE elsewhere")
      ->expected(2)
      ->required();
  add_sources(diff, to);

  auto* out =
      add(group, "export",
          "Print spans as OTLP JSON, a line for each trace; of a whole store the metrics, too",
          verb::export_spans, to);
  out->add_option("TRACE", to.targets, "Which; none: all of them");
  out->add_flag("--expand", to.expand, "Histories by reference in full, as far as can be");
  add_sources(out, to);

  auto* sql = add(group, "sql", "Ask the store in SQL; the tables are traces, spans and metrics",
                  verb::sql, to);
  sql->add_option("QUERY", to.query, "One statement that only reads")->required();
  add_store(sql, to);
}

void add_check(CLI::App& group, trace_arguments& to) {
  using format = trace_arguments::format;
  auto* check =
      add(group, "check", "Find what is wrong with traces; exit code 1 on errors", verb::check, to);
  check->add_option("TRACE", to.targets, "Which, or files of spans; none: the whole store");
  check->add_option("--format", to.form, "text, json, sarif or junit")
      ->type_name("FORMAT")
      ->transform(CLI::CheckedTransformer(std::map<std::string, format>{{"text", format::text},
                                                                        {"json", format::json},
                                                                        {"sarif", format::sarif},
                                                                        {"junit", format::junit}},
                                          CLI::ignore_case));
  std::vector<std::string> names;
  for (const auto& r : trace::rules()) names.emplace_back(r.name);
  check->add_option("--rule", to.rules, "Only this rule; may be given more than once")
      ->type_name("RULE")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->allow_extra_args(false)
      ->check(CLI::IsMember(names));
  check->add_flag("--list-rules", to.list_rules, "Print the rules and what they mean");
  check->add_flag("--content-allowed", to.content_allowed,
                  "Messages, arguments and results may be recorded");
  check->add_flag(
      "--all-spans", to.all_spans,
      "No span was left out by a sampler or removed: metrics that count more are errors");
  check
      ->add_option_function<std::uint32_t>(
          "--tolerance", [&to](std::uint32_t ms) { to.tolerance = std::chrono::milliseconds(ms); },
          "How far a span may stick out of its parent's time; 1 unless you say otherwise")
      ->type_name("MS");
  add_sources(check, to);
}

void add_writers(CLI::App& group, trace_arguments& to) {
  auto* collect =
      add(group, "collect",
          "Receive OTLP over HTTP from any program and store spans and metrics; Ctrl-C ends it",
          verb::collect, to);
  collect->add_option("--host", to.host, "Address to listen on; it asks for no key")
      ->capture_default_str();
  collect->add_option("--port", to.port, "Port to listen on; 0 takes a free one")
      ->capture_default_str();
  add_store(collect, to);
  add_retention(collect, to);

  auto* in = add(group, "import", "Put spans and metrics of a file into the store",
                 verb::import_spans, to);
  in->add_option("FILE", to.targets, "OTLP as JSON, JSON lines or Protobuf; - is standard input")
      ->required();
  add_store(in, to);
  add_retention(in, to);

  auto* rm = add(group, "rm", "Remove traces from the store", verb::rm, to);
  rm->add_option("TRACE", to.targets, "The beginning of an identifier, or last");
  rm->add_option("--older-than", to.older_than_days, "Those that have not grown for DAYS days")
      ->type_name("DAYS")
      ->check(CLI::PositiveNumber);
  add_store(rm, to);
}

}  // namespace

void add_trace(CLI::App& app, trace_arguments& to) {
  auto* group = app.add_subcommand("trace", "Collect, look at and check traces");
  group->require_subcommand(1);
  add_writers(*group, to);
  add_readers(*group, to);
  add_check(*group, to);
}

}  // namespace skein::cli
