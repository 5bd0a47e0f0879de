// Names of the OpenTelemetry GenAI conventions (open-telemetry/semantic-conventions-genai, state of
// 2026-10-09), and the few of our own.
#pragma once

#include <string_view>

namespace skein::telemetry::semconv {

inline constexpr std::string_view scope_name = "skein";
inline constexpr std::string_view schema_url =
    "https://opentelemetry.io/schemas/gen-ai-dev/1.42.0-dev";

inline constexpr std::string_view operation_name = "gen_ai.operation.name";
inline constexpr std::string_view provider_name = "gen_ai.provider.name";
inline constexpr std::string_view conversation_id = "gen_ai.conversation.id";
inline constexpr std::string_view output_type = "gen_ai.output.type";

inline constexpr std::string_view request_model = "gen_ai.request.model";
inline constexpr std::string_view request_max_tokens = "gen_ai.request.max_tokens";
inline constexpr std::string_view request_temperature = "gen_ai.request.temperature";
inline constexpr std::string_view request_top_p = "gen_ai.request.top_p";
inline constexpr std::string_view request_top_k = "gen_ai.request.top_k";
inline constexpr std::string_view request_seed = "gen_ai.request.seed";
inline constexpr std::string_view request_stop_sequences = "gen_ai.request.stop_sequences";
inline constexpr std::string_view request_frequency_penalty = "gen_ai.request.frequency_penalty";
inline constexpr std::string_view request_presence_penalty = "gen_ai.request.presence_penalty";
inline constexpr std::string_view request_reasoning_level = "gen_ai.request.reasoning.level";
inline constexpr std::string_view request_stream = "gen_ai.request.stream";

inline constexpr std::string_view response_id = "gen_ai.response.id";
inline constexpr std::string_view response_model = "gen_ai.response.model";
inline constexpr std::string_view response_finish_reasons = "gen_ai.response.finish_reasons";
inline constexpr std::string_view response_time_to_first_chunk =
    "gen_ai.response.time_to_first_chunk";

inline constexpr std::string_view usage_input_tokens = "gen_ai.usage.input_tokens";
inline constexpr std::string_view usage_output_tokens = "gen_ai.usage.output_tokens";
inline constexpr std::string_view usage_cache_read = "gen_ai.usage.cache_read.input_tokens";
inline constexpr std::string_view usage_cache_write = "gen_ai.usage.cache_write.input_tokens";
inline constexpr std::string_view usage_reasoning = "gen_ai.usage.reasoning.output_tokens";

inline constexpr std::string_view agent_name = "gen_ai.agent.name";
inline constexpr std::string_view agent_description = "gen_ai.agent.description";

inline constexpr std::string_view tool_name = "gen_ai.tool.name";
inline constexpr std::string_view tool_call_id = "gen_ai.tool.call.id";
inline constexpr std::string_view tool_type = "gen_ai.tool.type";
inline constexpr std::string_view tool_description = "gen_ai.tool.description";
inline constexpr std::string_view tool_call_arguments = "gen_ai.tool.call.arguments";
inline constexpr std::string_view tool_call_result = "gen_ai.tool.call.result";
inline constexpr std::string_view tool_definitions = "gen_ai.tool.definitions";

inline constexpr std::string_view input_messages = "gen_ai.input.messages";
inline constexpr std::string_view output_messages = "gen_ai.output.messages";
inline constexpr std::string_view system_instructions = "gen_ai.system_instructions";

inline constexpr std::string_view error_type = "error.type";
inline constexpr std::string_view exception_type = "exception.type";
inline constexpr std::string_view exception_message = "exception.message";
inline constexpr std::string_view server_address = "server.address";
inline constexpr std::string_view server_port = "server.port";

// How an operation ended when it was neither `ok` nor an error: cancelled, deadline, abandoned.
inline constexpr std::string_view outcome = "skein.outcome";

}  // namespace skein::telemetry::semconv
