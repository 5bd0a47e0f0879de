// The spans of the conventions. See conventions.hpp.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include <skein/telemetry/conventions/metrics.hpp>

namespace skein::telemetry::semconv {

// A duration that is recorded when a span ends, and in which version for this kind of span.
struct duration_of {
  const metric* which;
  names in;
};

struct span_type {
  enum class kind : std::uint8_t { internal, client, server };
  std::string_view id;
  std::string_view name;  // how the span is called
  kind is;
  texts operations;  // of gen_ai.operation.name
  semconv::uses uses;
  std::span<const duration_of> durations;
  texts measured_by;  // what its metrics may carry, beside what tells how it ended
  std::string_view openinference = {};  // openinference.span.kind
  std::string_view langfuse = {};       // langfuse.observation.type
};

inline constexpr std::string_view if_estimated = "if the provider did not report them all";
inline constexpr std::string_view if_refused = "if the provider answered with an error and an id";
inline constexpr std::string_view if_priced = "if the prices are known";
inline constexpr std::string_view of_skein = "beyond the conventions: the sum of its calls";

namespace used_by {
inline constexpr use inference[]{
    {operation_name, level::required},
    {provider_name, level::required},
    {error_type, level::conditional, if_it_failed},
    {request_model, level::conditional, if_known},
    {server_port, level::conditional, if_address},
    {conversation_id, level::conditional, if_known},
    {output_type, level::conditional, "if a form was asked for"},
    {request_choice_count, level::conditional, "if it is not 1"},
    {request_seed, level::conditional, "if requested"},
    {request_stream, level::conditional, "if it streams"},
    {request_top_k, level::conditional, "if requested"},
    {prompt_name, level::conditional, "if a template is used"},
    {prompt_version, level::conditional, "if a template is used"},
    {outcome, level::conditional, "if it was stopped"},
    {server_address, level::recommended},
    {request_max_tokens, level::recommended},
    {request_temperature, level::recommended},
    {request_top_p, level::recommended},
    {request_stop_sequences, level::recommended},
    {request_frequency_penalty, level::recommended},
    {request_presence_penalty, level::recommended},
    {request_reasoning_level, level::recommended},
    {request_previous_response, level::recommended},
    {response_id, level::recommended},
    {response_model, level::recommended},
    {response_finish_reasons, level::recommended},
    {response_time_to_first_chunk, level::recommended, "when streaming"},
    {usage_input_tokens, level::recommended},
    {usage_output_tokens, level::recommended},
    {usage_cache_read, level::recommended},
    {usage_cache_write, level::recommended, {}, names::current},
    {usage_cache_creation, level::recommended, {}, names::v1_41},
    {usage_reasoning, level::recommended},
    {usage_estimated_input, level::conditional, if_estimated},
    {usage_estimated_output, level::conditional, if_estimated},
    {usage_cost, level::conditional, if_priced},
    {provider_request_id, level::conditional, if_refused},
    {conversation_compacted, level::recommended},
    {openai_request_service_tier, level::conditional, "OpenAI"},
    {openai_response_service_tier, level::conditional, "OpenAI"},
    {openai_system_fingerprint, level::recommended, "OpenAI"},
    {openai_api_type, level::recommended, "OpenAI"},
    {system_instructions, level::opt_in},
    {input_messages, level::opt_in},
    {output_messages, level::opt_in},
    {tool_definitions, level::opt_in},
    {input_messages_ref, level::opt_in, "with a store"},
    {output_messages_ref, level::opt_in, "with a store"},
    {system_instructions_ref, level::opt_in, "with a store"},
    {tool_definitions_ref, level::opt_in, "with a store"},
    {content_cut_bytes, level::conditional, "if content was cut"},
    {history_after, level::conditional, "if an earlier span has the earlier messages"},
    {history_omitted, level::conditional, "if an earlier span has the earlier messages"},
};
inline constexpr use embeddings[]{
    {operation_name, level::required},
    {provider_name, level::required},
    {error_type, level::conditional, if_it_failed},
    {request_model, level::conditional, if_known},
    {server_port, level::conditional, if_address},
    {outcome, level::conditional, "if it was stopped"},
    {server_address, level::recommended},
    {request_encoding_formats, level::recommended},
    {embeddings_dimension_count, level::recommended},
    {response_model, level::recommended},
    {usage_input_tokens, level::recommended},
    {usage_estimated_input, level::conditional, if_estimated},
    {usage_cost, level::conditional, if_priced},
    {provider_request_id, level::conditional, if_refused},
};
inline constexpr use retrieval[]{
    {operation_name, level::required},
    {provider_name, level::conditional, "if a provider is asked"},
    {error_type, level::conditional, if_it_failed},
    {request_model, level::conditional, if_known},
    {server_port, level::conditional, if_address},
    {data_source_id, level::conditional, if_known},
    {outcome, level::conditional, "if it was stopped"},
    {server_address, level::recommended},
    {retrieval_top_k, level::recommended},
    {retrieval_query, level::opt_in},
    {retrieval_documents, level::opt_in},
};
inline constexpr use fetch_response[]{
    {operation_name, level::required},
    {provider_name, level::required},
    {response_id, level::required},
    {error_type, level::conditional, if_it_failed},
    {server_port, level::conditional, if_address},
    {request_stream_cursor, level::conditional, "if a stream resumes"},
    {outcome, level::conditional, "if it was stopped"},
    {server_address, level::recommended},
    {response_model, level::recommended},
    {response_finish_reasons, level::recommended},
    {response_status, level::recommended},
    {output_messages, level::opt_in},
};
inline constexpr use memory[]{
    {operation_name, level::required},
    {provider_name, level::conditional, "if a provider is asked"},
    {error_type, level::conditional, if_it_failed},
    {server_port, level::conditional, if_address},
    {memory_store_id, level::conditional, if_known},
    {memory_record_id, level::conditional, "if it is about one record"},
    {outcome, level::conditional, "if it was stopped"},
    {server_address, level::recommended},
    {memory_record_count, level::recommended},
    {memory_query, level::opt_in},
    {memory_records, level::opt_in},
};
inline constexpr use create_agent[]{
    {operation_name, level::required},
    {provider_name, level::required},
    {error_type, level::conditional, if_it_failed},
    {request_model, level::conditional, if_known},
    {server_port, level::conditional, if_address},
    {agent_name, level::conditional, "if given"},
    {agent_description, level::conditional, "if given"},
    {agent_id, level::conditional, if_known},
    {agent_version, level::conditional, "if given"},
    {server_address, level::recommended},
    {system_instructions, level::opt_in},
};
inline constexpr use invoke_agent[]{
    {operation_name, level::required},
    {provider_name, level::required, {}, names::v1_41},
    {error_type, level::conditional, if_it_failed},
    {agent_name, level::conditional, if_known},
    {agent_description, level::conditional, if_known},
    {conversation_id, level::conditional, if_known},
    {output_type, level::conditional, "if a form was asked for"},
    {request_choice_count, level::conditional, "if it is not 1"},
    {request_seed, level::conditional, "if requested"},
    {data_source_id, level::conditional, if_known},
    {outcome, level::conditional, "if it was stopped"},
    {request_model, level::recommended},
    {request_max_tokens, level::recommended},
    {request_temperature, level::recommended},
    {request_top_p, level::recommended},
    {request_stop_sequences, level::recommended},
    {request_frequency_penalty, level::recommended},
    {request_presence_penalty, level::recommended},
    {response_finish_reasons, level::recommended},
    {usage_input_tokens, level::recommended},
    {usage_output_tokens, level::recommended},
    {usage_cache_read, level::recommended, of_skein},
    {usage_cache_write, level::recommended, of_skein, names::current},
    {usage_cache_creation, level::recommended, {}, names::v1_41},
    {usage_reasoning, level::recommended, of_skein},
    {usage_estimated_input, level::conditional, if_estimated},
    {usage_estimated_output, level::conditional, if_estimated},
    {usage_cost, level::conditional, if_priced},
    {system_instructions, level::opt_in},
    {input_messages, level::opt_in},
    {output_messages, level::opt_in},
    {tool_definitions, level::opt_in},
    {input_messages_ref, level::opt_in, "with a store"},
    {output_messages_ref, level::opt_in, "with a store"},
    {system_instructions_ref, level::opt_in, "with a store"},
    {tool_definitions_ref, level::opt_in, "with a store"},
    {content_cut_bytes, level::conditional, "if content was cut"},
};
inline constexpr use execute_tool[]{
    {operation_name, level::required},
    {tool_name, level::required},
    {error_type, level::conditional, if_it_failed},
    {agent_name, level::conditional, if_known},
    {conversation_id, level::conditional, if_known},
    {outcome, level::conditional, "if it was stopped"},
    {tool_call_id, level::recommended},
    {tool_type, level::recommended},
    {tool_description, level::recommended},
    {tool_call_arguments, level::opt_in},
    {tool_call_result, level::opt_in, "if it succeeded"},
    {content_cut_bytes, level::conditional, "if content was cut"},
};
inline constexpr use invoke_workflow[]{
    {operation_name, level::required},
    {error_type, level::conditional, if_it_failed},
    {workflow_name, level::conditional, if_known},
    {conversation_id, level::conditional, if_known},
    {outcome, level::conditional, "if it was stopped"},
    {input_messages, level::opt_in},
    {output_messages, level::opt_in},
};
inline constexpr use plan[]{
    {operation_name, level::required},
    {error_type, level::conditional, if_it_failed},
    {agent_name, level::conditional, if_known},
    {outcome, level::conditional, "if it was stopped"},
};
inline constexpr use mcp_client[]{
    {mcp_method_name, level::required},
    {tool_name, level::conditional, "if it is about a tool"},
    {prompt_name, level::conditional, "if it is about a prompt"},
    {operation_name, level::recommended, "execute_tool on tools/call, else left out"},
    {error_type, level::conditional, if_it_failed},
    {rpc_response_status_code, level::conditional, "if the response holds an error"},
    {mcp_resource_uri, level::conditional, "if it is about a resource"},
    {jsonrpc_request_id, level::conditional, "if it has one"},
    {outcome, level::conditional, "if it was stopped"},
    {mcp_protocol_version, level::recommended},
    {mcp_session_id, level::recommended},
    {network_transport, level::recommended},
    {network_protocol_name, level::recommended},
    {network_protocol_version, level::recommended},
    {jsonrpc_protocol_version, level::recommended},
    {server_address, level::recommended},
    {server_port, level::recommended},
    {tool_call_arguments, level::opt_in},
    {tool_call_result, level::opt_in},
};
inline constexpr use mcp_server[]{
    {mcp_method_name, level::required},
    {tool_name, level::conditional, "if it is about a tool"},
    {prompt_name, level::conditional, "if it is about a prompt"},
    {operation_name, level::recommended, "execute_tool on tools/call, else left out"},
    {error_type, level::conditional, if_it_failed},
    {rpc_response_status_code, level::conditional, "if the response holds an error"},
    {mcp_resource_uri, level::conditional, "if it is about a resource"},
    {jsonrpc_request_id, level::conditional, "if it has one"},
    {outcome, level::conditional, "if it was stopped"},
    {mcp_protocol_version, level::recommended},
    {mcp_session_id, level::recommended},
    {network_transport, level::recommended},
    {network_protocol_name, level::recommended},
    {network_protocol_version, level::recommended},
    {jsonrpc_protocol_version, level::recommended},
    {client_address, level::recommended},
    {client_port, level::recommended},
    {tool_call_arguments, level::opt_in},
    {tool_call_result, level::opt_in},
};

inline constexpr std::array client_metrics{operation_name, provider_name,  request_model,
                                           response_model, server_address, server_port};
inline constexpr std::array agent_metrics{agent_name, request_model};
inline constexpr std::array tool_metrics{tool_name, tool_type, agent_name};
inline constexpr std::array workflow_metrics{workflow_name};
inline constexpr std::array mcp_metrics{mcp_method_name,
                                        tool_name,
                                        prompt_name,
                                        operation_name,
                                        mcp_protocol_version,
                                        network_transport,
                                        network_protocol_name,
                                        network_protocol_version,
                                        jsonrpc_protocol_version,
                                        rpc_response_status_code};
}  // namespace used_by

namespace spans {
using enum span_type::kind;
namespace detail {
inline constexpr auto memory_operations = texts(operation_names).subspan(11);
inline constexpr std::array inference_durations{
    duration_of{&metrics::inference_duration, names::current},
    duration_of{&metrics::client_duration, names::v1_41}};
inline constexpr std::array client_durations{duration_of{&metrics::client_duration, names::both}};
inline constexpr std::array agent_durations{duration_of{&metrics::agent_duration, names::both}};
inline constexpr std::array tool_durations{duration_of{&metrics::tool_duration, names::both}};
inline constexpr std::array workflow_durations{
    duration_of{&metrics::workflow_duration, names::current},
    duration_of{&metrics::workflow_duration_1_41, names::v1_41}};
inline constexpr std::array mcp_client_durations{
    duration_of{&metrics::mcp_client_operation, names::both}};
inline constexpr std::array mcp_server_durations{
    duration_of{&metrics::mcp_server_operation, names::both}};
[[nodiscard]] constexpr texts operations(std::size_t from, std::size_t count = 1) {
  return texts(operation_names).subspan(from, count);
}
}  // namespace detail

inline constexpr span_type inference{"inference",
                                     "{gen_ai.operation.name} {gen_ai.request.model}",
                                     client,
                                     detail::operations(0, 3),
                                     used_by::inference,
                                     detail::inference_durations,
                                     used_by::client_metrics,
                                     "LLM",
                                     "generation"};
inline constexpr span_type embeddings{"embeddings",
                                      "embeddings {gen_ai.request.model}",
                                      client,
                                      detail::operations(3),
                                      used_by::embeddings,
                                      detail::client_durations,
                                      used_by::client_metrics,
                                      "EMBEDDING",
                                      "embedding"};
inline constexpr span_type retrieval{"retrieval",
                                     "retrieval {gen_ai.data_source.id}",
                                     client,
                                     detail::operations(4),
                                     used_by::retrieval,
                                     detail::client_durations,
                                     used_by::client_metrics,
                                     "RETRIEVER",
                                     "retriever"};
inline constexpr span_type fetch_response{"fetch_response",
                                          "fetch_response",
                                          client,
                                          detail::operations(5),
                                          used_by::fetch_response,
                                          detail::client_durations,
                                          used_by::client_metrics,
                                          "LLM",
                                          "span"};
inline constexpr span_type memory{"memory",
                                  "{gen_ai.operation.name}",
                                  client,
                                  detail::memory_operations,
                                  used_by::memory,
                                  detail::client_durations,
                                  used_by::client_metrics,
                                  "CHAIN",
                                  "span"};
inline constexpr span_type create_agent{"create_agent",
                                        "create_agent {gen_ai.agent.name}",
                                        client,
                                        detail::operations(6),
                                        used_by::create_agent,
                                        detail::client_durations,
                                        used_by::client_metrics,
                                        "AGENT",
                                        "agent"};
inline constexpr span_type invoke_agent{"invoke_agent",
                                        "invoke_agent {gen_ai.agent.name}",
                                        internal,
                                        detail::operations(7),
                                        used_by::invoke_agent,
                                        detail::agent_durations,
                                        used_by::agent_metrics,
                                        "AGENT",
                                        "agent"};
inline constexpr span_type execute_tool{"execute_tool",
                                        "execute_tool {gen_ai.tool.name}",
                                        internal,
                                        detail::operations(8),
                                        used_by::execute_tool,
                                        detail::tool_durations,
                                        used_by::tool_metrics,
                                        "TOOL",
                                        "tool"};
inline constexpr span_type invoke_workflow{"invoke_workflow",
                                           "invoke_workflow {gen_ai.workflow.name}",
                                           internal,
                                           detail::operations(9),
                                           used_by::invoke_workflow,
                                           detail::workflow_durations,
                                           used_by::workflow_metrics,
                                           "CHAIN",
                                           "chain"};
inline constexpr span_type plan{"plan",
                                "plan {gen_ai.agent.name}",
                                internal,
                                detail::operations(10),
                                used_by::plan,
                                {},
                                {},
                                "AGENT",
                                "agent"};
inline constexpr span_type mcp_client{"mcp.client",
                                      "{mcp.method.name} {gen_ai.tool.name}",
                                      client,
                                      {},
                                      used_by::mcp_client,
                                      detail::mcp_client_durations,
                                      used_by::mcp_metrics,
                                      "TOOL",
                                      "tool"};
inline constexpr span_type mcp_server{"mcp.server",
                                      "{mcp.method.name} {gen_ai.tool.name}",
                                      server,
                                      {},
                                      used_by::mcp_server,
                                      detail::mcp_server_durations,
                                      used_by::mcp_metrics,
                                      "TOOL",
                                      "tool"};

inline constexpr std::array all{&inference,       &embeddings,   &retrieval,    &fetch_response,
                                &memory,          &create_agent, &invoke_agent, &execute_tool,
                                &invoke_workflow, &plan,         &mcp_client,   &mcp_server};
}  // namespace spans

// By the value of gen_ai.operation.name; null if there is none.
[[nodiscard]] constexpr const span_type* find_span_type(std::string_view operation) noexcept {
  for (const auto* s : spans::all) {
    if (std::ranges::find(s->operations, operation) != s->operations.end()) return s;
  }
  return nullptr;
}

}  // namespace skein::telemetry::semconv
