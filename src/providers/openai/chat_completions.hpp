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

#include "call_tracker.hpp"

namespace skein::openai::detail {

// ---- Request

enum class reasoning_replay : std::uint8_t { never, as_received };

// What differs between OpenAI itself and the servers that follow it.
struct dialect {
  // OpenAI deprecates `max_tokens` and its reasoning models refuse it; most other servers know
  // nothing else.
  std::string_view max_tokens_key = "max_tokens";
  // OpenAI's chat completions take no reasoning and refuse unknown members of a message. DeepSeek
  // requires `reasoning_content` back with tool calls; OpenRouter wants `reasoning_details`
  // unmodified.
  reasoning_replay reasoning = reasoning_replay::as_received;
};
inline constexpr dialect openai_dialect{.max_tokens_key = "max_completion_tokens",
                                        .reasoning = reasoning_replay::never};
inline constexpr dialect compatible_dialect{};

// By host name: openai.com and Azure OpenAI speak OpenAI's own dialect.
[[nodiscard]] dialect dialect_of(std::string_view host);

// The body of POST /chat/completions, always valid UTF-8.
//
// The order of members is fixed, and `messages` is the last one: a conversation that only grows
// gives bodies of which each is, but for the closing brackets, a prefix of the next. `extra_body`
// is merged over the body: objects member by member, everything else replaces.
//
// Options are sent if they are set; `tool_choice` and `parallel_tool_calls` only beside tools,
// without which OpenAI refuses them. `top_k` is not OpenAI's, but many servers take it; OpenAI
// answers 400.
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

using failure = std::variant<protocol_error, provider_error>;
[[noreturn]] void throw_failure(failure&& f);

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
class stream_decoder {
 public:
  enum class state : std::uint8_t {
    open,      // nothing terminal yet
    answered,  // a finish reason came; usage may still follow
    finished,  // response_finished was given; the rest of the body does not matter
    failed,
  };

  stream_decoder() = default;
  stream_decoder(const stream_decoder&) = delete;
  stream_decoder& operator=(const stream_decoder&) = delete;

  // Appends the updates of one event to `out`. Errors are final: `malformed` with the offset of
  // what is not JSON, or the provider's own error. On `[DONE]` response_finished is given, after it
  // events are ignored.
  [[nodiscard]] std::expected<void, failure> event(std::string_view data,
                                                   std::vector<chat_update>& out);

  // For the event that the end of the body left without its blank line: as event(), but data that
  // is not whole JSON counts as not received.
  [[nodiscard]] std::expected<void, failure> unterminated_event(std::string_view data,
                                                                std::vector<chat_update>& out);

  // The body ended. Gives response_finished if the answer is complete and that was not done yet,
  // else the error `stream_cut`. What was still held back comes out in either case.
  [[nodiscard]] std::expected<void, failure> finish(std::vector<chat_update>& out);

  // A whole answer, to a request without `stream`, in one call instead of all of the above.
  [[nodiscard]] std::expected<void, failure> whole(std::string_view body,
                                                   std::vector<chat_update>& out);

  [[nodiscard]] state status() const noexcept { return state_; }

 private:
  using updates = std::vector<chat_update>;
  class event_memory;
  struct chunk_members;
  struct choice_members;
  struct delta_members;

  [[nodiscard]] std::expected<void, failure> fail(failure f);
  [[nodiscard]] std::expected<void, failure> provider_failed(const json::value& error,
                                                             std::string_view body);
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

  state state_ = state::open;
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

// ---- Errors

// Header values of an error answer, empty if absent.
struct retry_headers {
  std::string_view retry_after_ms = {};      // retry-after-ms
  std::string_view retry_after = {};         // retry-after: seconds or an HTTP date
  std::string_view remaining_requests = {};  // x-ratelimit-remaining-requests
  std::string_view reset_requests = {};      // x-ratelimit-reset-requests, e.g. 6m0s
  std::string_view remaining_tokens = {};    // x-ratelimit-remaining-tokens
  std::string_view reset_tokens = {};        // x-ratelimit-reset-tokens
};

// In this order: retry-after-ms, retry-after, the reset of what x-ratelimit says is used up.
[[nodiscard]] std::optional<std::chrono::milliseconds> retry_delay(
    const retry_headers& headers, std::chrono::system_clock::time_point now);

struct http_failure {
  int status = 0;
  std::string body = {};
  std::string_view url = {};    // without credentials
  std::string_view model = {};  // the model asked for
  retry_headers headers = {};
  std::chrono::system_clock::time_point now = {};  // for a retry-after that is a date
};

// One readable line: the status, where, the provider's code and message, and the cure.
[[nodiscard]] provider_error error_from(http_failure answer);

}  // namespace skein::openai::detail
