// Servers with OpenAI's chat completions, as constants: where they are, and in what they differ.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include <skein/chat/request.hpp>

namespace skein::openai {

enum class reasoning_replay : std::uint8_t { never, as_received };
// Whether a stream reports its usage only when asked, by a member that others refuse.
enum class stream_usage : std::uint8_t { when_asked, always };
enum class json_formats : std::uint8_t { all, schemas_only };
// Whether `strict` is set for a schema that meets OpenAI's rules, if the request does not say it.
enum class strict_schemas : std::uint8_t { when_asked, where_they_fit };
enum class author_names : std::uint8_t { taken, refused };
enum class call_ids : std::uint8_t { any, nine_letters_or_digits };
// Whether a tool_choice with a name is heeded. Else that tool is offered alone, and required.
enum class named_choices : std::uint8_t { taken, overlooked };

// What differs between OpenAI itself and the servers that follow it.
struct dialect {
  // OpenAI deprecates `max_tokens` and its reasoning models refuse it; most other servers know
  // nothing else.
  std::string_view max_tokens_key = "max_tokens";
  std::string_view seed_key = "seed";
  // OpenAI's chat completions take no reasoning and refuse unknown members of a message. DeepSeek
  // requires `reasoning_content` back with tool calls; OpenRouter wants `reasoning_details`
  // unmodified.
  reasoning_replay reasoning = reasoning_replay::as_received;
  stream_usage usage = stream_usage::when_asked;
  json_formats formats = json_formats::all;
  // Beside tools only where the server's documentation says so.
  schema_formats schemas = schema_formats::taken_without_tools;
  strict_schemas strict = strict_schemas::when_asked;
  author_names names = author_names::taken;
  call_ids ids = call_ids::any;
  named_choices choices = named_choices::taken;
};

// All text is of static duration.
struct server {
  std::string_view name;      // of client_named: groq:MODEL
  std::string_view provider;  // gen_ai.provider.name of the spans
  std::string_view base_url;
  const char* key_variable;  // of the environment
  std::string_view example;  // a model
  dialect speaks = {};
};

namespace servers {

// ---- On this machine; the key is sent if there is one.

// Reasoning comes as `reasoning_content`; beside the usage there are `timings`.
inline constexpr server llama_server{.name = "llama-server",
                                     .provider = "llama_cpp",
                                     .base_url = "http://127.0.0.1:8080/v1",
                                     .key_variable = "LLAMA_API_KEY",
                                     .example = "default",
                                     .speaks = {.choices = named_choices::overlooked}};
// Takes top_k and other sampling parameters as members; may end a stream without [DONE].
inline constexpr server vllm{.name = "vllm",
                             .provider = "vllm",
                             .base_url = "http://127.0.0.1:8000/v1",
                             .key_variable = "VLLM_API_KEY",
                             .example = "Qwen/Qwen3-8B"};
// `response_format` of type `json_object` is an error; a schema of any object says the same.
inline constexpr server lm_studio{.name = "lmstudio",
                                  .provider = "lm_studio",
                                  .base_url = "http://127.0.0.1:1234/v1",
                                  .key_variable = "LM_API_TOKEN",
                                  .example = "qwen/qwen3-8b",
                                  .speaks = {.formats = json_formats::schemas_only}};

// ---- On the net; without a key they answer 401.

// Unknown members are an error: of them `stream_options` (usage comes anyway), `seed`, `name` and
// reasoning. Ids of calls have nine letters or digits. Reasoning comes as parts of the content.
inline constexpr server mistral{.name = "mistral",
                                .provider = "mistral_ai",
                                .base_url = "https://api.mistral.ai/v1",
                                .key_variable = "MISTRAL_API_KEY",
                                .example = "mistral-small-latest",
                                .speaks = {.seed_key = "random_seed",
                                           .reasoning = reasoning_replay::never,
                                           .usage = stream_usage::always,
                                           .names = author_names::refused,
                                           .ids = call_ids::nine_letters_or_digits}};
// `name` of a message, logprobs and logit_bias are an error. A stream's usage is in `x_groq`.
inline constexpr server groq{
    .name = "groq",
    .provider = "groq",
    .base_url = "https://api.groq.com/openai/v1",
    .key_variable = "GROQ_API_KEY",
    .example = "openai/gpt-oss-20b",
    .speaks = {.max_tokens_key = "max_completion_tokens", .names = author_names::refused}};
// Requires `reasoning_content` back with tool calls. JSON without a schema, and the prompt has to
// say so. Cached tokens are in `prompt_cache_hit_tokens`.
inline constexpr server deepseek{.name = "deepseek",
                                 .provider = "deepseek",
                                 .base_url = "https://api.deepseek.com",
                                 .key_variable = "DEEPSEEK_API_KEY",
                                 .example = "deepseek-chat",
                                 .speaks = {.schemas = schema_formats::refused}};
// Comments keep the connection alive; errors come inside the stream; reasoning in
// `reasoning_details`, to be sent back unmodified.
inline constexpr server openrouter{.name = "openrouter",
                                   .provider = "openrouter",
                                   .base_url = "https://openrouter.ai/api/v1",
                                   .key_variable = "OPENROUTER_API_KEY",
                                   .example = "anthropic/claude-sonnet-4.5"};
// Its reasoning models refuse penalties and `stop`. Counts reasoning beside the output, which only
// the total shows.
inline constexpr server xai{
    .name = "xai",
    .provider = "x_ai",
    .base_url = "https://api.x.ai/v1",
    .key_variable = "XAI_API_KEY",
    .example = "grok-4",
    .speaks = {.max_tokens_key = "max_completion_tokens", .schemas = schema_formats::taken}};
// Reasoning comes as `reasoning`.
inline constexpr server together{.name = "together",
                                 .provider = "together_ai",
                                 .base_url = "https://api.together.xyz/v1",
                                 .key_variable = "TOGETHER_API_KEY",
                                 .example = "openai/gpt-oss-20b"};
// Lowers max_tokens to what fits instead of refusing it; usage comes in the last chunk.
inline constexpr server fireworks{.name = "fireworks",
                                  .provider = "fireworks_ai",
                                  .base_url = "https://api.fireworks.ai/inference/v1",
                                  .key_variable = "FIREWORKS_API_KEY",
                                  .example = "accounts/fireworks/models/gpt-oss-20b"};

// Of somebody else: `compat:MODEL@URL`.
inline constexpr server compatible{.name = "compat",
                                   .provider = "openai",
                                   .base_url = "",
                                   .key_variable = "OPENAI_COMPAT_API_KEY",
                                   .example = "MODEL@http://127.0.0.1:8080/v1"};

}  // namespace servers

// All of the above, but for `compatible`.
[[nodiscard]] std::span<const server> known_servers() noexcept;

}  // namespace skein::openai
