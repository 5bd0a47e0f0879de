// The wire format of Ollama's /api/chat: plain inputs and outputs, no I/O, no clock.
//
// Sources: Ollama's docs/api.md, "Generate a chat completion", docs/api/errors.mdx,
// docs/capabilities/{thinking,tool-calling}.mdx, and envconfig.Host for the forms of OLLAMA_HOST.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include <skein/chat/request.hpp>
#include <skein/chat/update.hpp>
#include <skein/json/value.hpp>

#include "providers/common/decoder.hpp"

namespace skein::ollama::detail {

using providers::failure;
using providers::updates;

// Whose `opaque` a reasoning part has. It holds nothing else: Ollama signs nothing.
inline constexpr std::string_view protocol = "ollama";

// The base URL that OLLAMA_HOST means: a host, host:port, or a URL, as Ollama itself reads it. An
// address to listen on at all interfaces becomes the loopback one.
[[nodiscard]] std::string url_of_host(std::string_view host);

// ---- Request

// As client_options::keep_alive says: seconds are a number, a duration such as 5m is text.
[[nodiscard]] json::value duration_of(std::string_view text);

// The body of POST /api/chat, always valid UTF-8. Throws usage_error for an option or a part that
// has no place here and would change the answer. `keep_alive` as client_options says.
//
// The order of members is fixed, and `messages` is the last one: a conversation that only grows
// gives bodies of which each is, but for the closing brackets, a prefix of the next. `extra_body`
// is merged over the body: objects (`options`) member by member, everything else replaces.
//
// Messages
//   text            joined; a refusal is text
//   media           images of users, from bytes or a data URI; nothing else can be sent
//   tool call       arguments as object_arguments() says, with its id
//   tool result     a message of role tool each; other parts beside it follow as a user message
//   reasoning       as `thinking`, only if its `opaque` says that an answer of this protocol
//                   brought it
//   raw             of provider `ollama`: its members become members of the message
[[nodiscard]] std::string request_body(const chat_request& request, const chat_options& options,
                                       std::string_view model, std::string_view keep_alive);

// ---- Response

// One answer: lines of JSON in, updates out.
//
// Lenient: every member may be absent, null or of a wrong type. What is unknown comes out as
// raw_update. The times that the last line holds are not given out.
//
// Complete means: a line with `done` true came. Everything else that ends is cut.
class stream_decoder final : public providers::answer_decoder {
 public:
  stream_decoder() noexcept : answer_decoder("ollama") {}

  [[nodiscard]] std::expected<void, failure> event(std::string_view name, std::string_view data,
                                                   updates& out) override;
  [[nodiscard]] std::expected<void, failure> finish(updates& out) override;
  [[nodiscard]] std::expected<void, failure> whole(std::string_view body, updates& out) override;

 private:
  [[nodiscard]] std::expected<void, failure> line(const json::value& value, std::string_view data,
                                                  updates& out);
  void add_message(const json::object& message, updates& out);
  void add_call(const json::value& call, updates& out);
  void end_thinking(updates& out);

  std::string model_;
  std::string created_at_;  // of the first line: what is nearest to an id of the response
  bool thinking_ = false;
  std::vector<std::string> ids_;  // of the calls so far
};

}  // namespace skein::ollama::detail
