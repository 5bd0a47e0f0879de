#include <exception>
#include <vector>

#include <skein/chat/client.hpp>
#include <skein/telemetry/semconv.hpp>

#include "chat/content.hpp"
#include "chat/span_attributes.hpp"

namespace skein {

namespace semconv = telemetry::semconv;

struct chat_stream::state {
  chat_accumulator answer;
  telemetry::capture content;
  bool model_unknown = false;
  bool streaming = true;
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
                    telemetry::capture content, bool rename)
      : span_(span), answer_(answer), content_(content), rename_(rename) {}
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
      // What was expected and never came counts as `error` (conventions, streaming).
      std::string_view reason = answer_.finished() ? finish_name(r) : "error";
      if (!reason.empty()) set_finish_reasons(span_, reason);
      if (content_ == telemetry::capture::on && !r.message.parts.empty()) {
        span_.set(semconv::output_messages, detail::messages_attribute(std::span(&r.message, 1)));
      }
    } catch (const std::exception&) {
      // Out of memory while describing: the span still ends, and the run goes on.
    }
  }
  void first_chunk(double seconds) noexcept {
    span_.set(semconv::response_time_to_first_chunk, seconds);
  }

 private:
  static std::string_view finish_name(const chat_response& r) {
    return r.finish == finish_reason::other ? std::string_view(r.finish_raw) : name_of(r.finish);
  }
  telemetry::operation& span_;
  const chat_accumulator& answer_;
  telemetry::capture content_;
  bool rename_;
};

}  // namespace

skein::stream<chat_update> chat_stream::traced(telemetry::operation span, state* s,
                                               skein::stream<chat_update> inner) {
  answer_attributes attributes(span, s->answer, s->content, s->model_unknown);
  auto source = std::move(inner);  // goes before the span ends
  const auto asked = runtime::current()->now();
  bool first = s->streaming;  // of a whole answer, there is no first chunk (conventions)
  try {
    while (auto* update = co_await source.next()) {
      if (first) {
        first = false;
        if (span.recording()) {
          attributes.first_chunk(
              std::chrono::duration<double>(runtime::current()->now() - asked).count());
        }
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

  telemetry::operation span(model.empty() ? "chat" : "chat " + model,
                            telemetry::operation::kind::client, current_context(),
                            chat_start_attributes(about, model, options));
  // Everything the provider does from here on is part of the operation: its failure ends the span.
  try {
    set_stop_sequences(span, options);
    if (content == telemetry::capture::on && span.recording()) {
      span.set(semconv::input_messages, detail::messages_attribute(request.messages));
      if (!request.instructions.empty()) {
        span.set(semconv::system_instructions,
                 detail::instructions_attribute(request.instructions));
      }
      if (!request.tools.empty()) {
        span.set(semconv::tool_definitions, detail::definitions_attribute(request.tools));
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
