#include <exception>
#include <format>
#include <optional>
#include <utility>

#include <skein/agent/agent.hpp>
#include <skein/agent/run_machine.hpp>
#include <skein/core/error.hpp>
#include <skein/telemetry/conventions.hpp>

#include "agent/merge_options.hpp"
#include "agent/tool_batch.hpp"
#include "chat/content.hpp"
#include "chat/span_attributes.hpp"

namespace skein {

namespace semconv = telemetry::semconv;

// Marks a session busy for the life of a run.
class session_use {
 public:
  explicit session_use(session* s) : session_(s) {
    if (s == nullptr) return;
    if (s->busy_) {
      throw usage_error(
          "agent: this session has a run that has not ended; end or drop it first, or use another "
          "session");
    }
    s->busy_ = true;
  }
  session_use(const session_use&) = delete;
  session_use& operator=(const session_use&) = delete;
  ~session_use() {
    if (session_ != nullptr) session_->busy_ = false;
  }
  void append(const run_machine& machine) {
    if (session_ == nullptr) return;
    const auto& all = machine.messages();
    if (all.size() <= machine.first_new() + machine.input_size())
      return;  // the model never answered
    session_->history_.assign(all.begin(), all.end());
  }

 private:
  session* session_;
};

struct agent_run::state {
  agent_response response;
};

namespace {
struct run_counts {
  std::size_t asked = 0;     // requests to the model
  std::size_t executed = 0;  // tools
};
}  // namespace

// What a run needs, gathered at the call.
struct agent::plan {
  chat_client& client;
  session_use use;
  skein::session* session;
  chat_request request;
  chat_options chat;
  tool_set tools;
  error_details tool_errors;
  const std::vector<tool_layer>& around_tools;
  telemetry::capture content;
  telemetry::dialect dialect;
  std::string agent_name;
  std::optional<runtime::duration> deadline;
  run_machine machine;
  run_counts counts = {};

  [[nodiscard]] chat_stream ask(run_machine::tools offered) {
    auto options = chat;
    if (offered == run_machine::tools::withheld) {
      options.tool_choice = tool_choice{.mode = tool_mode::none};
    } else if (machine.round_trips() > 0 && options.tool_choice &&
               options.tool_choice->mode == tool_mode::required) {
      options.tool_choice.reset();  // required once, or the run would never end
    }
    request.messages = machine.messages();
    ++counts.asked;
    auto answer = client.stream(request, options);
    std::vector<message>().swap(request.messages);  // not while the answer is waited for
    return answer;
  }
  void answered(chat_stream&& answer, agent_response& to) {
    auto whole = std::move(answer).take_response();
    to.usage += whole.usage;
    to.finish = whole.finish;
    machine.answered(std::move(whole));
  }
  [[nodiscard]] std::unique_ptr<tool_batch> execute(std::vector<tool_call_part>& calls) {
    return std::make_unique<tool_batch>(
        tool_batch::surroundings{.tools = tools,
                                 .layers = around_tools,
                                 .session = session,
                                 .agent_name = agent_name,
                                 .conversation_id = chat.conversation_id,
                                 .errors = tool_errors,
                                 .content = content,
                                 .dialect = dialect,
                                 .executed = counts.executed},
        std::move(calls));
  }
};

std::string agent_response::text() const {
  for (auto m = messages.rbegin(); m != messages.rend(); ++m) {
    if (m->role == role::assistant) return m->text();
  }
  return {};
}

agent_run::agent_run(std::unique_ptr<state> s, skein::stream<agent_update> body)
    : state_(std::move(s)), body_(std::move(body)) {}
agent_run::agent_run(agent_run&&) noexcept = default;
agent_run& agent_run::operator=(agent_run&& other) noexcept {
  body_.close();  // the body refers to the state
  state_ = std::move(other.state_);
  body_ = std::move(other.body_);
  return *this;
}
agent_run::~agent_run() { body_.close(); }
const agent_response& agent_run::response() const noexcept { return state_->response; }
agent_response agent_run::take_response() && { return std::move(state_->response); }

namespace {

// However the run is left: the session gets what is valid, the span what is known, before it ends.
class run_record {
 public:
  run_record(telemetry::operation& span, agent_response& response, const run_machine& machine,
             const run_counts& counts, session_use& use, telemetry::capture content,
             const bool& cut)
      : span_(span),
        response_(response),
        machine_(machine),
        counts_(counts),
        use_(use),
        content_(content),
        cut_(cut) {}
  run_record(const run_record&) = delete;
  run_record& operator=(const run_record&) = delete;
  ~run_record() { write(); }

