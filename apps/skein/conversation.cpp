#include "conversation.hpp"

#include <cstdlib>
#include <exception>
#include <format>
#include <string_view>
#include <utility>
#include <vector>

#include <skein/async/result.hpp>
#include <skein/core/error.hpp>

#include "demo_agents.hpp"

namespace skein::cli {

namespace {

bool is_set(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr && *value != '\0';
}

std::string model_name(std::string_view model) {
  constexpr std::string_view prefix = "openai:";
  if (model.starts_with(prefix) && model.size() > prefix.size()) {
    return std::string(model.substr(prefix.size()));
  }
  throw usage_error(std::format(
      "--model {}: a model is written openai:NAME, e.g. openai:gpt-5-mini; openai also stands for "
      "servers with OpenAI's API, see --base-url",
      model));
}

openai::client_options client_for(const model_arguments& arguments) {
  auto model = model_name(arguments.model);
  if (arguments.base_url.empty() && !is_set("OPENAI_BASE_URL") && !is_set("OPENAI_API_KEY")) {
    throw usage_error(
        "no key and no server: export OPENAI_API_KEY=..., or name a server with --base-url "
        "http://127.0.0.1:PORT/v1 (`skein model-server` is one), or try `skein demo`, which needs "
        "neither");
  }
  return {.model = std::move(model), .base_url = arguments.base_url};
}

agent_options agent_for(const model_arguments& arguments) {
  return {.name = "skein",
          .instructions = arguments.system,
          .tools = arguments.demo_tools ? demo_tools() : std::vector<tool>(),
          .chat = {.temperature = arguments.temperature,
                   .max_tokens = arguments.max_tokens,
                   .streaming = !arguments.no_stream}};
}

task<> show(agent_run run, screen& out) {
  while (auto* update = co_await run.next()) out.show(*update);
  if (auto end = run.response().end; end != run_end::completed) {
    out.note(std::format("ended by {}", name_of(end)));
  }
}

}  // namespace

conversation::conversation(const model_arguments& arguments)
    : tracing_(arguments.trace),
      model_(client_for(arguments)),
      agent_(model_, agent_for(arguments)) {}

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
