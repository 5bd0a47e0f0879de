// agent: a model, instructions and tools, and the loop between them.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <skein/agent/answer.hpp>
#include <skein/agent/run_machine.hpp>
#include <skein/agent/session.hpp>
#include <skein/async/stream.hpp>
#include <skein/async/task.hpp>
#include <skein/async/time.hpp>
#include <skein/chat/client.hpp>
#include <skein/chat/ledger.hpp>
#include <skein/core/error.hpp>
#include <skein/json/mismatch.hpp>
#include <skein/json/partial.hpp>
#include <skein/telemetry/operation.hpp>
#include <skein/telemetry/switch.hpp>
#include <skein/tool/tool.hpp>
#include <skein/tool/tool_set.hpp>

namespace skein {

namespace detail {
class open_run;
}

// A tool is about to run. `arguments` is what the model wrote.
struct tool_started {
  std::string call_id;
  std::string name;
  std::string arguments;
};
// What a streaming tool yielded on its way.
struct tool_progressed {
  std::string call_id;
  std::string text;
};
struct tool_finished {
  tool_result_part result;
};
// What the model answered is not the T that is wanted. It is asked again: what it wrote is void.
struct answer_rejected {
  json::mismatch why;
};

using agent_update_variant =
    std::variant<response_started, text_delta, reasoning_delta, tool_call_delta, part_update,
                 usage_update, response_finished, raw_update, tool_started, tool_progressed,
                 tool_finished, answer_rejected>;

// What a run yields: the updates of every answer of the model, and what the tools do between them.
struct agent_update : agent_update_variant {
  using agent_update_variant::agent_update_variant;
  // The text of a text_delta, else empty.
  [[nodiscard]] std::string_view text() const noexcept {
    auto* delta = std::get_if<text_delta>(this);
    return delta ? std::string_view(delta->text) : std::string_view("");
  }
};

struct agent_response {
  std::vector<message> messages = {};  // what this run added after its input
  skein::usage usage = {};             // that providers reported for this run's own requests
  skein::ledger ledger = {};           // all that was asked inside this run, and what it cost
  run_end end = run_end::completed;
  finish_reason finish = finish_reason::none;         // of the last answer
  std::vector<tool_call_part> calls_for_caller = {};  // with run_end::calls_for_caller

  // The text of the last answer.
  [[nodiscard]] std::string text() const;
};

// What a run starts with: text, a message, or several.
struct agent_input {
  std::vector<message> messages;
  agent_input(std::string text) { messages.push_back(user_message(std::move(text))); }
  agent_input(std::string_view text) : agent_input(std::string(text)) {}
  agent_input(const char* text) : agent_input(std::string(text)) {}
  agent_input(message m) { messages.push_back(std::move(m)); }
  agent_input(std::vector<message> several) : messages(std::move(several)) {}
};

// How much of a tool's failure the model sees: that it failed, or why. skein::tool_error is always
// shown.
enum class error_details : std::uint8_t { hidden, shown };

// Middleware around each call of a tool, outside of its span. May change the call or the result,
// or give a result without calling `next`. What it throws ends the run; the model still sees the
// call's own id and name.
using next_tool = std::function<task<tool_result>(tool_call_part call)>;
using tool_layer = std::function<task<tool_result>(tool_call_part call, next_tool next)>;

struct agent_options {
  std::string name = {};
  std::string description = {};
  std::string instructions = {};
  std::vector<tool> tools = {};
  chat_options chat = {};  // for every request of every run
  run_limits limits = {};
  error_details tool_errors = error_details::hidden;
  std::vector<tool_layer> around_tools = {};  // the first is the outermost
  answer_options answers = {};                // of run<T> and stream<T>
  telemetry::content_policy content = telemetry::content_policy_from_environment();
  telemetry::dialect dialect = telemetry::dialect_from_environment();  // the client has its own
};

struct run_options {
  skein::session* session = nullptr;
  // Set fields replace the agent's; stop sequences, logit_bias, metadata, extra body and headers
  // too.
  chat_options chat = {};
  std::string instructions = {};                   // after the agent's, on a line of their own
  std::vector<tool> tools = {};                    // beside the agent's
  std::optional<runtime::duration> deadline = {};  // of the whole run, from its first pull
  std::optional<answer_options> answers = {};  // of run<T> and stream<T>, instead of the agent's
  // Of this run's own spans, those of its requests included; unset: as agent and client say.
  std::optional<telemetry::content_policy> content = {};
  telemetry::tracing spans = telemetry::tracing::as_set_up;  // off: with all that runs below it
};

// One run, arriving. Move-only. Dropping it stops everything it started, in order: tools, the
// model's connection, spans. `cancel()` on a cancel_source around its consumer stops it too.
class agent_run {
 public:
  agent_run(agent_run&&) noexcept;
  agent_run& operator=(agent_run&&) noexcept;
  ~agent_run();