  void write() noexcept {
    if (std::exchange(written_, true)) return;
    try {
      const auto& all = machine_.messages();
      auto from = static_cast<std::ptrdiff_t>(machine_.first_new() + machine_.input_size());
      response_.messages.assign(all.begin() + from, all.end());
      response_.calls_for_caller = machine_.calls_for_caller();
      use_.append(machine_);
      if (!span_.recording()) return;
      span_.measure(semconv::metrics::agent_inference_calls, static_cast<double>(counts_.asked));
      span_.measure(semconv::metrics::agent_tool_calls, static_cast<double>(counts_.executed));
      set_usage(span_, response_.usage);
      if (cut_) {
        set_finish_reasons(span_, "error");
      } else if (auto reason = name_of(response_.finish); !reason.empty()) {
        set_finish_reasons(span_, reason);
      }
      if (!response_.messages.empty() && span_.wants(content_)) {
        span_.set(semconv::output_messages, detail::messages_attribute(response_.messages),
                  content_);
      }
    } catch (const std::exception&) {
      // Out of memory while recording: the run's own outcome stands.
    }
  }

 private:
  telemetry::operation& span_;
  agent_response& response_;
  const run_machine& machine_;
  const run_counts& counts_;
  session_use& use_;
  telemetry::capture content_;
  const bool& cut_;
  bool written_ = false;
};

// An answer as it arrives. Left in the midst of it, what it had used by then counts.
struct open_answer {
  chat_stream stream;
  usage& to;
  const bool& cut;
  open_answer(chat_stream s, usage& u, const bool& c) : stream(std::move(s)), to(u), cut(c) {}
  open_answer(const open_answer&) = delete;
  open_answer& operator=(const open_answer&) = delete;
  ~open_answer() {
    if (cut) to += stream.response().usage;
  }
};

// Not by way of an agent_update of its own: this happens for each delta.
void move_to(agent_update_variant& out, chat_update_variant& u) {
  std::visit([&](auto& alternative) { out = std::move(alternative); }, u);
}

}  // namespace

agent::agent(chat_client& client, agent_options options)
    : client_(client),
      options_(std::move(options)),
      tools_(options_.tools),
      definitions_(tools_.definitions()) {}
agent::~agent() = default;

agent_run agent::stream(agent_input input, run_options options) {
  const auto about = client_.info();
  auto chat = merge(options_.chat, std::move(options.chat));
  if (options.session != nullptr && chat.conversation_id.empty())
    chat.conversation_id = options.session->id();
  const std::string& model = chat.model.empty() ? about.model : chat.model;

  telemetry::attribute_list attributes;
  attributes.reserve(12);
  auto add = [&](std::string_view key, std::string_view value) {
    if (!value.empty()) {
      attributes.emplace_back(opentelemetry::nostd::string_view(key.data(), key.size()),
                              opentelemetry::nostd::string_view(value.data(), value.size()));
    }
  };
  add(semconv::operation_name, "invoke_agent");
  if (include(options_.dialect.names, semconv::names::v1_41)) {
    add(semconv::provider_name, about.provider);
  }
  add(semconv::agent_name, options_.name);
  add(semconv::agent_description, options_.description);
  add(semconv::request_model, model);
  add_request_attributes(attributes, chat);
  telemetry::operation span(
      semconv::spans::invoke_agent,
      options_.name.empty() ? "invoke_agent" : "invoke_agent " + options_.name, current_context(),
      attributes, options_.dialect);
  // What fails from here on ends the span.
  try {
    set_stop_sequences(span, chat);
    auto instructions = options_.instructions;
    if (!options.instructions.empty()) {
      if (!instructions.empty()) instructions += '\n';
      instructions += options.instructions;
    }
    auto tools = tools_;
    for (auto& t : options.tools) tools.add(std::move(t));
    auto definitions = options.tools.empty() ? definitions_ : tool_definitions(tools.definitions());
    std::vector<std::string> declared;
    for (const auto& t : tools) {
      if (t.declared_only()) declared.push_back(t.name());
    }
    const auto content = options_.content;
    if (span.wants(content)) {
      span.set(semconv::input_messages, detail::messages_attribute(input.messages), content);
      if (!instructions.empty()) {
        span.set(semconv::system_instructions, detail::instructions_attribute(instructions),
                 content);
      }
      if (!tools.empty())
        span.set(semconv::tool_definitions, detail::definitions_attribute(definitions), content);
    }
    auto* session = options.session;
    std::unique_ptr<plan> p(new plan{
        .client = client_,
        .use = session_use(session),
        .session = session,
        .request = {.instructions = std::move(instructions), .tools = std::move(definitions)},
        .chat = std::move(chat),
        .tools = std::move(tools),
        .tool_errors = options_.tool_errors,
        .around_tools = options_.around_tools,
        .content = options_.content,
        .dialect = options_.dialect,
        .agent_name = options_.name,
        .deadline = options.deadline,
        .machine = run_machine(session != nullptr ? session->history() : std::vector<message>(),
                               std::move(input.messages), options_.limits, std::move(declared)),
    });
    auto state = std::make_unique<agent_run::state>();
    context_scope inside(span.inside());
    auto run = body(std::move(span), state.get(), std::move(p));
    return agent_run(std::move(state), std::move(run));
  } catch (...) {
    span.fail(std::current_exception(), options_.content);
    throw;
  }
}

// A run that waits is this frame and the plan: what need not live across a wait is made elsewhere.
skein::stream<agent_update> agent::body(telemetry::operation span, agent_run::state* s,
                                        std::unique_ptr<plan> p) {
  auto& machine = p->machine;
  auto& response = s->response;
  bool cut = false;  // an answer of the model has begun and not ended
  run_record record(span, response, machine, p->counts, p->use, p->content, cut);
  auto recorded = telemetry::operation::event::record;
  try {
    std::optional<cancel_scope> scope;
    std::optional<detail::deadline_timer> timer;
    if (p->deadline) {
      scope.emplace();
      timer.emplace(*p->deadline, *scope);
    }
    agent_update out;
    while (true) {
      auto step = machine.next();
      if (auto* end = std::get_if<run_machine::finish>(&step)) {
        response.end = end->end;
        break;
      }
      if (auto* ask = std::get_if<run_machine::ask_model>(&step)) {
        recorded = telemetry::operation::event::recorded;
        cut = true;
        open_answer answer(p->ask(ask->tools), response.usage, cut);
        while (auto* update = co_await answer.stream.next()) {
          move_to(out, *update);
          co_yield out;
        }
        recorded = telemetry::operation::event::record;
        cut = false;
        p->answered(std::move(answer.stream), response);
        continue;
      }
      auto batch = p->execute(std::get<run_machine::run_tools>(step).calls);
      while (co_await batch->next(out)) co_yield out;
      machine.results(co_await batch->results());
    }
  } catch (...) {
    record.write();
    span.fail(std::current_exception(), p->content, recorded);
    throw;
  }
  record.write();
  span.end(telemetry::outcome::ok);
}

task<agent_response> agent::run(agent_input input, run_options options) {
  return [](agent_run r) -> task<agent_response> {
    while (co_await r.next()) {}
    co_return std::move(r).take_response();
  }(stream(std::move(input), std::move(options)));
}

tool agent::as_tool(std::string name, std::string description) {
  if (name.empty()) name = options_.name;
  for (auto& c : name) {
    bool fits = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                c == '_' || c == '-';
    if (!fits) c = '_';
  }
  if (description.empty()) description = options_.description;
  return skein::tool(std::move(name), std::move(description),
                     params{{"task", "What to do, in full"}},
                     // The tool owns the closure for as long as a call runs.
                     // NOLINTNEXTLINE(cppcoreguidelines-avoid-capturing-lambda-coroutines)
                     [this](std::string what) -> task<std::string> {
                       auto response = co_await run(std::move(what));
                       co_return response.text();
                     });
}

}  // namespace skein
