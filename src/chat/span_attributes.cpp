#include "chat/span_attributes.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include <skein/core/error.hpp>
#include <skein/json/text.hpp>
#include <skein/telemetry/conventions.hpp>

#include "telemetry/nostd.hpp"

namespace skein {

namespace semconv = telemetry::semconv;
namespace nostd = opentelemetry::nostd;

void add_request_attributes(telemetry::attribute_list& to, const chat_options& options) {
  auto number = [&](std::string_view key, const auto& value) {
    if (value) to.emplace_back(telemetry::view(key), *value);
  };
  auto text = [&](std::string_view key, const std::string& value) {
    if (!value.empty()) to.emplace_back(telemetry::view(key), telemetry::view(value));
  };
  text(semconv::conversation_id, options.conversation_id);
  number(semconv::request_max_tokens, options.max_tokens);
  number(semconv::request_temperature, options.temperature);
  number(semconv::request_top_p, options.top_p);
  number(semconv::request_seed, options.seed);
  number(semconv::request_frequency_penalty, options.frequency_penalty);
  number(semconv::request_presence_penalty, options.presence_penalty);
  if (options.response_format) to.emplace_back(telemetry::view(semconv::output_type), "json");
}

telemetry::attribute_list chat_start_attributes(const client_info& about, const std::string& model,
                                                const chat_options& options, semconv::names names) {
  telemetry::attribute_list list;
  list.reserve(16);
  list.emplace_back(telemetry::view(semconv::operation_name), "chat");
  list.emplace_back(telemetry::view(semconv::provider_name), telemetry::view(about.provider));
  if (!model.empty())
    list.emplace_back(telemetry::view(semconv::request_model), telemetry::view(model));
  if (!about.server_address.empty()) {
    list.emplace_back(telemetry::view(semconv::server_address),
                      telemetry::view(about.server_address));
    if (about.server_port != 0)
      list.emplace_back(telemetry::view(semconv::server_port), std::int64_t{about.server_port});
  }
  if (options.streaming) list.emplace_back(telemetry::view(semconv::request_stream), true);
  add_request_attributes(list, options);
  if (options.top_k) {
    using opentelemetry::common::AttributeValue;
    list.emplace_back(telemetry::view(semconv::request_top_k),
                      names == semconv::names::v1_41  // where it is a double
                          ? AttributeValue(static_cast<double>(*options.top_k))
                          : AttributeValue(*options.top_k));
  }
  if (!options.reasoning_effort.empty()) {
    list.emplace_back(telemetry::view(semconv::request_reasoning_level),
                      telemetry::view(options.reasoning_effort));
  }
  if (!options.previous_response_id.empty()) {
    list.emplace_back(telemetry::view(semconv::request_previous_response),
                      telemetry::view(options.previous_response_id));
  }
  if (!about.api.empty()) {
    list.emplace_back(telemetry::view(semconv::openai_api_type), telemetry::view(about.api));
    if (!options.service_tier.empty()) {
      list.emplace_back(telemetry::view(semconv::openai_request_service_tier),
                        telemetry::view(options.service_tier));
    }
  }
  return list;
}

void set_stop_sequences(telemetry::operation& span, const chat_options& options) {
  if (options.stop.empty() || !span.recording()) return;
  std::vector<nostd::string_view> all;
  all.reserve(options.stop.size());
  for (const auto& each : options.stop) all.push_back(telemetry::view(each));
  span.set(semconv::request_stop_sequences,
           nostd::span<const nostd::string_view>(all.data(), all.size()));
}

void set_usage(telemetry::operation& span, const usage& u) noexcept {
  auto count = [&](std::string_view key, const std::optional<std::int64_t>& n) {
    if (n) span.set(key, *n);
  };
  count(semconv::usage_input_tokens, u.input);
  count(semconv::usage_output_tokens, u.output);
  count(semconv::usage_cache_read, u.cache_read);
  const auto names = span.speaks().names;
  if (include(names, semconv::names::current)) count(semconv::usage_cache_write, u.cache_write);
  if (include(names, semconv::names::v1_41)) count(semconv::usage_cache_creation, u.cache_write);
  count(semconv::usage_reasoning, u.reasoning);
}

void set_estimate(telemetry::operation& span, const token_estimate& e) noexcept {
  if (e.input > 0) span.set(semconv::usage_estimated_input, e.input);
  if (e.output > 0) span.set(semconv::usage_estimated_output, e.output);
}

void set_cost(telemetry::operation& span, usd cost) noexcept {
  span.set(semconv::usage_cost, cost.dollars());
}

void tell_cost(telemetry::operation& span, usd cost) {
  const auto also_for = span.speaks().also_for;
  if (include(also_for, telemetry::backends::openinference)) {
    span.set("llm.cost.total", cost.dollars());
  }
  if (include(also_for, telemetry::backends::langfuse)) {
    span.set("langfuse.observation.cost_details",
             json::write_text(json::object{{"total", cost.dollars()}}));
  }
}

namespace {

// Langfuse adds up what it finds, so that parts must not be in the whole they are part of.
std::string langfuse_usage(const usage& u) {
  json::object out;
  auto put = [&](const char* key, std::int64_t n) {
    if (n > 0) out[key] = n;
  };
  const auto read = u.cache_read.value_or(0);
  const auto written = u.cache_write.value_or(0);
  const auto reasoning = u.reasoning.value_or(0);
  if (u.input) out["input"] = std::max<std::int64_t>(0, *u.input - read - written);
  if (u.output) out["output"] = std::max<std::int64_t>(0, *u.output - reasoning);
  put("input_cache_read", read);
  put("input_cache_creation", written);
  put("output_reasoning", reasoning);
  if (u.input && u.output) out["total"] = u.total();
  return json::write_text(out);
}

}  // namespace

void measure_usage(telemetry::operation& span, const usage& u) {
  namespace metrics = semconv::metrics;
  auto record = [&](const semconv::metric& m, const std::optional<std::int64_t>& n,
                    std::string_view detail = {}) {
    if (n) span.measure(m, static_cast<double>(*n), detail);
  };
  constexpr std::string_view modality = "unknown";  // no provider tells them apart
  record(metrics::input_tokens, u.input, modality);
  record(metrics::output_tokens, u.output, modality);
  record(metrics::cache_read_tokens, u.cache_read, modality);
  record(metrics::cache_write_tokens, u.cache_write, modality);
  record(metrics::reasoning_tokens, u.reasoning, modality);
  record(metrics::operation_input_tokens, u.input);
  record(metrics::operation_output_tokens, u.output);
  record(metrics::token_usage_1_41, u.input, "input");
  record(metrics::token_usage_1_41, u.output, "output");

  const auto also_for = span.speaks().also_for;
  if (also_for == telemetry::backends::none || u.empty()) return;
  if (include(also_for, telemetry::backends::openinference)) {
    if (u.input) span.set("llm.token_count.prompt", *u.input);
    if (u.output) span.set("llm.token_count.completion", *u.output);
    if (u.input && u.output) span.set("llm.token_count.total", u.total());
    if (u.cache_read) span.set("llm.token_count.prompt_details.cache_read", *u.cache_read);
    if (u.cache_write) span.set("llm.token_count.prompt_details.cache_write", *u.cache_write);
    if (u.reasoning) span.set("llm.token_count.completion_details.reasoning", *u.reasoning);
  }
  if (include(also_for, telemetry::backends::langfuse)) {
    span.set("langfuse.observation.usage_details", langfuse_usage(u));
  }
}

void set_request_id(telemetry::operation& span, const std::exception_ptr& failure) noexcept {
  try {
    std::rethrow_exception(failure);
  } catch (const provider_error& e) {
    if (!e.request_id().empty()) span.set(semconv::provider_request_id, e.request_id());
  } catch (...) {
    // The failure goes its own way.
  }
}

void set_finish_reasons(telemetry::operation& span, std::string_view reason) noexcept {
  nostd::string_view one = telemetry::view(reason);
  span.set(semconv::response_finish_reasons, nostd::span<const nostd::string_view>(&one, 1));
}

}  // namespace skein
