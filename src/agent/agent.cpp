#include <algorithm>
#include <exception>
#include <format>
#include <optional>
#include <span>
#include <utility>

#include <skein/agent/agent.hpp>
#include <skein/agent/run_machine.hpp>
#include <skein/core/error.hpp>
#include <skein/telemetry/conventions.hpp>

#include "agent/merge_options.hpp"
#include "agent/tool_batch.hpp"
#include "chat/book.hpp"
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
  std::shared_ptr<detail::run_book> book;  // until the response is complete
  std::unique_ptr<detail::wanted_answer> answer;
};

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
  telemetry::content_policy content;
  telemetry::dialect dialect;
  std::string agent_name;
  std::optional<runtime::duration> deadline;
  detail::wanted_answer* answer;  // or null
  run_machine machine;
  std::size_t executed = 0;          // tools
  content_history own_history = {};  // of a run without a session

  [[nodiscard]] chat_stream ask(run_machine::tools offered) {
    auto options = chat;
    if (machine.round_trips() > 0) options.continuation_token.clear();  // that answer is known now
    if (offered == run_machine::tools::withheld) {
      options.tool_choice = tool_choice{.mode = tool_mode::none};
    } else if (machine.round_trips() > 0 && options.tool_choice &&
               options.tool_choice->mode == tool_mode::required) {
      options.tool_choice.reset();  // required once, or the run would never end
    }
    if (answer != nullptr) {
      answer->begin();
      if (answer->mode() == answer_mode::tool) {
        // Alone it needs no name, which llama-server would take for no choice at all.
        const bool named = offered == run_machine::tools::withheld && !tools.empty();
        options.tool_choice = tool_choice{.mode = tool_mode::required,
                                          .name = std::string(named ? answer->name : "")};
      }
    }
    request.messages = machine.messages();
    request.history = session != nullptr ? &session->recorded_ : &own_history;
    auto arriving = client.stream(request, options);
    std::vector<message>().swap(request.messages);  // not while the answer is waited for
    return arriving;
  }
  // Whether the model is asked again, since what it answered is not what is wanted: then says why.
  [[nodiscard]] bool rejected(finish_reason finish, agent_update& why) {
    auto wrong = answer != nullptr ? answer->rejection(finish) : std::nullopt;
    if (!wrong) return false;
    why = answer_rejected{*std::move(wrong)};
    return true;
  }
  // Of an answer without calls, the last one of a run unless it is rejected.
  [[nodiscard]] bool rejected_at_end(finish_reason finish, agent_update& why) {
    if (answer == nullptr || answer->given() || !answer->judge()) return false;
    return rejected(finish, why);
  }
  void ask_again(const agent_update& rejected) {
    const auto& why = std::get<answer_rejected>(rejected).why;
    machine.ask_again(user_message(std::format(
        "The answer does not fit. {}: {}. Answer again, corrected.", why.path, why.message)));
  }
  void answered(chat_stream&& by, agent_response& to) {
    auto whole = std::move(by).take_response();
    to.finish = whole.finish;
    machine.answered(std::move(whole));
  }
  // Where some of the tools may begin while an answer arrives; layers judge whole calls.
  [[nodiscard]] bool begins_early(run_machine::tools offered) const {
    return offered == run_machine::tools::offered && around_tools.empty() &&
           std::ranges::any_of(tools, &tool::begins_early);
  }
  [[nodiscard]] std::unique_ptr<tool_batch> batch() {
    return std::make_unique<tool_batch>(
        tool_batch::surroundings{.tools = tools,
                                 .layers = around_tools,
                                 .session = session,
                                 .agent_name = agent_name,
                                 .conversation_id = chat.conversation_id,
                                 .errors = tool_errors,
                                 .content = content,
                                 .dialect = dialect,
                                 .executed = executed,
                                 .answer = answer});
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
const agent_response& agent_run::response() const {
  if (state_->book) {
    state_->response.ledger = detail::read(*state_->book);
    state_->response.usage = state_->response.ledger.own().usage;
  }
  return state_->response;
}
agent_response agent_run::take_response() && {
  (void)response();
  return std::move(state_->response);
}

namespace {

// However the run is left: the session gets what is valid, the span what is known, before it ends.
class run_record {
 public:
  run_record(telemetry::operation& span, const detail::open_run& run, agent_response& response,
             std::shared_ptr<detail::run_book>& book, const run_machine& machine,
             const std::size_t& executed, session_use& use,
             const telemetry::content_policy& content, const bool& cut)
      : span_(span),
        run_(run),
        response_(response),
        book_(book),
        machine_(machine),
        executed_(executed),
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
      response_.ledger = detail::read(*book_);
      book_.reset();
      const auto own = response_.ledger.own();
      response_.usage = own.usage;
      run_.check(own.usage);
      if (!span_.recording()) return;
      span_.measure(semconv::metrics::agent_inference_calls, static_cast<double>(own.calls));
      span_.measure(semconv::metrics::agent_tool_calls, static_cast<double>(executed_));
      set_usage(span_, own.usage);
      set_estimate(span_, own.estimated);
      if (auto cost = own.cost(); cost && own.tokens() > 0) set_cost(span_, *cost);
      if (cut_) {
        set_finish_reasons(span_, "error");
      } else if (auto reason = name_of(response_.finish); !reason.empty()) {
        set_finish_reasons(span_, reason);
      }
      if (span_.wants(content_)) set_answer();
    } catch (const std::exception&) {
      // Out of memory while recording: the run's own outcome stands.
    }
  }

 private:
  // What was said in between is on the spans of the model's calls.
  void set_answer() {
    const auto& all = response_.messages;
    auto last = std::ranges::find(all.rbegin(), all.rend(), role::assistant, &message::role);
    if (last == all.rend()) return;
    span_.set(semconv::output_messages, detail::messages_content(std::span(&*last, 1)), content_);
  }

  telemetry::operation& span_;
  const detail::open_run& run_;
  agent_response& response_;
  std::shared_ptr<detail::run_book>& book_;
  const run_machine& machine_;
  const std::size_t& executed_;
  session_use& use_;
  const telemetry::content_policy& content_;
  const bool& cut_;
  bool written_ = false;
};

