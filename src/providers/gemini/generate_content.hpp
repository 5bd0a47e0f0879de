// The wire format of Gemini's generateContent and streamGenerateContent (v1beta): plain inputs and
// outputs, no I/O, no clock.
//
// Sources: ai.google.dev/api/generate-content and ai.google.dev/api/caching (Content, Part, Tool),
// ai.google.dev/gemini-api/docs/thought-signatures.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include <skein/chat/request.hpp>
#include <skein/chat/update.hpp>
#include <skein/json/value.hpp>

#include "providers/common/decoder.hpp"

namespace skein::gemini::detail {

using providers::failure;
using providers::updates;

// Whose `opaque` it is. It holds an object:
//   of a thought      {"thought": true, "thoughtSignature": ...}, the signature if it has one
//   of a call         {"id": ..., "thoughtSignature": ...}: the id that it had on the wire if ours
//                     is another, empty if it had none
//   of what is before {"thoughtSignature": ..., "text": n}: a reasoning part without text that
//                     signs the part before it, of a text part the last n bytes
inline constexpr std::string_view protocol = "gemini";

// ---- Request

// The body of POST models/{model}:generateContent, always valid UTF-8. Throws usage_error for an
// option that has no place here and would change the answer.
//
// The order of members is fixed, and `contents` is the last one: a conversation that only grows
// gives bodies of which each is, but for the closing brackets, a prefix of the next. `extra_body`
// is merged over the body: objects member by member, everything else replaces. JSON Schemas of
// tools and of the response are sent as they are.
//
// Messages
//   system          the instructions and the system messages before all others are the
//                   systemInstruction; later ones are sent in place, as the user
//   media           inlineData from bytes or a data URI, else fileData
//   tool call       functionCall; arguments as object_arguments() says. From Gemini 3 on, the first
//                   call of a message that has no signature gets the one that Google gives for
//                   calls of other models: without any they are refused
//   tool result     functionResponse {"output": ...} or {"error": ...}, in the order of the calls;
//                   the results of tool messages in a row are one content. Other parts beside them
//                   follow as the user's
//   reasoning       only if its `opaque` says that an answer of this protocol brought it: thoughts
//                   and signatures in their places, parts that were apart stay apart
//   error           of code `refusal`: as text; others are not sent
//   raw             of provider `gemini`: the part as it is. Others are not sent.
[[nodiscard]] std::string request_body(const chat_request& request, const chat_options& options,
                                       std::string_view model);

// They think by a budget, not by a level, do not insist on signatures, and refuse a schema of the
// answer beside tools.
[[nodiscard]] bool is_before_gemini_3(std::string_view model);

// ---- Response

// One answer: GenerateContentResponse objects in, updates out.
//
// Lenient: every member may be absent, null or of a wrong type. Content comes from candidate 0;
// other candidates, and members of the candidate that say more than content, come out as
// raw_update. Parts of unknown kinds are kept as raw_part of provider `gemini`.
//
// Complete means: a finish reason of candidate 0 came, or the prompt was blocked, and the body
// ended after it; what came between still counts. Everything else that ends is cut. A call that
// the model did not get right (MALFORMED_FUNCTION_CALL and the like) is an error_part of that code
// with Google's words.
class stream_decoder final : public providers::answer_decoder {
 public:
  stream_decoder() noexcept : answer_decoder("gemini") {}

  [[nodiscard]] std::expected<void, failure> event(std::string_view name, std::string_view data,
                                                   updates& out) override;
  [[nodiscard]] std::expected<void, failure> finish(updates& out) override;
  // An object, or the array of all chunks.
  [[nodiscard]] std::expected<void, failure> whole(std::string_view body, updates& out) override;

 private:
  [[nodiscard]] std::expected<void, failure> chunk(const json::value& value, std::string_view data,
                                                   updates& out);
  void add_start(std::string_view id, std::string_view model, updates& out);
  void add_usage(const json::object& counts, updates& out);
  void add_feedback(const json::object& feedback, updates& out);
  void add_candidate(const json::object& candidate, updates& out);
  void add_part(const json::value& part, updates& out);
  void add_thought(std::string_view text, std::string_view signature, updates& out);
  void add_text(std::string_view text, std::string_view signature, updates& out);
  [[nodiscard]] bool add_call(const json::object& call, std::string_view signature, updates& out);
  [[nodiscard]] bool add_media(const json::object& part, std::string_view signature, updates& out);
  void end_thought(updates& out);
  void complete(updates& out);

  response_started started_;
  skein::usage usage_;
  finish_reason reason_ = finish_reason::none;
  std::string raw_reason_;
  bool thinking_ = false;         // a thought without a signature may go on
  std::vector<std::string> ids_;  // of the calls so far
};

}  // namespace skein::gemini::detail
