#include <exception>
#include <vector>

#include <skein/chat/client.hpp>
#include <skein/telemetry/conventions.hpp>

#include "chat/content.hpp"
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
  telemetry::capture content;
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

namespace {

// Writes what is known of the answer, however the stream is left, before the span ends.
class answer_attributes {
 public:
  answer_attributes(telemetry::operation& span, const chat_accumulator& answer,
                    const chunk_times& chunks, telemetry::capture content, bool rename)
      : span_(span), answer_(answer), chunks_(chunks), content_(content), rename_(rename) {}
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
      if (chunks_.count > 1) {
        auto each = seconds(chunks_.last - chunks_.first) / static_cast<double>(chunks_.count - 1);
        span_.measure(semconv::metrics::time_per_output_chunk, each);
        span_.measure(semconv::metrics::time_per_output_chunk_1_41, each);
      }
      // What was expected and never came counts as `error` (conventions, streaming).
      std::string_view reason = answer_.finished() ? finish_name(r) : "error";
      if (!reason.empty()) set_finish_reasons(span_, reason);
      if (!r.message.parts.empty() && span_.wants(content_)) {
        span_.set(semconv::output_messages, detail::messages_attribute(std::span(&r.message, 1)),
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
  const chat_accumulator& answer_;
  const chunk_times& chunks_;
  telemetry::capture content_;
  bool rename_;
};

}  // namespace

skein::stream<chat_update> chat_stream::traced(telemetry::operation span, state* s,
                                               skein::stream<chat_update> inner) {
  answer_attributes attributes(span, s->answer, s->chunks, s->content, s->model_unknown);
  auto source = std::move(inner);  // goes before the span ends
  const auto asked = runtime::current()->now();
  const bool timed = s->streaming && span.measures();
  bool first = s->streaming;  // of a whole answer, there is no first chunk (conventions)
  try {
    while (auto* update = co_await source.next()) {
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
    attributes.write();
    span.fail(std::current_exception(), s->content);
    throw;
  }
  source.close();
  attributes.write();
  span.end(telemetry::outcome::ok);
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

chat_stream chat_client::start(const chat_request& request, const chat_options& options) {
  const auto about = info();
  const std::string& model = options.model.empty() ? about.model : options.model;
  auto state = std::make_unique<chat_stream::state>();
  state->content = content;
  state->model_unknown = model.empty();
  state->streaming = options.streaming;

  telemetry::operation span(semconv::spans::inference, model.empty() ? "chat" : "chat " + model,
                            current_context(),
                            chat_start_attributes(about, model, options, dialect.names), dialect);
  // Everything the provider does from here on is part of the operation: its failure ends the span.
  try {
    set_stop_sequences(span, options);
    if (span.wants(content)) {
      span.set(semconv::input_messages, detail::messages_attribute(request.messages), content);
      if (!request.instructions.empty()) {
        span.set(semconv::system_instructions, detail::instructions_attribute(request.instructions),
                 content);
      }
      if (!request.tools.empty()) {
        span.set(semconv::tool_definitions, detail::definitions_attribute(request.tools), content);
      }
    }
    context_scope inside(span.inside());
    auto source = open(request, options);
    auto body = chat_stream::traced(std::move(span), state.get(), std::move(source));
    return chat_stream(std::move(state), std::move(body));
  } catch (...) {
    span.fail(std::current_exception(), content);
    throw;
  }
}

task<chat_response> collect(chat_stream answer) {
  while (co_await answer.next()) {}
  co_return std::move(answer).take_response();
}

}  // namespace skein
