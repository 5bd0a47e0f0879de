#include <exception>
#include <optional>
#include <utility>
#include <vector>

#include <skein/chat/client.hpp>
#include <skein/telemetry/conventions.hpp>

#include "chat/book.hpp"
#include "chat/content.hpp"
#include "chat/layer.hpp"
#include "chat/span_attributes.hpp"

namespace skein {

namespace semconv = telemetry::semconv;

namespace {
// When streaming and somebody takes metrics. All that a chunk costs is one look at the clock.
struct chunk_times {
  std::size_t count = 0;
  runtime::time_point first{};
  runtime::time_point last{};
};

double seconds(runtime::duration d) { return std::chrono::duration<double>(d).count(); }
}  // namespace

struct chat_stream::state {
  chat_accumulator answer;
  std::optional<detail::open_call> call;  // none of a layer, which asks by another client
  telemetry::content_policy content;
  bool model_unknown = false;
  bool streaming = true;
  chunk_times chunks;
};

chat_stream::chat_stream(std::unique_ptr<state> s, skein::stream<chat_update> body)
    : state_(std::move(s)), body_(std::move(body)) {}
chat_stream::chat_stream(chat_stream&&) noexcept = default;
chat_stream& chat_stream::operator=(chat_stream&& other) noexcept {
  body_.close();  // the body refers to the state
  state_ = std::move(other.state_);
  body_ = std::move(other.body_);
  return *this;
}
chat_stream::~chat_stream() { body_.close(); }

const chat_response& chat_stream::response() const noexcept { return state_->answer.response(); }
chat_response chat_stream::take_response() && { return std::move(state_->answer).take(); }

// A request's span and its line in the ledger, which end together and alike.
class chat_stream::asking {
 public:
  asking(telemetry::operation of, state& s) : span(std::move(of)), state_(&s) {}
  asking(asking&& other) noexcept
      : span(std::move(other.span)), state_(std::exchange(other.state_, nullptr)) {}
  asking& operator=(asking&&) = delete;
  ~asking() {
    if (state_ != nullptr) end(telemetry::outcome_of_leaving());
  }

  void end(telemetry::outcome how) noexcept {
    span.end(how);
    close(how);
  }
  // Nothing if another one goes on with it.
  void fail(const std::exception_ptr& failure) noexcept {
    if (state_ == nullptr) return;
    set_request_id(span, failure);
    span.fail(failure, state_->content);
    close(telemetry::outcome_of(failure));
  }

  telemetry::operation span;

 private:
  void close(telemetry::outcome how) noexcept {
    auto* s = std::exchange(state_, nullptr);
    s->call->close(how, s->answer.response().usage);
  }
  state* state_;
};

namespace {

void book(detail::open_call& to, const chat_update& u) {
  if (const auto* text = std::get_if<text_delta>(&u)) {
    to.arrived(text->text.size());
  } else if (const auto* thought = std::get_if<reasoning_delta>(&u)) {
    to.arrived(thought->text.size());
  } else if (const auto* call = std::get_if<tool_call_delta>(&u)) {
    to.arrived(call->name.size() + call->arguments.size());
  } else if (const auto* used = std::get_if<usage_update>(&u)) {
    to.reported(used->usage);
  } else if (const auto* started = std::get_if<response_started>(&u)) {
    to.answered_by(started->model);
  } else if (std::holds_alternative<response_finished>(u)) {
    to.finished();
  }
}

// Writes what is known of the answer, however the stream is left, before the span ends.
class answer_attributes {
 public:
  answer_attributes(telemetry::operation& span, const detail::open_call& call,
                    const chat_accumulator& answer, const chunk_times& chunks,
                    const telemetry::content_policy& content, bool rename)
      : span_(span),
        call_(call),
        answer_(answer),
        chunks_(chunks),
        content_(content),
        rename_(rename) {}
  answer_attributes(const answer_attributes&) = delete;
  answer_attributes& operator=(const answer_attributes&) = delete;
  ~answer_attributes() { write(); }

  void write() noexcept {
    if (!span_.recording()) return;
    const auto& r = answer_.response();
    try {
      if (!r.id.empty()) span_.set(semconv::response_id, r.id);
      if (!r.model.empty()) {
        span_.set(semconv::response_model, r.model);
        if (rename_) span_.rename("chat " + r.model);
      }
      set_usage(span_, r.usage);
      measure_usage(span_, r.usage);
      const auto line = call_.read();
      set_estimate(span_, line.estimated);
      if (line.cost && line.tokens() > 0) {
        set_cost(span_, *line.cost);
        tell_cost(span_, *line.cost);
      }
      if (chunks_.count > 1) {
        auto each = seconds(chunks_.last - chunks_.first) / static_cast<double>(chunks_.count - 1);
        span_.measure(semconv::metrics::time_per_output_chunk, each);
        span_.measure(semconv::metrics::time_per_output_chunk_1_41, each);
      }
      // What was expected and never came counts as `error` (conventions, streaming).
      std::string_view reason = answer_.finished() ? finish_name(r) : "error";
      if (!reason.empty()) set_finish_reasons(span_, reason);
      if (!r.message.parts.empty() && span_.wants(content_)) {
        span_.set(semconv::output_messages, detail::messages_content(std::span(&r.message, 1)),
                  content_);
      }
    } catch (const std::exception&) {
      // Out of memory while describing: the span still ends, and the run goes on.
    }
  }
  void first_chunk(double after) noexcept {
    span_.set(semconv::response_time_to_first_chunk, after);
    span_.measure(semconv::metrics::time_to_first_chunk, after);
    span_.measure(semconv::metrics::time_to_first_chunk_1_41, after);
  }