// What the model is told of its tools, with the one that takes the answer.
tool_definitions with_answer(const detail::wanted_answer& answer, const tool_set& tools,
                             tool_definitions known, const std::vector<std::string>& declared) {
  if (!declared.empty()) {
    throw usage_error(std::format(
        "agent: \"{}\" is only declared, and a run that must end with an answer cannot end with a "
        "call of it; give the tool a function, or run without a type",
        declared.front()));
  }
  if (answer.mode() != answer_mode::tool) return known;
  if (tools.find(answer.name) != nullptr) {
    throw usage_error(std::format(
        "agent: the tool \"{}\" has the name that answers are taken by; give it another",
        answer.name));
  }
  auto all = tools.definitions();
  all.push_back(answer.definition());
  return all;
}

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
  return start(std::move(input), std::move(options), nullptr);
}

agent_run agent::start(agent_input input, run_options options,
                       std::unique_ptr<detail::wanted_answer> answer) {
  const auto about = client_.info();
  auto chat = merge(options_.chat, std::move(options.chat));
  if (options.session != nullptr && chat.conversation_id.empty())
    chat.conversation_id = options.session->id();
  if (answer) {
    const auto how = options.answers.value_or(options_.answers);
    const bool tools = !options_.tools.empty() || !options.tools.empty();
    const bool native = about.schemas == schema_formats::taken ||
                        (about.schemas == schema_formats::taken_without_tools && !tools);
    answer->want(how.mode.value_or(native ? answer_mode::native : answer_mode::tool), how.retries);
    if (answer->mode() == answer_mode::native) chat.response_format = answer->format();
  }
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
  const auto content = options.content ? *options.content : options_.content;
  if (options.content) chat.content = options.content;
  const auto where = options.spans == telemetry::tracing::off
                         ? telemetry::untraced(current_context())
                         : current_context();
  detail::open_run booked(where, options_.name);
  telemetry::operation span(
      semconv::spans::invoke_agent,
      options_.name.empty() ? "invoke_agent" : "invoke_agent " + options_.name, where, attributes,
      options_.dialect);
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
    if (answer) definitions = with_answer(*answer, tools, std::move(definitions), declared);
    if (span.wants(content)) {
      span.set(semconv::input_messages, detail::messages_content(input.messages), content);
      if (!instructions.empty()) {
        span.set(semconv::system_instructions, detail::instructions_content(instructions), content);
      }
      if (!definitions.empty())
        span.set(semconv::tool_definitions, detail::definitions_content(definitions), content);
    }
    auto* session = options.session;
    chat_request request{.instructions = std::move(instructions), .tools = std::move(definitions)};
    std::unique_ptr<plan> p(new plan{
        .client = client_,
        .use = session_use(session),
        .session = session,
        .request = std::move(request),
        .chat = std::move(chat),
        .tools = std::move(tools),
        .tool_errors = options_.tool_errors,
        .around_tools = options_.around_tools,
        .content = content,
        .dialect = options_.dialect,
        .agent_name = options_.name,
        .deadline = options.deadline,
        .answer = answer.get(),
        .machine = run_machine(session != nullptr ? session->history() : std::vector<message>(),
                               std::move(input.messages), options_.limits, std::move(declared),
                               std::string(answer ? answer->name : "")),
    });
    auto state = std::make_unique<agent_run::state>();
    state->answer = std::move(answer);
    state->book = booked.book();
    context_scope inside(booked.inside(span.inside()));
    auto run = body(std::move(booked), std::move(span), state.get(), std::move(p));
    return agent_run(std::move(state), std::move(run));
  } catch (...) {
    span.fail(std::current_exception(), content);
    throw;
  }
}