  // The next update, or null at the end. Throws what the model's stream throws, or `cancelled`;
  // what a tool throws goes to the model.
  [[nodiscard]] auto next() noexcept { return body_.next(); }

  // So far: usage and ledger at any time, after a failure and a stop too; the rest once next() has
  // given null or has thrown. Valid until it is asked for again.
  [[nodiscard]] const agent_response& response() const;
  [[nodiscard]] agent_response take_response() &&;

 private:
  friend class agent;
  struct state;
  agent_run(std::unique_ptr<state> s, stream<agent_update> body);
  std::unique_ptr<state> state_;
  stream<agent_update> body_;
};

// A run that answers with a T: a run in all else. Move-only.
template <class T>
class typed_run {
 public:
  // As agent_run. Throws schema_error, too: when the model's answer does not fit, and is not asked
  // for again.
  [[nodiscard]] auto next() noexcept { return run_.next(); }

  // The T so far. It begins anew with every answer of the model, of which those before the last are
  // usually not it. Valid until next() is called.
  [[nodiscard]] json::partial<T> partial() const { return json::partial<T>(answer_->arriving()); }
  // Once next() has given null; usage_error before.
  [[nodiscard]] const T& value() const& {
    if (!answer_->value) throw usage_error("typed_run: the run has not ended with its answer");
    return *answer_->value;
  }
  [[nodiscard]] T take_value() && {
    (void)value();
    return *std::move(answer_->value);
  }

  // As of agent_run.
  [[nodiscard]] const agent_response& response() const { return run_.response(); }
  [[nodiscard]] agent_response take_response() && { return std::move(run_).take_response(); }

 private:
  friend class agent;
  typed_run(agent_run run, detail::answer_of<T>& answer) : run_(std::move(run)), answer_(&answer) {}
  agent_run run_;
  detail::answer_of<T>* answer_;  // of run_
};

template <class T>
struct typed_response {
  T value;
  agent_response response;
};

// Borrows its client, which must outlive it; must itself outlive its runs. Any number of runs at
// once.
class agent {
 public:
  agent(chat_client& client, agent_options options = {});
  agent(const agent&) = delete;
  agent& operator=(const agent&) = delete;
  ~agent();

  [[nodiscard]] const agent_options& options() const noexcept { return options_; }

  // Starts a run; it advances only while it is pulled. Options that do not fit (two tools of one
  // name, a busy session) are thrown here.
  //
  // Spans: `invoke_agent {name}`, INTERNAL, a child of the context of this call, from this call to
  // the end of the run; below it one `chat` for each request and one `execute_tool` for each tool
  // that ran.
  [[nodiscard]] agent_run stream(agent_input input, run_options options = {});

  // The whole run: the same path as `stream`.
  [[nodiscard]] task<agent_response> run(agent_input input, run_options options = {});

  // The same runs with a T for an answer, a plain struct as of <skein/json/reflect.hpp>: the model
  // is told its schema, and is asked again when what it wrote does not fit (answer_options), each
  // time by one more `chat` of the run. Tools that are only declared are a usage_error here.
  template <class T>
  [[nodiscard]] typed_run<T> stream(agent_input input, run_options options = {}) {
    auto answer = std::make_unique<detail::answer_of<T>>();
    auto& kept = *answer;
    return typed_run<T>(start(std::move(input), std::move(options), std::move(answer)), kept);
  }
  template <class T>
  [[nodiscard]] task<typed_response<T>> run(agent_input input, run_options options = {}) {
    return [](typed_run<T> r) -> task<typed_response<T>> {
      while (co_await r.next()) {}
      co_return typed_response<T>{.value = std::move(r).take_value(),
                                  .response = std::move(r).take_response()};
    }(stream<T>(std::move(input), std::move(options)));
  }

  // This agent as a tool of another: takes a `task`, answers with the text of a run without a
  // session. The agent must outlive the tool. The name defaults to the agent's, with `_` for what a
  // tool's name may not hold.
  [[nodiscard]] tool as_tool(std::string name = {}, std::string description = {});

 private:
  struct plan;
  agent_run start(agent_input input, run_options options,
                  std::unique_ptr<detail::wanted_answer> answer);
  static skein::stream<agent_update> body(detail::open_run run, telemetry::operation span,
                                          agent_run::state* s, std::unique_ptr<plan> p);
  chat_client& client_;
  agent_options options_;
  tool_set tools_;
  tool_definitions definitions_;  // of tools_
};

}  // namespace skein
