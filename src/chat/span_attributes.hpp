// The attributes that chat and agent spans share.
#pragma once

#include <exception>
#include <string>
#include <string_view>

#include <skein/chat/client.hpp>
#include <skein/chat/ledger.hpp>
#include <skein/telemetry/operation.hpp>

namespace skein {

// Borrowed from the arguments: start the span before they go.
[[nodiscard]] telemetry::attribute_list chat_start_attributes(const client_info& about,
                                                              const std::string& model,
                                                              const chat_options& options,
                                                              telemetry::semconv::names names);
// Options that describe the request: recommended on chat and on invoke_agent.
void add_request_attributes(telemetry::attribute_list& to, const chat_options& options);
void set_stop_sequences(telemetry::operation& span, const chat_options& options);
// The counts as attributes: of a model call, or of an agent, which has their sum.
void set_usage(telemetry::operation& span, const usage& u) noexcept;
void set_estimate(telemetry::operation& span, const token_estimate& e) noexcept;
// Of a model call, or of an agent.
void set_cost(telemetry::operation& span, usd cost) noexcept;
// Of one model call, for backends that have names of their own.
void tell_cost(telemetry::operation& span, usd cost);
// The counts of one model call in every other form: metrics, and what other backends read.
void measure_usage(telemetry::operation& span, const usage& u);
// What the provider calls the request, if the failure is its answer.
void set_request_id(telemetry::operation& span, const std::exception_ptr& failure) noexcept;
void set_finish_reasons(telemetry::operation& span, std::string_view reason) noexcept;

}  // namespace skein