// A run that waits is this frame and the plan: what need not live across a wait is made elsewhere.
skein::stream<agent_update> agent::body(detail::open_run run, telemetry::operation span,
                                        agent_run::state* s, std::unique_ptr<plan> p) {
  auto& machine = p->machine;
  auto& response = s->response;
  bool cut = false;  // an answer of the model has begun and not ended
  run_record record(span, run, response, s->book, machine, p->executed, p->use, p->content, cut);
  auto recorded = telemetry::operation::event::record;
  try {
    std::optional<cancel_scope> scope;
    std::optional<detail::deadline_timer> timer;
    if (p->deadline) {
      scope.emplace();
      timer.emplace(*p->deadline, *scope);
    }
    agent_update out;
    std::unique_ptr<tool_batch> batch;
    while (true) {
      auto step = machine.next();
      if (batch && !std::holds_alternative<run_machine::run_tools>(step)) batch->revoke();
      if (auto* end = std::get_if<run_machine::finish>(&step)) {
        if (p->rejected_at_end(response.finish, out)) {
          p->ask_again(out);
          co_yield out;
          continue;
        }
        response.end = end->end;
        break;
      }
      if (auto* ask = std::get_if<run_machine::ask_model>(&step)) {
        recorded = telemetry::operation::event::recorded;
        cut = true;
        auto answer = p->ask(ask->tools);
        batch = p->begins_early(ask->tools) ? p->batch() : nullptr;
        try {
          while (auto* update = co_await answer.next()) {
            if (p->answer != nullptr) p->answer->watch(*update);
            if (batch) batch->watch(*update);
            move_to(out, *update);
            co_yield out;
          }
        } catch (...) {
          if (batch) batch->revoke();
          throw;
        }
        recorded = telemetry::operation::event::record;
        cut = false;
        p->answered(std::move(answer), response);
        continue;
      }
      if (!batch) batch = p->batch();
      batch->execute(std::move(std::get<run_machine::run_tools>(step).calls));
      while (co_await batch->next(out)) co_yield out;
      machine.results(co_await batch->results());
      batch.reset();
      if (p->rejected(response.finish, out)) co_yield out;
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
