// The attributes of the conventions, and how to say where they belong. See conventions.hpp.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include <skein/telemetry/semconv.hpp>

namespace skein::telemetry::semconv {

enum class names : std::uint8_t { current = 1, v1_41 = 2, both = 3 };
[[nodiscard]] constexpr bool include(names some, names one) noexcept {
  return (static_cast<unsigned>(some) & static_cast<unsigned>(one)) != 0;
}

enum class level : std::uint8_t { required, conditional, recommended, opt_in };
enum class value_type : std::uint8_t { text, texts, integer, real, boolean, any };
using texts = std::span<const std::string_view>;

// ---- well-known values: where one fits it must be used; others are allowed where a set is open

inline constexpr std::array<std::string_view, 18> operation_names{"chat",
                                                                  "generate_content",
                                                                  "text_completion",
                                                                  "embeddings",
                                                                  "retrieval",
                                                                  "fetch_response",
                                                                  "create_agent",
                                                                  "invoke_agent",
                                                                  "execute_tool",
                                                                  "invoke_workflow",
                                                                  "plan",
                                                                  "create_memory_store",
                                                                  "delete_memory_store",
                                                                  "create_memory",
                                                                  "update_memory",
                                                                  "upsert_memory",
                                                                  "search_memory",
                                                                  "delete_memory"};
inline constexpr std::array<std::string_view, 16> provider_names{"openai",
                                                                 "azure.ai.openai",
                                                                 "azure.ai.inference",
                                                                 "anthropic",
                                                                 "aws.bedrock",
                                                                 "gcp.gemini",
                                                                 "gcp.vertex_ai",
                                                                 "gcp.gen_ai",
                                                                 "cohere",
                                                                 "mistral_ai",
                                                                 "groq",
                                                                 "deepseek",
                                                                 "x_ai",
                                                                 "perplexity",
                                                                 "ibm.watsonx.ai",
                                                                 "moonshot_ai"};
inline constexpr std::array<std::string_view, 4> output_types{"text", "json", "image", "speech"};
inline constexpr std::array<std::string_view, 6> response_statuses{
    "queued", "in_progress", "completed", "incomplete", "failed", "cancelled"};
inline constexpr std::array<std::string_view, 6> finish_reasons{
    "stop", "length", "content_filter", "tool_call", "compaction", "error"};
inline constexpr std::array<std::string_view, 4> token_modalities{"text", "image", "audio",
                                                                  "unknown"};
inline constexpr std::array<std::string_view, 2> token_types{"input", "output"};
inline constexpr std::array<std::string_view, 3> tool_types{"function", "extension", "datastore"};
inline constexpr std::array<std::string_view, 3> outcomes{"cancelled", "deadline", "abandoned"};
inline constexpr std::array<std::string_view, 2> law_names{"closure", "conservation"};
inline constexpr std::array<std::string_view, 2> openai_api_types{"chat_completions", "responses"};
inline constexpr std::array<std::string_view, 25> mcp_methods{
    "initialize",
    "notifications/initialized",
    "notifications/cancelled",
    "notifications/progress",
    "notifications/message",
    "notifications/resources/list_changed",
    "notifications/resources/updated",
    "notifications/prompts/list_changed",
    "notifications/tools/list_changed",
    "notifications/roots/list_changed",
    "ping",
    "tools/list",
    "tools/call",
    "prompts/list",
    "prompts/get",
    "resources/list",
    "resources/templates/list",
    "resources/read",
    "resources/subscribe",
    "resources/unsubscribe",
    "logging/setLevel",
    "sampling/createMessage",
    "completion/complete",
    "roots/list",
    "elicitation/create"};

// ---- attributes

enum class values_are : std::uint8_t { open, closed };
struct attribute {
  std::string_view name;
  value_type type;
  std::string_view about;
  std::string_view example = {};
  texts well_known = {};
  values_are set = values_are::open;
  names in = names::both;
};

inline constexpr std::array attributes{
    attribute{operation_name, value_type::text, "what is done", "chat", operation_names},
    attribute{provider_name, value_type::text, "whose API is spoken, to the best of our knowledge",
              "openai", provider_names},
    attribute{conversation_id, value_type::text,
              "of the session or conversation, if it has a real id",
              "conv_5j66UpCpwteGg4YSxUnt7lPY"},
    attribute{conversation_compacted, value_type::boolean, "true, or left out", "true"},
    attribute{output_type, value_type::text, "the form that was asked for", "json", output_types},
    attribute{request_model, value_type::text, "as requested", "gpt-5-mini"},
    attribute{request_max_tokens, value_type::integer, "limit of the answer", "100"},
    attribute{request_temperature, value_type::real, "", "0.0"},
    attribute{request_top_p, value_type::real, "", "1.0"},
    attribute{request_top_k, value_type::integer, "a double in 1.41", "40"},
    attribute{request_seed, value_type::integer, "", "100"},
    attribute{request_stop_sequences, value_type::texts, "", "[\"END\"]"},
    attribute{request_frequency_penalty, value_type::real, "", "0.1"},
    attribute{request_presence_penalty, value_type::real, "", "0.1"},
    attribute{request_reasoning_level, value_type::text, "as sent to the provider", "low"},
    attribute{request_stream, value_type::boolean, "true, or left out", "true"},
    attribute{request_stream_cursor, value_type::text, "where a stream resumes", "42"},
    attribute{request_choice_count, value_type::integer, "if it is not 1", "3"},
    attribute{request_encoding_formats, value_type::texts, "of embeddings", "[\"base64\"]"},
    attribute{request_previous_response, value_type::text, "the response that is continued",
              "resp_01"},
    attribute{response_id, value_type::text, "", "chatcmpl-123"},
    attribute{response_model, value_type::text, "the model that answered", "gpt-5-mini-2026-01-01"},
    attribute{response_finish_reasons, value_type::texts,
              "one for each choice; `error` where one was expected and never came", "[\"stop\"]",
              finish_reasons},
    attribute{response_status, value_type::text, "of a response that is fetched", "completed",
              response_statuses, values_are::closed},
    attribute{response_time_to_first_chunk, value_type::real, "seconds, when streaming", "0.5"},
    attribute{usage_input_tokens, value_type::integer, "cached ones included", "100"},
    attribute{usage_output_tokens, value_type::integer, "reasoning included", "180"},
    attribute{usage_cache_read, value_type::integer, "part of the input", "50"},
    attribute{usage_cache_write,
              value_type::integer,
              "part of the input",
              "25",
              {},
              values_are::open,
              names::current},
    attribute{usage_cache_creation,
              value_type::integer,
              "part of the input",
              "25",
              {},
              values_are::open,
              names::v1_41},
    attribute{usage_reasoning, value_type::integer, "part of the output", "50"},
    attribute{token_modality, value_type::text, "on metrics", "unknown", token_modalities,
              values_are::closed, names::current},
    attribute{token_type, value_type::text, "on metrics", "input", token_types, values_are::open,
              names::v1_41},
    attribute{agent_name, value_type::text, "", "forecaster"},
    attribute{agent_description, value_type::text, "", "Answers questions about the weather"},
    attribute{agent_id, value_type::text, "of an agent that is hosted under a lasting id",
              "asst_5j66UpCpwteGg4YSxUnt7lPY"},
    attribute{agent_version, value_type::text, "", "1.0.0"},
    attribute{workflow_name, value_type::text, "of low cardinality", "customer_support"},
    attribute{prompt_name, value_type::text, "of a template", "analyze-code"},
    attribute{prompt_version, value_type::text, "", "v2"},
    attribute{data_source_id, value_type::text, "", "H7STPQYOND"},
    attribute{embeddings_dimension_count, value_type::integer, "", "512"},
    attribute{retrieval_top_k, value_type::integer, "", "10"},
    attribute{retrieval_query, value_type::text, "content", "rain in Oslo"},
    attribute{retrieval_documents, value_type::any, "content", "[{\"id\":\"d1\"}]"},
    attribute{memory_store_id, value_type::text, "", "store_1"},
    attribute{memory_record_id, value_type::text, "", "record_1"},
    attribute{memory_record_count, value_type::integer, "", "3"},
    attribute{memory_query, value_type::text, "content", "what he likes"},
    attribute{memory_records, value_type::any, "content", "[{\"content\":\"tea\"}]"},
    attribute{evaluation_name, value_type::text, "", "relevance"},
    attribute{evaluation_score, value_type::real, "", "0.9"},
    attribute{evaluation_label, value_type::text, "", "pass"},
    attribute{evaluation_explanation, value_type::text, "", "It names the city"},
    attribute{tool_name, value_type::text, "", "get_weather"},
    attribute{tool_call_id, value_type::text, "", "call_mszuSIzqtI65i1wAUOE8w5H4"},
    attribute{tool_type, value_type::text, "", "function", tool_types},
    attribute{tool_description, value_type::text, "", "Weather forecast for a city"},
    attribute{tool_call_arguments, value_type::any, "content", "{\"city\":\"Oslo\"}"},
    attribute{tool_call_result, value_type::any, "content", "{\"celsius\":4.5}"},
    attribute{tool_definitions, value_type::any, "content", "[{\"type\":\"function\"}]"},
    attribute{input_messages, value_type::any, "content", "[{\"role\":\"user\",\"parts\":[]}]"},
    attribute{output_messages, value_type::any, "content",
              "[{\"role\":\"assistant\",\"parts\":[]}]"},
    attribute{system_instructions, value_type::any, "content", "[{\"type\":\"text\"}]"},
    attribute{input_messages_ref, value_type::text, "where a store keeps them",
              "file:///var/genai/ab12_inputs.json"},
    attribute{output_messages_ref, value_type::text, "where a store keeps them",
              "file:///var/genai/ab12_outputs.json"},
    attribute{system_instructions_ref, value_type::text, "where a store keeps them",
              "file:///var/genai/ab12_system_instruction.json"},
    attribute{tool_definitions_ref, value_type::text, "where a store keeps them",
              "file:///var/genai/ab12_tool.definitions.json"},
    attribute{error_type, value_type::text, "the same on span and metric; see below for the values",
              "429"},
    attribute{exception_type, value_type::text, "", "std::runtime_error"},
    attribute{exception_message, value_type::text, "content", "no such file"},
    attribute{exception_stacktrace, value_type::text, "C++ has none", ""},
    attribute{server_address, value_type::text, "host, no URL", "api.openai.com"},
    attribute{server_port, value_type::integer, "", "443"},
    attribute{client_address, value_type::text, "", "client.example.com"},
    attribute{client_port, value_type::integer, "", "65123"},
    attribute{network_transport, value_type::text, "`pipe` for stdio", "tcp"},
    attribute{network_protocol_name, value_type::text, "", "http"},
    attribute{network_protocol_version, value_type::text, "", "1.1"},
    attribute{mcp_method_name, value_type::text, "", "tools/call", mcp_methods},
    attribute{mcp_protocol_version, value_type::text, "", "2025-06-18"},
    attribute{mcp_session_id, value_type::text, "", "191c4850af6c49e08843a3f6c80e5046"},
    attribute{mcp_resource_uri, value_type::text, "", "file:///notes.txt"},
    attribute{jsonrpc_request_id, value_type::text, "", "10"},
    attribute{jsonrpc_protocol_version, value_type::text, "if it is not 2.0", "1.0"},
    attribute{rpc_response_status_code, value_type::text, "of a JSON-RPC error", "-32602"},
    attribute{openai_request_service_tier, value_type::text, "", "flex"},
    attribute{openai_response_service_tier, value_type::text, "", "scale"},
    attribute{openai_system_fingerprint, value_type::text, "", "fp_44709d6fcb"},
    attribute{openai_api_type, value_type::text, "", "chat_completions", openai_api_types},
    attribute{outcome, value_type::text, "how it ended, if neither well nor with an error",
              "cancelled", outcomes, values_are::closed},
    attribute{history_after, value_type::text,
              "trace and span whose messages come before the input messages",
              "4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7"},
    attribute{history_omitted, value_type::integer, "how many messages come before", "12"},
    attribute{content_cut_bytes, value_type::integer, "of content, left out for its size", "2048"},
    attribute{usage_estimated_input, value_type::integer,
              "counted here, beyond what the provider reported", "12"},
    attribute{usage_estimated_output, value_type::integer,
              "counted here, beyond what the provider reported", "7"},
    attribute{usage_cost, value_type::real,
              "US dollars, of what was reported and what was estimated", "0.000125"},
    attribute{provider_request_id, value_type::text,
              "what the provider calls the request, which its support asks for",
              "req_018EeWyXxfu5pfWkrYcMdjWG"},
    attribute{law, value_type::text, "on metrics", "conservation", law_names, values_are::closed},
};

[[nodiscard]] constexpr const attribute* find_attribute(std::string_view name) noexcept {
  const auto* found = std::ranges::find(attributes, name, &attribute::name);
  return found == attributes.end() ? nullptr : found;
}

// An attribute where it belongs.
struct use {
  std::string_view name;
  level need;
  std::string_view when = {};
  names in = names::both;
};
using uses = std::span<const use>;
[[nodiscard]] constexpr const use* find_use(uses all, std::string_view name) noexcept {
  for (const auto& u : all) {
    if (u.name == name) return &u;
  }
  return nullptr;
}

}  // namespace skein::telemetry::semconv
