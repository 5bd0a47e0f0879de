// The attributes that chat and agent spans share.
#pragma once

#include <string>
#include <string_view>

#include <skein/chat/client.hpp>
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
// The counts of one model call in every other form: metrics, and what other backends read.
void measure_usage(telemetry::operation& span, const usage& u);
void set_finish_reasons(telemetry::operation& span, std::string_view reason) noexcept;

}  // namespace skein
