#include <exception>
#include <format>
#include <utility>

#include <skein/chat/embedding.hpp>
#include <skein/core/error.hpp>
#include <skein/telemetry/conventions.hpp>

#include "chat/book.hpp"
#include "chat/span_attributes.hpp"
#include "telemetry/nostd.hpp"

namespace skein {

namespace semconv = telemetry::semconv;

namespace {

telemetry::attribute_list embedding_attributes(const client_info& about, const std::string& model,
                                               const embedding_options& options) {
  telemetry::attribute_list list;
  list.emplace_back(telemetry::view(semconv::operation_name), "embeddings");
  list.emplace_back(telemetry::view(semconv::provider_name), telemetry::view(about.provider));
  if (!model.empty()) {
    list.emplace_back(telemetry::view(semconv::request_model), telemetry::view(model));
  }
  if (!about.server_address.empty()) {
    list.emplace_back(telemetry::view(semconv::server_address),
                      telemetry::view(about.server_address));
    if (about.server_port != 0) {
      list.emplace_back(telemetry::view(semconv::server_port), std::int64_t{about.server_port});
    }
  }
  if (options.dimensions) {
    list.emplace_back(telemetry::view(semconv::embeddings_dimension_count), *options.dimensions);
  }
  return list;
}

void set_encoding_format(telemetry::operation& span, std::string_view format) noexcept {
  namespace nostd = opentelemetry::nostd;
  if (format.empty()) return;
  nostd::string_view one = telemetry::view(format);
  span.set(semconv::request_encoding_formats, nostd::span<const nostd::string_view>(&one, 1));
}

void expect_one_each(const embeddings& answer, std::size_t texts) {
  if (answer.vectors.size() == texts) return;
  throw protocol_error(std::format("{} vectors came for {} texts", answer.vectors.size(), texts),
                       "malformed");
}

std::uint64_t bytes_of(const std::vector<std::string>& texts) noexcept {
  std::uint64_t sum = 0;
  for (const auto& text : texts) sum += text.size();
  return sum;
}

// What came, and its line in the ledger, which ends with the span and says the same.
class embedding_request {
 public:
  embedding_request(telemetry::operation& span, const context& where, detail::open_call::asked what)
      : span_(span), line_(where, std::move(what)) {
    line_.sent();
  }
  embedding_request(const embedding_request&) = delete;
  embedding_request& operator=(const embedding_request&) = delete;
  ~embedding_request() {
    if (ended_) return;
    // Who drops a run has read its ledger before: the span says what was in there.
    answer = {};
    end(telemetry::outcome_of_leaving());
  }

  void end(telemetry::outcome how) noexcept {
    if (std::exchange(ended_, true)) return;
    try {
      line_.answered_by(answer.model);
      if (!answer.usage.empty()) line_.reported(answer.usage);
      if (how == telemetry::outcome::error && answer.model.empty() && answer.usage.empty()) {
        line_.refused();
      }
      write(line_.read());
    } catch (const std::exception&) {
      // Out of memory while describing: the line still ends.
    }
    line_.close(how, {});
  }

  embeddings answer;

 private:
  void write(const model_call& line) {
    if (!span_.recording()) return;
    if (!answer.model.empty()) span_.set(semconv::response_model, answer.model);
    if (!answer.vectors.empty()) {
      span_.set(semconv::embeddings_dimension_count,
                static_cast<std::int64_t>(answer.vectors.front().size()));
    }
    set_estimate(span_, line.estimated);
    if (line.cost && line.tokens() > 0) {
      set_cost(span_, *line.cost);
      tell_cost(span_, *line.cost);
    }
    if (!answer.usage.input) return;
    span_.set(semconv::usage_input_tokens, *answer.usage.input);
    // The newer metrics of tokens are of inference alone.
    span_.measure(semconv::metrics::token_usage_1_41, static_cast<double>(*answer.usage.input),
                  "input");
  }

  telemetry::operation& span_;
  detail::open_call line_;
  bool ended_ = false;
};

}  // namespace

task<embeddings> embedding_client::traced(context where, std::vector<std::string> texts,
                                          embedding_options options) {
  if (texts.empty()) co_return embeddings();
  const auto about = info();
  const std::string& model = options.model.empty() ? about.model : options.model;
  telemetry::operation span(semconv::spans::embeddings,
                            model.empty() ? "embeddings" : "embeddings " + model, where,
                            embedding_attributes(about, model, options), dialect);
  embedding_request request(span, where,
                            {.operation = model_operation::embeddings,
                             .provider = about.provider,
                             .model = model,
                             .bytes = bytes_of(texts),
                             .prices = prices});
  set_encoding_format(span, encoding_format());
  try {
    context_scope inside(span.inside());
    co_await ask(texts, options, request.answer);
    expect_one_each(request.answer, texts.size());
    request.end(telemetry::outcome::ok);
    span.end(telemetry::outcome::ok);
    co_return std::move(request.answer);
  } catch (...) {
    auto failure = std::current_exception();
    request.end(telemetry::outcome_of(failure));
    set_request_id(span, failure);
    span.fail(failure, content);
    throw;
  }
}

}  // namespace skein
