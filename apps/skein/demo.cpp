#include <chrono>
#include <cstddef>
#include <cstdio>
#include <exception>
#include <format>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <skein/async/result.hpp>
#include <skein/async/run.hpp>
#include <skein/async/time.hpp>
#include <skein/providers/openai.hpp>
#include <skein/telemetry/install.hpp>
#include <skein/telemetry/ledger.hpp>
#include <skein/telemetry/setup.hpp>
#include <skein/testing/model_server.hpp>
#include <skein/trace/exporter.hpp>
#include <skein/trace/store.hpp>

#include "commands.hpp"
#include "demo_agents.hpp"
#include "demo_report.hpp"
#include "exit_code.hpp"
#include "export_log.hpp"
#include "faults.hpp"
#include "otlp.hpp"
#include "screen.hpp"
#include "tracing.hpp"

namespace skein::cli {

namespace {

using std::chrono::milliseconds;

// Spans go to a ledger, whatever the environment says, and to a collector, a store or a file if one
// is named.
class demo_tracing {
 public:
  explicit demo_tracing(const demo_arguments& arguments) {
    telemetry::install();
    if (arguments.otlp_url.empty() && arguments.trace.empty()) {
      provider_.emplace(ledger_);
      return;
    }
    log_.emplace();
    telemetry::setup_options options{.service_name = service_name(),
                                     .metrics = telemetry::nowhere{},  // what counts here are spans
                                     .logs = telemetry::nowhere{},
                                     .otlp = otlp_exporters()};
    if (!arguments.otlp_url.empty()) {
      options.exporters = {ledger_, telemetry::otlp_collector{
                                        .protocol = arguments.otlp_protocol == "grpc"
                                                        ? telemetry::otlp_protocol::grpc
                                                        : telemetry::otlp_protocol::http_protobuf,
                                        .endpoint = arguments.otlp_url}};
    } else if (auto file = named_store(arguments.trace)) {
      options.exporters = {ledger_, trace::make_exporter(trace::store(*file))};
      options.metrics = trace::make_metric_exporter(trace::store(*file));
    } else {
      options.exporters = {ledger_, telemetry::otlp_lines{.path = arguments.trace}};
    }
    pipeline_ = telemetry::setup(std::move(options));
  }

  [[nodiscard]] const telemetry::span_ledger& ledger() const noexcept { return ledger_; }
  // Nothing if they go nowhere else.
  [[nodiscard]] std::optional<export_result> send() {
    if (!pipeline_) return std::nullopt;
    auto sent = pipeline_->flush();
    export_result result{.delivered = sent.delivered};
    if (!sent.ok()) {
      result.failure = log_->first_error();
      if (result.failure.empty()) {
        result.failure = sent.in_time ? "they were refused" : "no answer in time";
      }
    }
    return result;
  }

 private:
  telemetry::span_ledger ledger_;
  std::optional<telemetry::scoped_provider> provider_;
  std::optional<export_log> log_;
  std::optional<telemetry::pipeline> pipeline_;
};

// The demo's script at the pace of a quick model, with the fault in its second answer.
testing::responder demo_model(const demo_arguments& arguments) {
  auto fault = arguments.fault;
  return [script = testing::demo_script(), fault, answers = 0](const json::value& request) mutable {
    auto turn = script(request);
    turn.first_delay = milliseconds(15);
    turn.chunk_delay = milliseconds(3);
    if (++answers == 2 && fault) turn.fault = fault;
    return turn;
  };
}

openai::client_options client_of(const testing::model_server& server) {
  openai::client_options options{
      .model = "demo-model", .api_key = "demo", .base_url = server.url()};
  options.http.proxy = "";                         // it is on this machine
  options.http.timeouts.idle = milliseconds(400);  // for the fault `stall`
  return options;
}

task<> follow(agent& who, const demo_arguments& how, const cancel_source& stop, screen& out,
              demo_result& to) {
  run_options options{.deadline = how.deadline};
  options.chat.streaming = !how.blocking;
  if (how.blocking) {
    to.response = co_await who.run(demo_prompt, std::move(options));
    to.text = to.response->text();
    out.text(to.text);
    co_return;
  }
  auto run = who.stream(demo_prompt, std::move(options));
  try {
    while (to.updates != how.abandon_after) {
      if (to.updates == how.cancel_after) stop.cancel();
      auto* update = co_await run.next();
      if (update == nullptr) {
        to.response = run.response();
        co_return;
      }
      ++to.updates;
      to.text += update->text();
      out.show(*update);
    }
    to.outcome = telemetry::outcome::abandoned;
  } catch (const std::exception&) {
    if (!stop.cancel_requested()) to.response = run.response();
    throw;
  }
}

task<int> play(agent& who, const demo_arguments& how, screen& out, demo_result& to) {
  cancel_source stop;
  auto ended = co_await as_result(with_cancel(stop, follow(who, how, stop, out, to)));
  out.end_line();
  if (ended) co_return exit_ok;
  to.outcome = telemetry::outcome_of(ended.error());
  if (to.outcome == telemetry::outcome::error) {
    to.failure = ended.error();
  } else if (to.outcome == telemetry::outcome::cancelled && !stop.cancel_requested()) {
    std::rethrow_exception(ended.error());  // Ctrl-C
  }
  co_return exit_ok;
}

}  // namespace

int demo(const demo_arguments& arguments) {
  demo_tracing traces(arguments);
  testing::model_server server(demo_model(arguments));
  openai::client model(client_of(server));
  auto content = arguments.capture ? telemetry::capture::on : telemetry::capture_from_environment();
  model.content = content;
  demo_agents agents(model, content);
  screen out(arguments.json ? screen::shows::nothing : screen::shows::everything);

  demo_result result;
  out.note(demo_prompt);
  if (auto code = skein::run(play(agents.demo, arguments, out, result)); code != exit_ok)
    return code;

  auto problems = problems_of(arguments, result, traces.ledger());
  if (!server.wait_for_open_exchanges(0, milliseconds(2000))) {
    problems.push_back(
        std::format("{} requests are still open at the server", server.open_exchanges()));
  }
  if (model.open_exchanges() != 0) {
    problems.push_back(
        std::format("{} requests are still open at the client", model.open_exchanges()));
  }
  auto exported = traces.send();
  auto spans = traces.ledger().records();
  demo_report report{arguments, result, spans, problems, exported};
  auto text = arguments.json ? to_json(report) : to_text(report);
  std::fwrite(text.data(), 1, text.size(), stdout);

  bool delivered = !exported || exported->failure.empty();
  if (!delivered) {
    auto what = std::format("{} of {} spans reached {}: {}", exported->delivered, spans.size(),
                            destination_of(arguments), exported->failure);
    if (!arguments.otlp_url.empty()) {
      what += std::format("; is a collector listening there with OTLP over {}?",
                          arguments.otlp_protocol);
    }
    print_error(what);
  }
  return problems.empty() && delivered ? exit_ok : exit_failed;
}

}  // namespace skein::cli
