// The wire format of OpenAI's chat completions, as spoken by OpenAI and by everybody who is
// compatible with it, or says so: plain inputs and outputs, no I/O, no clock.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <skein/chat/request.hpp>
#include <skein/chat/update.hpp>
#include <skein/core/error.hpp>
#include <skein/json/value.hpp>
#include <skein/providers/openai_servers.hpp>

#include "providers/common/decoder.hpp"
#include "providers/openai/call_tracker.hpp"

namespace skein::openai::detail {

// ---- Request

using openai::dialect;
using openai::reasoning_replay;
inline constexpr dialect openai_dialect{.max_tokens_key = "max_completion_tokens",
                                        .reasoning = reasoning_replay::never,
                                        .schemas = schema_formats::taken,
                                        .strict = strict_schemas::where_they_fit};
// Which has other rules for strict schemas, and fewer words in them.
inline constexpr dialect azure_dialect{.max_tokens_key = "max_completion_tokens",
                                       .reasoning = reasoning_replay::never,
                                       .schemas = schema_formats::taken};
inline constexpr dialect compatible_dialect{};

// Whether a host is OpenAI's own or Azure's.
[[nodiscard]] bool is_own_host(std::string_view host);
// OpenAI's own hosts and Azure's speak their own dialects, known servers theirs.
[[nodiscard]] dialect dialect_of(std::string_view host);

// The body of POST /chat/completions, always valid UTF-8.
//
// The order of members is fixed, and `messages` is the last one: a conversation that only grows
// gives bodies of which each is, but for the closing brackets, a prefix of the next. `extra_body`
// is merged over the body: objects member by member, everything else replaces.
//
// Options are sent if they are set; `tool_choice` and `parallel_tool_calls` only beside tools,
// without which OpenAI refuses them. `top_k` is not OpenAI's, but many servers take it; OpenAI
// answers 400. A response_format that the dialect has no word for is a usage_error.
//
// Messages
//   text            one string; an array of parts as soon as there is something else
//   image           image_url, from the uri or as a data URI
//   audio           input_audio, from bytes or a data URI; another uri goes as audio_url (vLLM)
//   video           video_url (vLLM, OpenRouter)
//   file            file_data as a data URI or as the uri (OpenRouter); a uri without a colon is
//   file_id tool call       empty arguments go as {}; arguments that are not a JSON object go as
//                   {"invalid_json": "<what the model wrote>"}, since chat templates parse them
//   tool result     a message of role tool each; other parts beside it follow as a user message
//   reasoning       only if its `opaque` says that an answer of this protocol brought it, in the
//   form
//                   that it had; plain text only beside tool calls, which is what DeepSeek asks for
//   error           of code `refusal`: the refusal of an assistant; others are not sent
//   raw             of provider `openai`: with a string member `type` a content part, else its
//   members
//                   become members of the message. Others are not sent.
// Media of an assistant are not sent: the protocol has no place for them.
[[nodiscard]] std::string request_body(const chat_request& request, const chat_options& options,
                                       std::string_view model, const dialect& speaks);

// ---- Response

using providers::failure;
using providers::updates;

// One streamed answer: the data of server-sent events in, updates out.
//
// Lenient where servers are: every member may be absent, null or of a wrong type. Blank data and
// data that starts with a colon (keep-alives) are ignored. Text, reasoning and tool calls come from
// choice 0; other choices, unknown members of a delta, logprobs and audio come out as raw_update;
// unknown top-level members are ignored. A refusal comes out whole, at the end, as an error_part of
// code `refusal`. `opaque` of a reasoning part is what request_body needs to send it back.
//
// Complete means: the terminal event `[DONE]` came, or a finish reason of choice 0 came and the
// body ended after it (the answer is whole, only the frame was cut). Everything else that ends is
// cut.
class stream_decoder final : public providers::answer_decoder {
 public:
  stream_decoder() noexcept : answer_decoder("openai") {}

  [[nodiscard]] std::expected<void, failure> event(std::string_view name, std::string_view data,
                                                   updates& out) override;
  [[nodiscard]] std::expected<void, failure> unterminated_event(std::string_view name,
                                                                std::string_view data,
                                                                updates& out) override;
  [[nodiscard]] std::expected<void, failure> finish(updates& out) override;
  [[nodiscard]] std::expected<void, failure> whole(std::string_view body, updates& out) override;

 private:
  struct chunk_members;
  struct choice_members;
  struct delta_members;

  [[nodiscard]] std::expected<void, failure> chunk(const json::value& value, std::string_view data,
                                                   updates& out);
  void add_start(std::string_view id, std::string_view model, updates& out);
  void add_usage(const json::value* usage, updates& out);
  void add_choice(const choice_members& choice, updates& out);
  void add_delta(const json::object& delta, updates& out);
  void add_reasoning(const delta_members& delta, updates& out);
  void add_reasoning_details(const json::array& details);
  void add_content(const json::value& content, updates& out);
  void add_text(std::string_view text, updates& out);
  void add_call(const json::value& call, updates& out);
  void end_reasoning(updates& out);
  void give_held_back(updates& out);
  void complete(updates& out);

  response_started started_;
  skein::usage usage_;
  finish_reason reason_ = finish_reason::none;
  std::string raw_reason_;
  std::string refusal_;
  std::string reasoning_key_;      // where the open reasoning part's text comes from
  json::array reasoning_details_;  // of the open reasoning part, fragments joined
  bool any_content_ = false;
  call_tracker calls_;
};

}  // namespace skein::openai::detail
