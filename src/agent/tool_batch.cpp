#include "agent/tool_batch.hpp"

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <format>
#include <utility>

#include <skein/json/text.hpp>
#include <skein/telemetry/conventions.hpp>

#include "chat/book.hpp"
#include "chat/content.hpp"

namespace skein {

namespace semconv = telemetry::semconv;
namespace nostd = opentelemetry::nostd;

namespace {

bool same_call(const tool_call_part& a, const tool_call_part& b) {
  return a.id == b.id && a.name == b.name;
}

}  // namespace

// One that runs while the model still writes it.
struct tool_batch::early_call {
  std::uint32_t number;  // in the answer
  const tool& which;
  tool_call_part call;  // its arguments once `whole` is closed
  std::shared_ptr<arguments_pipe> arguments = std::make_shared<arguments_pipe>();
  channel<bool> whole{1};
  std::optional<job<tool_result>> running = {};

  early_call(std::uint32_t n, const tool& t, tool_call_part named)
      : number(n), which(t), call(std::move(named)) {}
  early_call(const early_call&) = delete;
  early_call& operator=(const early_call&) = delete;
  ~early_call() = default;
};

tool_batch::tool_batch(surroundings around) : around_(around) {}
tool_batch::~tool_batch() = default;

void tool_batch::watch(const chat_update& update) {
  if (const auto* begun = std::get_if<response_started>(&update); begun && begun->restarted) {
    revoke();
    return;
  }
  const auto* delta = std::get_if<tool_call_delta>(&update);
  if (delta == nullptr) return;
  if (!delta->name.empty()) begin(*delta);
  const auto at = std::ranges::find(early_, delta->call, [](const auto& e) { return e->number; });
  if (at != early_.end()) (*at)->arguments->write(delta->arguments);
}

void tool_batch::begin(const tool_call_delta& first) {
  const auto* t = around_.tools.find(first.name);
  if (t == nullptr || !t->begins_early() || first.id.empty()) return;
  tool_call_part named{.id = first.id, .name = first.name, .arguments = {}};
  if (begun(named) != nullptr) return;
  auto& one = *early_.emplace_back(std::make_unique<early_call>(first.call, *t, std::move(named)));
  one.running.emplace(spawn(*runtime::current(), run_early(one)));
}

void tool_batch::revoke() {
  for (auto& e : early_) e->running->cancel();  // so that their spans say why they end
  early_.clear();
}

tool_batch::early_call* tool_batch::begun(const tool_call_part& call) {
  const auto at = std::ranges::find_if(
      early_, [&](const auto& e) { return e->call.id == call.id && e->call.name == call.name; });
  return at != early_.end() ? at->get() : nullptr;
}

void tool_batch::execute(std::vector<tool_call_part> calls) {
  calls_ = std::move(calls);
  std::erase_if(early_, [&](const auto& e) {
    if (std::ranges::any_of(calls_, [&](const auto& c) { return same_call(c, e->call); })) {
      return false;
    }
    e->running->cancel();
    return true;
  });
  results_.resize(calls_.size());
  events_.emplace(calls_.size());
  running_ = calls_.size();
  for (std::size_t i = 0; i < calls_.size(); ++i) {
    if (auto* early = begun(calls_[i])) {
      early->call.arguments = calls_[i].arguments;
      early->arguments->close();
      early->whole.close();
    }
    group_.spawn(finish(i));
  }
}

task<bool> tool_batch::next(agent_update& to) {
  if (running_ == 0) co_return false;
  auto event = co_await events_->receive();
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

task<> tool_batch::finish(std::size_t index) {
  // A tool's failure is a result; only what breaks this machinery itself closes the channel.
  struct closing {
    channel<agent_update>* events;
    ~closing() {
      if (events != nullptr) events->close();
    }
  } unless_done{&*events_};

  const auto& call = calls_[index];
  tool_result outcome;
  if (around_.answer != nullptr && call.name == around_.answer->name) {
    outcome = answered(call);
  } else if (auto* early = begun(call)) {
    outcome = as_shown(co_await *early->running);
  } else {
    outcome = co_await (around_.layers.empty() ? attempt(call) : through(0, call));
  }
  tool_result_part result{.call_id = call.id, .name = call.name, .content = {}};
  result.outcome = outcome.failure ? tool_outcome::error : tool_outcome::ok;
  result.content = std::move(outcome.content);
  results_[index] = result;
  co_await events_->send(tool_finished{std::move(result)});
  unless_done.events = nullptr;
}

tool_result tool_batch::answered(const tool_call_part& call) {
  auto wrong = around_.answer->judge(call);
  if (!wrong) return {.content = "Accepted."};
  auto message = wrong->path + ": " + wrong->message;
  return failed_result({.kind = "invalid_arguments",
                        .message = message,
                        .for_model = std::format("Error: The answer does not fit. {}.", message)});
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
  co_return as_shown(co_await run(call, *t, *std::move(bound), nullptr));
}

task<tool_result> tool_batch::run_early(early_call& call) {
  return run(call.call, call.which, call.which.begin(call.arguments), &call);
}

tool_result tool_batch::as_shown(tool_result result) const {
  if (result.failure && around_.errors == error_details::shown &&
      !result.failure->message.empty()) {
    result.content = "Error: " + result.failure->message;
  }
  return result;
}

task<tool_result> tool_batch::run(const tool_call_part& call, const tool& t, bound_call bound,
                                  early_call* early) {
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
  const auto where = current_context();
  telemetry::operation span(semconv::spans::execute_tool, "execute_tool " + call.name, where,
                            attributes, around_.dialect);
  detail::open_tool booked(where, call.name);
  // Tools may run on several threads at once; whoever reads it has joined them.
  std::atomic_ref(around_.executed).fetch_add(1, std::memory_order_relaxed);
  auto tell_arguments = [&] {
    if (!span.wants(around_.content)) return;
    // Blank and null arguments are none, as for the tool itself.
    auto arguments = detail::arguments_value(call.arguments);
    if (arguments.is_null() || call.arguments.find_first_not_of(" \t\r\n") == std::string::npos) {
      arguments = json::object();
    }
    span.set(semconv::tool_call_arguments, content(std::move(arguments)), around_.content);
  };
  tool_result result;
  try {
    auto events = [&] {
      context_scope inside(booked.inside(span.inside()));
      return std::move(bound).run(tool_context(call.id, around_.session));
    }();
    tool_event* event = nullptr;
    if (early != nullptr) {
      event = co_await events.next();
      co_await early->whole.receive();
    }
    tell_arguments();
    co_await events_->send(tool_started{call.id, call.name, call.arguments});
    if (early == nullptr) event = co_await events.next();
    for (; event != nullptr; event = co_await events.next()) {
      if (auto* progress = std::get_if<tool_progress>(event)) {
        co_await events_->send(tool_progressed{call.id, std::move(progress->text)});
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
    span.fail(result.failure->kind, content<std::string_view>(result.failure->message),
              around_.content);
  } else {
    if (span.wants(around_.content)) {
      span.set(semconv::tool_call_result, content<json::value>(json::valid_utf8(result.content)),
               around_.content);
    }
    span.end(telemetry::outcome::ok);
  }
  co_return result;
}

}  // namespace skein