 private:
  static std::string_view finish_name(const chat_response& r) {
    return r.finish == finish_reason::other ? std::string_view(r.finish_raw) : name_of(r.finish);
  }
  telemetry::operation& span_;
  const detail::open_call& call_;
  const chat_accumulator& answer_;
  const chunk_times& chunks_;
  const telemetry::content_policy& content_;
  bool rename_;
};

}  // namespace

skein::stream<chat_update> chat_stream::traced(asking request, state* s,
                                               skein::stream<chat_update> inner) {
  auto& span = request.span;
  auto& call = *s->call;
  answer_attributes attributes(span, call, s->answer, s->chunks, s->content, s->model_unknown);
  auto source = std::move(inner);  // goes before the span ends
  const auto asked = runtime::current()->now();
  const bool timed = s->streaming && span.measures();
  bool first = s->streaming;  // of a whole answer, there is no first chunk (conventions)
  bool answered = false;
  call.sent();
  try {
    while (auto* update = co_await source.next()) {
      answered = true;
      book(call, *update);
      if (timed) {
        s->chunks.last = runtime::current()->now();
        if (s->chunks.count++ == 0) s->chunks.first = s->chunks.last;
      }
      if (first) {
        first = false;
        if (span.recording()) attributes.first_chunk(seconds(runtime::current()->now() - asked));
      }
      s->answer.add(*update);
      co_yield *update;
    }
  } catch (...) {
    source.close();
    auto failure = std::current_exception();
    if (!answered && telemetry::outcome_of(failure) == telemetry::outcome::error) call.refused();
    attributes.write();
    request.fail(failure);
    throw;
  }
  source.close();
  attributes.write();
  request.end(telemetry::outcome::ok);
}

skein::stream<chat_update> chat_stream::counted(state* s, skein::stream<chat_update> inner) {
  while (auto* update = co_await inner.next()) {
    s->answer.add(*update);
    co_yield *update;
  }
}

chat_stream chat_layer::start(const chat_request& request, const chat_options& options) {
  auto state = std::make_unique<chat_stream::state>();
  auto body = chat_stream::counted(state.get(), open(request, options));
  return chat_stream(std::move(state), std::move(body));
}

namespace {

// An event of the request's span.
void tell_not_enforced(const chat_client& client, const chat_options& options) {
  const auto* format = options.response_format
                           ? std::get_if<json_schema_format>(&*options.response_format)
                           : nullptr;
  if (format == nullptr) return;
  const auto paths = client.not_enforced(format->schema);
  if (paths.empty()) return;
  std::vector<opentelemetry::nostd::string_view> all;
  all.reserve(paths.size());
  for (const auto& path : paths) all.push_back(telemetry::view(path));
  const opentelemetry::nostd::span<const opentelemetry::nostd::string_view> list(all.data(),
                                                                                 all.size());
  detail::tell("skein.schema.not_enforced", {{"skein.schema.paths", list}});
}

}  // namespace

chat_stream chat_client::start(const chat_request& request, const chat_options& options) {
  const auto about = info();
  const std::string& model = options.model.empty() ? about.model : options.model;
  auto state = std::make_unique<chat_stream::state>();
  state->content = options.content ? *options.content : content;
  state->model_unknown = model.empty();
  state->streaming = options.streaming;

  const auto policy = state->content;
  const auto where = current_context();
  state->call.emplace(where, detail::open_call::asked{.provider = about.provider,
                                                      .model = model,
                                                      .bytes = detail::bytes_of(request),
                                                      .prices = prices});
  chat_stream::asking asked(
      telemetry::operation(semconv::spans::inference, model.empty() ? "chat" : "chat " + model,
                           where, chat_start_attributes(about, model, options, dialect.names),
                           dialect),
      *state);
  auto& span = asked.span;
  // Everything the provider does from here on is part of the operation: its failure ends the span.
  try {
    set_stop_sequences(span, options);
    detail::set_request_content(span, request, policy);
    context_scope inside(span.inside());
    if (span.recording()) tell_not_enforced(*this, options);
    auto source = open(request, options);
    auto body = chat_stream::traced(std::move(asked), state.get(), std::move(source));
    return chat_stream(std::move(state), std::move(body));
  } catch (...) {
    asked.fail(std::current_exception());
    throw;
  }
}

task<chat_response> collect(chat_stream answer) {
  while (co_await answer.next()) {}
  co_return std::move(answer).take_response();
}

}  // namespace skein
