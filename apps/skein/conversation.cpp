#include "conversation.hpp"

#include <exception>
#include <format>
#include <string_view>
#include <utility>
#include <vector>

#include <skein/async/result.hpp>
#include <skein/core/error.hpp>
#include <skein/providers/models.hpp>
#include <skein/providers/named.hpp>

#include "demo_agents.hpp"
#include "telemetry/dollars.hpp"

namespace skein::cli {

namespace {

// Before anything is sent: says how to go on without a key.
void check_key(const model_arguments& arguments) {
  if (arguments.model.contains("@http") || !arguments.base_url.empty()) return;
  const auto provider = std::string_view(arguments.model).substr(0, arguments.model.find(':'));
  for (const auto& access : access_to_providers()) {
    if (access.provider != provider || access.key != key_state::missing) continue;
    throw usage_error(std::format(
        "no key and no server: export {}=..., or name a server with --base-url "
        "http://127.0.0.1:PORT/v1 (`skein model-server` is one), or another provider with --model "
        "(`skein models` lists what answers), or try `skein demo`, which needs neither",
        access.key_variable));
  }
}

std::unique_ptr<chat_client> client_for(const model_arguments& arguments,
                                        http::transport* through) {
  // A cassette needs no key, but a client of a provider's own server asks for one.
  const bool replays = !arguments.replay.empty();
  auto client = client_named(
      arguments.model,
      {.api_key = replays ? "replayed" : "", .base_url = arguments.base_url, .transport = through});
  if (!replays) check_key(arguments);
  return client;
}

agent_options agent_for(const model_arguments& arguments) {
  return {.name = "skein",
          .instructions = arguments.system,
          .tools = arguments.demo_tools ? demo_tools() : std::vector<tool>(),
          .chat = {.temperature = arguments.temperature,
                   .max_tokens = arguments.max_tokens,
                   .streaming = !arguments.no_stream}};
}

task<> pull(agent_run& run, screen& out) {
  while (auto* update = co_await run.next()) out.show(*update);
}

// What it came to, also of a run that failed or was stopped.
std::string bill_of(const usage_sum& sum) {
  auto text =
      std::format("{} > {} tokens", sum.usage.input.value_or(0), sum.usage.output.value_or(0));
  if (sum.estimated.total() != 0) {
    text += std::format(", about {} more that nobody reported", sum.estimated.total());
  }
  if (sum.known_cost != usd()) {
    text += ", " + telemetry::dollars_text(sum.known_cost.dollars());
    if (!sum.cost()) text += " and what is not known";
  } else if (!sum.cost()) {
    text += ", cost not known";
  }
  return text;
}

task<> show(agent_run run, screen& out) {
  auto ended = co_await as_result(pull(run, out));
  const auto& response = run.response();
  out.note(bill_of(response.ledger.total()));
  if (!ended) std::rethrow_exception(ended.error());
  if (response.end != run_end::completed) {
    out.note(std::format("ended by {}", name_of(response.end)));
  }
}

}  // namespace

conversation::conversation(const model_arguments& arguments)
    : tracing_(arguments.trace),
      cassette_(arguments.record, arguments.replay),
      model_(client_for(arguments, cassette_.transport())),
      agent_(*model_, agent_for(arguments)) {}

task<> conversation::ask(std::string prompt, session* s) {
  run_options options;
  options.session = s;
  auto ended =
      co_await as_result(show(agent_.stream(std::move(prompt), std::move(options)), screen_));
  screen_.end_line();
  tracing_.report();
  if (!ended) std::rethrow_exception(ended.error());
}

}  // namespace skein::cli
