#include "agent/tool_batch.hpp"

#include <atomic>
#include <format>
#include <utility>

#include <skein/json/text.hpp>
#include <skein/telemetry/conventions.hpp>

#include "chat/content.hpp"

namespace skein {

namespace semconv = telemetry::semconv;
namespace nostd = opentelemetry::nostd;

tool_batch::tool_batch(surroundings around, std::vector<tool_call_part> calls)
    : around_(around),
      calls_(std::move(calls)),
      results_(calls_.size()),
      events_(calls_.size()),
      running_(calls_.size()) {
  for (std::size_t i = 0; i < calls_.size(); ++i) group_.spawn(execute(i));
}

task<bool> tool_batch::next(agent_update& to) {
  if (running_ == 0) co_return false;
  auto event = co_await events_.receive();
  if (!event) {
    co_await group_.join();  // closed by a failure, which this rethrows
    co_return false;
  }
  if (std::holds_alternative<tool_finished>(*event)) --running_;
  to = *std::move(event);
  co_return true;
}

task<std::vector<tool_result_part>> tool_batch::results() {
  co_await group_.join();
  co_return std::move(results_);
}

task<> tool_batch::execute(std::size_t index) {
  // A tool's failure is a result; only what breaks this machinery itself closes the channel.
  struct closing {
    channel<agent_update>* events;
    ~closing() {
      if (events != nullptr) events->close();
    }
  } unless_done{&events_};

  const auto& call = calls_[index];
  auto outcome = co_await (around_.layers.empty() ? attempt(call) : through(0, call));
  tool_result_part result{.call_id = call.id, .name = call.name, .content = {}};
  result.outcome = outcome.failure ? tool_outcome::error : tool_outcome::ok;
  result.content = std::move(outcome.content);
  results_[index] = result;
  co_await events_.send(tool_finished{std::move(result)});
  unless_done.events = nullptr;
}

task<tool_result> tool_batch::through(std::size_t layer, tool_call_part call) {
  if (layer == around_.layers.size()) co_return co_await attempt(call);
  co_return co_await around_.layers[layer](std::move(call), [this, layer](tool_call_part next) {
    return through(layer + 1, std::move(next));
  });
}

task<tool_result> tool_batch::attempt(const tool_call_part& call) {
  const auto* t = around_.tools.find(call.name);
  if (t == nullptr) {
    co_return failed_result(
        {.kind = "unknown_tool",
         .message = {},
         .for_model = std::format("Error: Requested function \"{}\" not found.", call.name)});
  }
  auto bound = t->bind(call.arguments);
  if (!bound) co_return failed_result(std::move(bound).error());
  auto outcome = co_await run(call, *t, *std::move(bound));
  if (outcome.failure && around_.errors == error_details::shown &&
      !outcome.failure->message.empty()) {
    outcome.content = "Error: " + outcome.failure->message;
  }
  co_return outcome;
}

task<tool_result> tool_batch::run(const tool_call_part& call, const tool& t, bound_call bound) {
  telemetry::attribute_list attributes;
  attributes.reserve(8);
  auto add = [&](std::string_view key, std::string_view value) {
    if (!value.empty()) {
      attributes.emplace_back(nostd::string_view(key.data(), key.size()),
                              nostd::string_view(value.data(), value.size()));
    }
  };
  add(semconv::operation_name, "execute_tool");
  add(semconv::tool_name, call.name);
  add(semconv::tool_type, "function");
  add(semconv::agent_name, around_.agent_name);
  add(semconv::tool_call_id, call.id);
  add(semconv::tool_description, t.description());
  add(semconv::conversation_id, around_.conversation_id);
  telemetry::operation span(semconv::spans::execute_tool, "execute_tool " + call.name,
                            current_context(), attributes, around_.dialect);
  // Tools may run on several threads at once; whoever reads it has joined them.
  std::atomic_ref(around_.executed).fetch_add(1, std::memory_order_relaxed);
  if (span.wants(around_.content)) {
    // Blank and null arguments are none, as for the tool itself.
    auto arguments = detail::arguments_value(call.arguments);
    if (arguments.is_null() || call.arguments.find_first_not_of(" \t\r\n") == std::string::npos) {
      arguments = json::object();
    }
    span.set(semconv::tool_call_arguments, json::write_text(arguments), around_.content);
  }
  tool_result result;
  try {
    auto events = [&] {
      context_scope inside(span.inside());
      return std::move(bound).run(tool_context(call.id, around_.session));
    }();
    co_await events_.send(tool_started{call.id, call.name, call.arguments});
    while (auto* event = co_await events.next()) {
      if (auto* progress = std::get_if<tool_progress>(event)) {
        co_await events_.send(tool_progressed{call.id, std::move(progress->text)});
      } else {
        result = std::move(std::get<tool_result>(*event));
      }
    }
  } catch (...) {
    span.fail(std::current_exception(),
              around_.content);  // the run was stopped, or could not go on
    throw;
  }
  if (result.failure) {
    span.fail(result.failure->kind, result.failure->message, around_.content);
  } else {
    if (span.wants(around_.content)) {
      span.set(semconv::tool_call_result, json::valid_utf8(result.content), around_.content);
    }
    span.end(telemetry::outcome::ok);
  }
  co_return result;
}

}  // namespace skein
