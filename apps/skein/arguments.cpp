#include "arguments.hpp"

#include <format>
#include <string_view>

#include <CLI/CLI.hpp>

#include <skein/core/version.hpp>
#include <skein/providers/named.hpp>

#include "exit_code.hpp"
#include "faults.hpp"
#include "screen.hpp"

namespace skein::cli {

namespace {

constexpr auto exit_codes = R"(Exit codes:
  0    all went well (of a demo with --fault, --abandon-after, ...: every law held)
  1    the run failed, the demo's span tree was wrong, or trace check or diff found something
  2    the command line or the environment makes no sense
  130  interrupted (Ctrl-C or SIGTERM))";

void add_demo(CLI::App& app, demo_arguments& to) {
  app.add_flag("--json", to.json, "One JSON object instead: text, usage, outcome, spans, problems");
  auto* blocking =
      app.add_flag("--blocking", to.blocking, "Wait for the whole answer, without streaming");
  app.add_option("--abandon-after", to.abandon_after, "Drop the stream after N updates")
      ->type_name("N")
      ->excludes(blocking);
  app.add_option("--cancel-after", to.cancel_after, "Cancel the run after N updates")
      ->type_name("N")
      ->excludes(blocking);
  app.add_option_function<std::uint32_t>(
         "--deadline", [&to](std::uint32_t ms) { to.deadline = std::chrono::milliseconds(ms); },
         "Give the whole run MS milliseconds")
      ->type_name("MS");
  app.add_option_function<std::string>(
         "--fault", [&to](const std::string& name) { to.fault = fault_named(name); },
         "Break the model's second answer: " + all_fault_names() + "; AT is a byte, or an event")
      ->type_name("KIND[:AT]")
      ->check([](const std::string& name) { return explain_unless_fault(name); });
  app.add_flag("--capture", to.capture, "Record messages, arguments and results on the spans");
  auto* url = app.add_option("--otlp", to.otlp_url,
                             "Export the spans to this collector, e.g. http://127.0.0.1:4318")
                  ->type_name("URL");
  app.add_option("--otlp-protocol", to.otlp_protocol, "http (the default) or grpc")
      ->type_name("PROTOCOL")
      ->check(CLI::IsMember({"http", "grpc"}))
      ->needs(url);
  app.add_option("--trace", to.trace,
                 "Keep the spans, too. store: in the store of skein trace, with the metrics, or "
                 "store:FILE; else a file that gets them as OTLP JSON lines")
      ->type_name("WHERE")
      ->excludes(url);
}

void add_model(CLI::App& app, model_arguments& to) {
  app.add_option("--model", to.model,
                 "PROVIDER:MODEL, e.g. openai:gpt-5-mini, or compat:MODEL@URL for a server with "
                 "OpenAI's API; see skein models --help")
      ->type_name("MODEL")
      ->capture_default_str();
  app.add_option("--base-url", to.base_url,
                 "Of the server, if it is not the provider's own; for openai else OPENAI_BASE_URL")
      ->type_name("URL");
  app.add_option("--system", to.system, "Instructions for the model")->type_name("TEXT");
  app.add_flag("--no-stream", to.no_stream, "Ask for the whole answer at once");
  app.add_flag("--demo-tools", to.demo_tools, "Offer the tools get_weather, add and now");
  app.add_option("--max-tokens", to.max_tokens, "The most tokens an answer may have")
      ->type_name("N")
      ->check(CLI::PositiveNumber);
  app.add_option("--temperature", to.temperature, "Sampling temperature")
      ->type_name("T")
      ->check(CLI::NonNegativeNumber);
  app.add_option("--trace", to.trace,
                 "tree: the span tree on stderr after the answer; json: the spans there as OTLP "
                 "JSON; store: the store of skein trace, or store:FILE; else a file that gets "
                 "them. Without it, OTEL_* variables decide")
      ->type_name("WHERE");
  auto* record = app.add_option("--record", to.record,
                                "Write what is asked and answered into this file, without secrets")
                     ->type_name("FILE");
  app.add_option("--replay", to.replay,
                 "Answer from a file that --record wrote: needs no key and no network")
      ->type_name("FILE")
      ->excludes(record);
}

void add_models(CLI::App& app, models_arguments& to) {
  std::string names;
  for (const auto name : provider_names()) {
    names += names.empty() ? "" : ", ";
    names += name;
  }
  app.add_option("PROVIDER", to.providers,
                 "Whose models: PROVIDER, or PROVIDER@URL for another server; else all for which "
                 "there is a key, and those on this machine. Providers: " +
                     names);
  app.add_flag("--json", to.json, "One JSON object instead: models, problems");
}

void add_server(CLI::App& app, server_arguments& to) {
  app.add_option("--host", to.host, "Address to listen on")->capture_default_str();
  app.add_option("--port", to.port, "Port to listen on; 0 takes a free one")->capture_default_str();
  auto* script =
      app.add_option("--script", to.script, "Answers from this JSON file")->type_name("FILE");
  auto* demo = app.add_flag("--demo", "Answers of `skein demo` (the default)")->excludes(script);
  app.add_flag("--benchmark", to.benchmark, "Answers by model name: b-<chunks>-<ms>[-tool]")
      ->excludes(script)
      ->excludes(demo);
  app.add_option_function<std::string>(
         "--fault", [&to](const std::string& text) { to.fault = fault_named(text); },
         "Break every answer: " + all_fault_names() + "; AT is a byte, or an event")
      ->type_name("KIND[:AT]")
      ->check([](const std::string& text) { return explain_unless_fault(text); });
}

int say_what_is_wrong(const CLI::App& app, const CLI::ParseError& error) {
  std::string chosen;
  for (const auto* at = &app; !at->get_subcommands().empty();) {
    at = at->get_subcommands().front();
    chosen += at->get_name() + ' ';
  }
  auto what = one_line(error.what());
  if (what.ends_with('.')) what.pop_back();
  print_error(std::format("{}; see skein {}--help", what, chosen));
  return exit_usage;
}

}  // namespace

