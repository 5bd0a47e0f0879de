#include "chat/span_attributes.hpp"

#include <vector>

#include <skein/telemetry/semconv.hpp>

namespace skein {

namespace semconv = telemetry::semconv;
namespace nostd = opentelemetry::nostd;

namespace {
nostd::string_view view(std::string_view s) { return {s.data(), s.size()}; }
}  // namespace

void add_request_attributes(telemetry::attribute_list& to, const chat_options& options) {
  auto number = [&](std::string_view key, const auto& value) {
    if (value) to.emplace_back(view(key), *value);
  };
  auto text = [&](std::string_view key, const std::string& value) {
    if (!value.empty()) to.emplace_back(view(key), view(value));
  };
  text(semconv::conversation_id, options.conversation_id);
  number(semconv::request_max_tokens, options.max_tokens);
  number(semconv::request_temperature, options.temperature);
  number(semconv::request_top_p, options.top_p);
  number(semconv::request_seed, options.seed);
  number(semconv::request_frequency_penalty, options.frequency_penalty);
  number(semconv::request_presence_penalty, options.presence_penalty);
  if (options.response_format) to.emplace_back(view(semconv::output_type), "json");
}

telemetry::attribute_list chat_start_attributes(const client_info& about, const std::string& model,
                                                const chat_options& options) {
  telemetry::attribute_list list;
  list.reserve(16);
  list.emplace_back(view(semconv::operation_name), "chat");
  list.emplace_back(view(semconv::provider_name), view(about.provider));
  if (!model.empty()) list.emplace_back(view(semconv::request_model), view(model));
  if (!about.server_address.empty()) {
    list.emplace_back(view(semconv::server_address), view(about.server_address));
    if (about.server_port != 0)
      list.emplace_back(view(semconv::server_port), std::int64_t{about.server_port});
  }
  if (options.streaming) list.emplace_back(view(semconv::request_stream), true);
  add_request_attributes(list, options);
  if (options.top_k) list.emplace_back(view(semconv::request_top_k), *options.top_k);
  if (!options.reasoning_effort.empty()) {
    list.emplace_back(view(semconv::request_reasoning_level), view(options.reasoning_effort));
  }
  return list;
}

void set_stop_sequences(telemetry::operation& span, const chat_options& options) {
  if (options.stop.empty() || !span.recording()) return;
  std::vector<nostd::string_view> all;
  all.reserve(options.stop.size());
  for (const auto& each : options.stop) all.push_back(view(each));
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
  count(semconv::usage_cache_write, u.cache_write);
  count(semconv::usage_reasoning, u.reasoning);
}

void set_finish_reasons(telemetry::operation& span, std::string_view reason) noexcept {
  nostd::string_view one = view(reason);
  span.set(semconv::response_finish_reasons, nostd::span<const nostd::string_view>(&one, 1));
}

}  // namespace skein
