// The protocols that scripted servers speak: plain functions from a request and a turn to bytes.
// Requests are given to scripts in the form of chat completions, whatever the protocol.
//
// Sources: platform.openai.com/docs/api-reference/{chat,responses,responses-streaming},
// docs.claude.com/en/api/{messages,streaming,errors}, ai.google.dev/api/generate-content,
// Ollama's docs/api.md.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <skein/json/value.hpp>
#include <skein/testing/scripted_turn.hpp>

namespace skein::testing {

struct protocol {
  std::string_view ending;       // of the path that is asked, without its query
  std::string_view stream_type;  // Content-Type of a streamed answer
  std::string_view holds;        // the member of a request with the conversation
  // What scripts see. `path` may say the model, and whether a stream is asked for.
  json::value (*chat_form)(json::value request, std::string_view path);
  // The events of a streamed answer with all that is between them. The last one is the terminal
  // one.
  std::vector<std::string> (*events)(const json::value& request, const scripted_turn& turn);
  json::object (*whole)(const json::value& request, const scripted_turn& turn);
  json::object (*error)(const api_error& error);
  std::string (*error_event)(const api_error& error);
};

extern const protocol chat_completions;
extern const protocol openai_responses;
extern const protocol anthropic_messages;
extern const protocol gemini_stream;  // streamGenerateContent
extern const protocol gemini_whole;   // generateContent
extern const protocol ollama_chat;

// Null: nothing is spoken there.
[[nodiscard]] const protocol* protocol_at(std::string_view path);
// As sse_events and response_bytes of openai_bytes.hpp, in any protocol.
[[nodiscard]] std::vector<std::string> events_of(const protocol& spoken, const json::value& request,
                                                 const scripted_turn& turn);
[[nodiscard]] std::string body_of(const protocol& spoken, const json::value& request,
                                  const scripted_turn& turn);

// ---- What they have in common

// The turn's, or `prefix` and a hash of the request.
[[nodiscard]] std::string id_of(const json::value& request, const scripted_turn& turn,
                                std::string_view prefix);
[[nodiscard]] std::string model_of(const json::value& request, const scripted_turn& turn);
// In the words of chat completions.
[[nodiscard]] std::string_view finish_of(const scripted_turn& turn);
// The text as it is streamed, and whole.
[[nodiscard]] std::vector<std::string_view> text_pieces(const scripted_turn& turn);
[[nodiscard]] std::string whole_text(const scripted_turn& turn);
// Arguments where a protocol wants JSON; what is none goes as a string.
[[nodiscard]] json::value arguments_of(const scripted_call& call);
// {"error":{"message","type","param","code"}}
[[nodiscard]] json::object openai_error(const api_error& error);
[[nodiscard]] std::string data_event(const json::object& data);
// With its `type` as its name.
[[nodiscard]] std::string named_event(const json::object& data);

}  // namespace skein::testing