std::variant<command, int> parse_arguments(int argc, const char* const* argv) {
  CLI::App app("Skein: AI agents in C++ whose traces are right.", "skein");
  app.set_version_flag("--version", std::format("skein {}", version));
  app.footer(exit_codes);
  app.require_subcommand(0, 1);
  app.get_formatter()->column_width(32);

  demo_arguments demo;
  run_arguments run;
  chat_arguments chat;
  models_arguments models;
  server_arguments server;
  trace_arguments traces;
  add_demo(*app.add_subcommand(
               "demo", "Run an agent against a model server of its own: no key, no network"),
           demo);
  auto* ask = app.add_subcommand("run", "Ask a model once");
  ask->add_option("PROMPT", run.prompt, "What to ask; - reads it from standard input")->required();
  add_model(*ask, run.model);
  add_model(*app.add_subcommand("chat",
                                "Talk to a model; Ctrl-C stops an answer, Ctrl-D or /exit leaves"),
            chat.model);
  add_models(*app.add_subcommand("models", "List the models that answer, by provider"), models);
  add_server(*app.add_subcommand("model-server", "Serve models from a script"), server);
  add_trace(app, traces);

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    if (e.get_exit_code() != 0) return say_what_is_wrong(app, e);
    return app.exit(e);
  }
  if (app.got_subcommand("demo")) return command(std::move(demo));
  if (app.got_subcommand("run")) return command(std::move(run));
  if (app.got_subcommand("chat")) return command(std::move(chat));
  if (app.got_subcommand("models")) return command(std::move(models));
  if (app.got_subcommand("model-server")) return command(std::move(server));
  if (app.got_subcommand("trace")) return command(std::move(traces));
  print_error(
      "no command; there are demo, run, chat, models, model-server and trace, see skein --help");
  return exit_usage;
}

}  // namespace skein::cli
