// Names of attributes in the OpenTelemetry GenAI conventions
// (open-telemetry/semantic-conventions-genai, state of 2026-10-09), in those of 1.41 where they
// differ, and the few of our own. What they mean and where they belong is in conventions.hpp.
#pragma once

#include <string_view>

namespace skein::telemetry::semconv {

inline constexpr std::string_view scope_name = "skein";
inline constexpr std::string_view schema_url =
    "https://opentelemetry.io/schemas/gen-ai-dev/1.42.0-dev";

inline constexpr std::string_view operation_name = "gen_ai.operation.name";
inline constexpr std::string_view provider_name = "gen_ai.provider.name";
inline constexpr std::string_view conversation_id = "gen_ai.conversation.id";
inline constexpr std::string_view conversation_compacted = "gen_ai.conversation.compacted";
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
inline constexpr std::string_view request_stream_cursor = "gen_ai.request.stream_cursor";
inline constexpr std::string_view request_choice_count = "gen_ai.request.choice.count";
inline constexpr std::string_view request_encoding_formats = "gen_ai.request.encoding_formats";
inline constexpr std::string_view request_previous_response = "gen_ai.request.previous_response.id";

inline constexpr std::string_view response_id = "gen_ai.response.id";
inline constexpr std::string_view response_model = "gen_ai.response.model";
inline constexpr std::string_view response_finish_reasons = "gen_ai.response.finish_reasons";
inline constexpr std::string_view response_status = "gen_ai.response.status";
inline constexpr std::string_view response_time_to_first_chunk =
    "gen_ai.response.time_to_first_chunk";

inline constexpr std::string_view usage_input_tokens = "gen_ai.usage.input_tokens";
inline constexpr std::string_view usage_output_tokens = "gen_ai.usage.output_tokens";
inline constexpr std::string_view usage_cache_read = "gen_ai.usage.cache_read.input_tokens";
inline constexpr std::string_view usage_cache_write = "gen_ai.usage.cache_write.input_tokens";
inline constexpr std::string_view usage_cache_creation =  // of 1.41
    "gen_ai.usage.cache_creation.input_tokens";
inline constexpr std::string_view usage_reasoning = "gen_ai.usage.reasoning.output_tokens";
inline constexpr std::string_view token_modality = "gen_ai.token.modality";
inline constexpr std::string_view token_type = "gen_ai.token.type";  // of 1.41

inline constexpr std::string_view agent_name = "gen_ai.agent.name";
inline constexpr std::string_view agent_description = "gen_ai.agent.description";
inline constexpr std::string_view agent_id = "gen_ai.agent.id";
inline constexpr std::string_view agent_version = "gen_ai.agent.version";
inline constexpr std::string_view workflow_name = "gen_ai.workflow.name";
inline constexpr std::string_view prompt_name = "gen_ai.prompt.name";
inline constexpr std::string_view prompt_version = "gen_ai.prompt.version";
inline constexpr std::string_view data_source_id = "gen_ai.data_source.id";
inline constexpr std::string_view embeddings_dimension_count = "gen_ai.embeddings.dimension.count";
inline constexpr std::string_view retrieval_top_k = "gen_ai.retrieval.top_k";
inline constexpr std::string_view retrieval_query = "gen_ai.retrieval.query.text";
inline constexpr std::string_view retrieval_documents = "gen_ai.retrieval.documents";
inline constexpr std::string_view memory_store_id = "gen_ai.memory.store.id";
inline constexpr std::string_view memory_record_id = "gen_ai.memory.record.id";
inline constexpr std::string_view memory_record_count = "gen_ai.memory.record.count";
inline constexpr std::string_view memory_query = "gen_ai.memory.query.text";
inline constexpr std::string_view memory_records = "gen_ai.memory.records";

inline constexpr std::string_view evaluation_name = "gen_ai.evaluation.name";
inline constexpr std::string_view evaluation_score = "gen_ai.evaluation.score.value";
inline constexpr std::string_view evaluation_label = "gen_ai.evaluation.score.label";
inline constexpr std::string_view evaluation_explanation = "gen_ai.evaluation.explanation";

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

// Where a store keeps them; not in the conventions yet, but common.
inline constexpr std::string_view input_messages_ref = "gen_ai.input.messages_ref";
inline constexpr std::string_view output_messages_ref = "gen_ai.output.messages_ref";
inline constexpr std::string_view system_instructions_ref = "gen_ai.system_instructions_ref";
inline constexpr std::string_view tool_definitions_ref = "gen_ai.tool.definitions_ref";

inline constexpr std::string_view error_type = "error.type";
inline constexpr std::string_view exception_type = "exception.type";
inline constexpr std::string_view exception_message = "exception.message";
inline constexpr std::string_view exception_stacktrace = "exception.stacktrace";
inline constexpr std::string_view event_name = "event.name";
inline constexpr std::string_view server_address = "server.address";
inline constexpr std::string_view server_port = "server.port";
inline constexpr std::string_view client_address = "client.address";
inline constexpr std::string_view client_port = "client.port";
inline constexpr std::string_view network_transport = "network.transport";
inline constexpr std::string_view network_protocol_name = "network.protocol.name";
inline constexpr std::string_view network_protocol_version = "network.protocol.version";

inline constexpr std::string_view mcp_method_name = "mcp.method.name";
inline constexpr std::string_view mcp_protocol_version = "mcp.protocol.version";
inline constexpr std::string_view mcp_session_id = "mcp.session.id";
inline constexpr std::string_view mcp_resource_uri = "mcp.resource.uri";
inline constexpr std::string_view jsonrpc_request_id = "jsonrpc.request.id";
inline constexpr std::string_view jsonrpc_protocol_version = "jsonrpc.protocol.version";
inline constexpr std::string_view rpc_response_status_code = "rpc.response.status_code";

inline constexpr std::string_view openai_request_service_tier = "openai.request.service_tier";
inline constexpr std::string_view openai_response_service_tier = "openai.response.service_tier";
inline constexpr std::string_view openai_system_fingerprint = "openai.response.system_fingerprint";
inline constexpr std::string_view openai_api_type = "openai.api.type";

// How an operation ended when it was neither `ok` nor an error: cancelled, deadline, abandoned.
inline constexpr std::string_view outcome = "skein.outcome";
// The span whose messages come before gen_ai.input.messages, and how many they are.
inline constexpr std::string_view history_after = "skein.history.after";
inline constexpr std::string_view history_omitted = "skein.history.omitted";
inline constexpr std::string_view content_cut_bytes = "skein.content.cut_bytes";
// Tokens that were counted here, beyond those that the provider reported in gen_ai.usage.*.
inline constexpr std::string_view usage_estimated_input = "skein.usage.estimated.input_tokens";
inline constexpr std::string_view usage_estimated_output = "skein.usage.estimated.output_tokens";
// US dollars, of reported and estimated tokens.
inline constexpr std::string_view usage_cost = "skein.usage.cost";
// What the provider calls a request that it failed.
inline constexpr std::string_view provider_request_id = "skein.provider.request_id";
// Which of Skein's laws was broken; on a metric.
inline constexpr std::string_view law = "skein.law";

}  // namespace skein::telemetry::semconv
