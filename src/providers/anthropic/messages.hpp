// The wire format of Anthropic's Messages API, version 2023-06-01: plain inputs and outputs, no
// I/O, no clock.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <skein/chat/request.hpp>
#include <skein/chat/update.hpp>
#include <skein/core/error.hpp>
#include <skein/json/value.hpp>
#include <skein/providers/anthropic.hpp>

#include "providers/common/decoder.hpp"

namespace skein::anthropic::detail {

// ---- Request

// The body of POST /v1/messages, always valid UTF-8.
//
// The order of members is fixed: options, `tools`, `system`, and `messages` last. A conversation
// that only grows gives bodies of which each is, but for the closing brackets, a prefix of the
// next. `extra_body` is merged over the body: objects member by member, everything else replaces.
//
// Options: docs/providers/anthropic.md has the table. Throws usage_error for a JSON format without
// a schema and for log probabilities, which the API does not have.
//
// Messages
//   system       all of them, after the instructions, are `system`: only the newest models take
//                them in between
//   user, tool   become one message of the user for each run of them, the results of tools first,
//                as the API demands; those of an assistant are merged as well
//   text         left out if it is blank, which the API refuses
//   image        base64 or url; a uri without a colon is the id of an uploaded file
//   file         a document in the same three ways; bytes of a text type go as text
//   audio, video usage_error
//   tool call    empty arguments go as {}; arguments that are not a JSON object go as
//                {"invalid_json": "<what the model wrote>"}; ids as call_ids says
//   reasoning    `thinking` with its signature or `redacted_thinking`, in its place, if its
//   `opaque`
//                is of this protocol
//   error        of code `refusal`: as text of the assistant; others are not sent
//   raw          of provider `anthropic`: as it is. One of type `text` is what its citations came
//                with; the same text at the end of the part before it is not sent again
// Media of an assistant and authors' names are not sent: the protocol has no place for them.
[[nodiscard]] std::string request_body(const chat_request& request, const chat_options& options,
                                       std::string_view model, const cache_points& cache);

// ---- Response

using providers::failure;
using providers::updates;

// One streamed answer.
//
// Lenient: every member may be absent, null or of a wrong type. `ping` is ignored, events and
// members of the message that this version does not know come out as raw_update, among them
// `stop_details`, a `stop_sequence` that was met, and `container`. Blocks that it does not know,
// those of the server's tools among them, come out whole as raw_part at their end; a text block
// with citations as text and, at its end, as raw_part. What a refusal's stop_details explain comes
// out as an error_part of code `refusal`. `opaque` of reasoning and of calls is what request_body
// needs to send them back.
//
// Complete means: `message_stop` came. Everything else that ends is cut.
class messages_decoder final : public providers::answer_decoder {
 public:
  messages_decoder() noexcept : answer_decoder("anthropic") {}

  [[nodiscard]] std::expected<void, failure> event(std::string_view name, std::string_view data,
                                                   updates& out) override;
  [[nodiscard]] std::expected<void, failure> finish(updates& out) override;
  [[nodiscard]] std::expected<void, failure> whole(std::string_view body, updates& out) override;

 private:
  enum class block_kind : std::uint8_t { text, thinking, call, other };
  // A block that has begun and not ended.
  struct block {
    std::optional<std::int64_t> index;
    block_kind kind;
    std::uint32_t call = 0;
    std::string text = {};      // of a text block, for its raw_part
    std::string gathered = {};  // the signature of thinking; the input as JSON text of others
    bool streamed = false;      // the input of a call came in pieces
    json::array citations = {};
    json::object value = {};  // of others
  };

  [[nodiscard]] std::expected<void, failure> read(std::string_view type, const json::object& event,
                                                  std::string_view data, updates& out);
  void add_message(const json::object& message, updates& out);
  void add_usage(const json::object& counts, updates& out);
  [[nodiscard]] bool begin_block(std::optional<std::int64_t> index, const json::object& content,
                                 updates& out);
  void begin_call(block& b, const json::object& content, updates& out);
  [[nodiscard]] bool add_delta(block& b, const json::object& delta, updates& out);
  void end_block(std::size_t which, updates& out);
  [[nodiscard]] std::size_t find_block(std::optional<std::int64_t> index) const noexcept;
  void give_held_back(updates& out);
  void complete(updates& out);

  response_started started_;
  skein::usage counted_;  // in Anthropic's sense: `input` without the cache's
  skein::usage usage_;    // as given out
  finish_reason reason_ = finish_reason::none;
  std::string raw_reason_;
  std::vector<block> open_;
  std::vector<std::string> call_ids_;  // given out
};

}  // namespace skein::anthropic::detail
