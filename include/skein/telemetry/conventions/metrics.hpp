// The metrics of the conventions. See conventions.hpp.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include <skein/telemetry/conventions/attributes.hpp>

namespace skein::telemetry::semconv {

enum class instrument : std::uint8_t { counter, histogram };
struct metric {
  std::string_view name;
  instrument kind;
  value_type number;  // integer or real
  std::string_view unit;
  std::span<const double> boundaries;  // of a histogram's buckets
  semconv::uses uses;
  std::string_view about;
  names in = names::current;
  std::string_view detail = {};  // the attribute that tells its parts from one another
};

namespace boundaries {
inline constexpr std::array duration{0.01, 0.02, 0.04, 0.08,  0.16,  0.32,  0.64,
                                     1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92};
inline constexpr std::array tokens{1.0,       4.0,       16.0,       64.0,      256.0,
                                   1024.0,    4096.0,    16384.0,    65536.0,   262144.0,
                                   1048576.0, 4194304.0, 16777216.0, 67108864.0};
inline constexpr std::array agent{0.1,  0.2,  0.4,  0.8,   1.6,   3.2,  6.4,
                                  12.8, 25.6, 51.2, 102.4, 204.8, 409.6};
inline constexpr std::array workflow{1.0,   5.0,   10.0,   30.0,   60.0,  120.0,
                                     300.0, 600.0, 1800.0, 3600.0, 7200.0};
inline constexpr std::array calls{1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0};
inline constexpr std::array mcp{0.01, 0.02, 0.05, 0.1,  0.2,  0.5,   1.0,
                                2.0,  5.0,  10.0, 30.0, 60.0, 120.0, 300.0};
}  // namespace boundaries

inline constexpr std::string_view if_it_failed = "if it failed";
inline constexpr std::string_view if_known = "if known";
inline constexpr std::string_view if_address = "with server.address";

namespace used_by {
inline constexpr use inference_op[]{
    {operation_name, level::required},
    {provider_name, level::required},
    {request_model, level::conditional, if_known},
    {response_model, level::recommended},
    {server_address, level::recommended},
    {server_port, level::conditional, if_address},
};
inline constexpr use inference_duration[]{
    {operation_name, level::required},
    {provider_name, level::required},
    {request_model, level::conditional, if_known},
    {response_model, level::recommended},
    {server_address, level::recommended},
    {server_port, level::conditional, if_address},
    {error_type, level::conditional, if_it_failed},
    {outcome, level::conditional, "if it was stopped"},
};
inline constexpr use tokens[]{
    {operation_name, level::required},
    {provider_name, level::required},
    {token_modality, level::required},
    {request_model, level::conditional, if_known},
    {response_model, level::recommended},
    {server_address, level::recommended},
    {server_port, level::conditional, if_address},
};
inline constexpr use tokens_1_41[]{
    {operation_name, level::required},
    {provider_name, level::required},
    {token_type, level::required},
    {request_model, level::conditional, if_known},
    {response_model, level::recommended},
    {server_address, level::recommended},
    {server_port, level::conditional, if_address},
};
inline constexpr use client_duration[]{
    {operation_name, level::required},
    {provider_name, level::conditional, "if a provider is asked"},
    {request_model, level::conditional, if_known},
    {response_model, level::recommended},
    {server_address, level::recommended},
    {server_port, level::conditional, if_address},
    {error_type, level::conditional, if_it_failed},
    {outcome, level::conditional, "if it was stopped"},
};
inline constexpr use agent_duration[]{
    {agent_name, level::conditional, if_known},
    {request_model, level::recommended},
    {error_type, level::conditional, if_it_failed},
    {outcome, level::conditional, "if it was stopped"},
};
inline constexpr use agent_calls[]{{agent_name, level::recommended}};
inline constexpr use tool_duration[]{
    {tool_name, level::required},
    {tool_type, level::recommended},
    {agent_name, level::conditional, if_known},
    {error_type, level::conditional, if_it_failed},
    {outcome, level::conditional, "if it was stopped"},
};
inline constexpr use workflow_duration[]{
    {workflow_name, level::conditional, if_known},
    {error_type, level::conditional, if_it_failed},
    {outcome, level::conditional, "if it was stopped"},
};
inline constexpr use mcp_operation[]{
    {mcp_method_name, level::required},
    {tool_name, level::conditional, "if it is about a tool"},
    {prompt_name, level::conditional, "if it is about a prompt"},
    {operation_name, level::recommended, "execute_tool on tools/call, else left out"},
    {error_type, level::conditional, if_it_failed},
    {rpc_response_status_code, level::conditional, "if the response holds an error"},
    {mcp_protocol_version, level::recommended},
    {network_transport, level::recommended},
    {network_protocol_name, level::recommended},
    {network_protocol_version, level::recommended},
    {jsonrpc_protocol_version, level::recommended},
    {mcp_resource_uri, level::opt_in},
};
inline constexpr use law_violations[]{{law, level::required}};
inline constexpr use mcp_session[]{
    {error_type, level::conditional, if_it_failed},
    {mcp_protocol_version, level::recommended},
    {network_transport, level::recommended},
    {network_protocol_name, level::recommended},
    {network_protocol_version, level::recommended},
    {server_address, level::recommended},
    {server_port, level::recommended},
};
}  // namespace used_by

namespace metrics {
using enum instrument;
using enum value_type;
inline constexpr metric inference_duration{"gen_ai.client.inference.duration",
                                           histogram,
                                           real,
                                           "s",
                                           boundaries::duration,
                                           used_by::inference_duration,
                                           "From the request to the end of the answer"};
inline constexpr metric time_to_first_chunk{"gen_ai.client.inference.time_to_first_chunk",
                                            histogram,
                                            real,
                                            "s",
                                            boundaries::duration,
                                            used_by::inference_op,
                                            "When streaming"};
inline constexpr metric time_per_output_chunk{
    "gen_ai.client.inference.time_per_output_chunk",
    histogram,
    real,
    "s",
    boundaries::duration,
    used_by::inference_op,
    "When streaming: the mean of one answer, recorded once"};
inline constexpr metric input_tokens{"gen_ai.client.inference.usage.input_tokens",
                                     counter,
                                     integer,
                                     "{token}",
                                     {},
                                     used_by::tokens,
                                     "Cached ones included",
                                     names::current,
                                     token_modality};
inline constexpr metric output_tokens{"gen_ai.client.inference.usage.output_tokens",
                                      counter,
                                      integer,
                                      "{token}",
                                      {},
                                      used_by::tokens,
                                      "Reasoning included",
                                      names::current,
                                      token_modality};
inline constexpr metric cache_read_tokens{"gen_ai.client.inference.usage.cache_read.input_tokens",
                                          counter,
                                          integer,
                                          "{token}",
                                          {},
                                          used_by::tokens,
                                          "Part of the input",
                                          names::current,
                                          token_modality};
inline constexpr metric cache_write_tokens{"gen_ai.client.inference.usage.cache_write.input_tokens",
                                           counter,
                                           integer,
                                           "{token}",
                                           {},
                                           used_by::tokens,
                                           "Part of the input",
                                           names::current,
                                           token_modality};
inline constexpr metric reasoning_tokens{"gen_ai.client.inference.usage.reasoning.output_tokens",
                                         counter,
                                         integer,
                                         "{token}",
                                         {},
                                         used_by::tokens,
                                         "Part of the output",
                                         names::current,
                                         token_modality};
inline constexpr metric operation_input_tokens{"gen_ai.client.inference.operation.input_tokens",
                                               histogram,
                                               integer,
                                               "{token}",
                                               boundaries::tokens,
                                               used_by::inference_op,
                                               "Of each answer"};
inline constexpr metric operation_output_tokens{"gen_ai.client.inference.operation.output_tokens",
                                                histogram,
                                                integer,
                                                "{token}",
                                                boundaries::tokens,
                                                used_by::inference_op,
                                                "Of each answer"};

// Of inference in 1.41; of every other operation of a client in both.
inline constexpr metric client_duration{
    "gen_ai.client.operation.duration",
    histogram,
    real,
    "s",
    boundaries::duration,
    used_by::client_duration,
    "Embeddings, retrieval and the like; in 1.41 of inference too",
    names::both};
inline constexpr metric time_to_first_chunk_1_41{"gen_ai.client.operation.time_to_first_chunk",
                                                 histogram,
                                                 real,
                                                 "s",
                                                 boundaries::duration,
                                                 used_by::inference_op,
                                                 "When streaming",
                                                 names::v1_41};
inline constexpr metric time_per_output_chunk_1_41{
    "gen_ai.client.operation.time_per_output_chunk",
    histogram,
    real,
    "s",
    boundaries::duration,
    used_by::inference_op,
    "When streaming: the mean of one answer, recorded once",
    names::v1_41};
inline constexpr metric token_usage_1_41{
    "gen_ai.client.token.usage", histogram,        integer,      "{token}", boundaries::tokens,
    used_by::tokens_1_41,        "Of each answer", names::v1_41, token_type};

inline constexpr metric agent_duration{"gen_ai.invoke_agent.duration",
                                       histogram,
                                       real,
                                       "s",
                                       boundaries::agent,
                                       used_by::agent_duration,
                                       "From the call to the end of the run",
                                       names::both};
inline constexpr metric agent_inference_calls{
    "gen_ai.invoke_agent.inference_calls",
    histogram,
    integer,
    "{inference_call}",
    boundaries::calls,
    used_by::agent_calls,
    "Of one run, failed and repeated ones too, without those of its tools and of agents it called",
    names::both};
inline constexpr metric agent_tool_calls{"gen_ai.invoke_agent.tool_calls",
                                         histogram,
                                         integer,
                                         "{tool_call}",
                                         boundaries::calls,
                                         used_by::agent_calls,
                                         "Tools that one run executed, failed ones included",
                                         names::both};
inline constexpr metric tool_duration{
    "gen_ai.execute_tool.duration", histogram,     real,       "s", boundaries::duration,
    used_by::tool_duration,         "Of one call", names::both};
inline constexpr metric workflow_duration{
    "gen_ai.invoke_workflow.duration", histogram,        real, "s", boundaries::workflow,
    used_by::workflow_duration,        "From end to end"};
inline constexpr metric workflow_duration_1_41{
    "gen_ai.workflow.duration", histogram,         real,        "s", boundaries::workflow,
    used_by::workflow_duration, "From end to end", names::v1_41};

inline constexpr metric mcp_client_operation{
    "mcp.client.operation.duration", histogram,  real, "s", boundaries::mcp, used_by::mcp_operation,
    "As the client sees it",         names::both};
inline constexpr metric mcp_server_operation{
    "mcp.server.operation.duration", histogram,  real, "s", boundaries::mcp, used_by::mcp_operation,
    "As the server sees it",         names::both};
inline constexpr metric mcp_client_session{
    "mcp.client.session.duration", histogram,  real, "s", boundaries::mcp, used_by::mcp_session,
    "As the client sees it",       names::both};
inline constexpr metric mcp_server_session{
    "mcp.server.session.duration", histogram,  real, "s", boundaries::mcp, used_by::mcp_session,
    "As the server sees it",       names::both};

inline constexpr metric law_violations{
    "skein.law_violations",
    counter,
    integer,
    "{violation}",
    {},
    used_by::law_violations,
    "Skein's own: telemetry that is not true. Anything but 0 is a defect",
    names::both};

inline constexpr std::array all{
    &inference_duration,
    &time_to_first_chunk,
    &time_per_output_chunk,
    &input_tokens,
    &output_tokens,
    &cache_read_tokens,
    &cache_write_tokens,
    &reasoning_tokens,
    &operation_input_tokens,
    &operation_output_tokens,
    &client_duration,
    &time_to_first_chunk_1_41,
    &time_per_output_chunk_1_41,
    &token_usage_1_41,
    &agent_duration,
    &agent_inference_calls,
    &agent_tool_calls,
    &tool_duration,
    &workflow_duration,
    &workflow_duration_1_41,
    &mcp_client_operation,
    &mcp_server_operation,
    &mcp_client_session,
    &mcp_server_session,
    &law_violations,
};
}  // namespace metrics

}  // namespace skein::telemetry::semconv
