// The wire format of OpenAI's responses: plain inputs and outputs, no I/O, no clock.
// https://platform.openai.com/docs/api-reference/responses and .../responses-streaming
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
#include <skein/providers/openai_servers.hpp>

#include "providers/common/decoder.hpp"

namespace skein::openai::detail {

// Of `opaque` and of raw_part::provider.
inline constexpr std::string_view responses_protocol = "openai_responses";

// ---- Request

// The body of POST /responses, always valid UTF-8.
//
// The order of members is fixed, and `input` is the last one: a conversation that only grows gives
// bodies of which each is, but for the closing brackets, a prefix of the next. `extra_body` is
// merged over the body: objects member by member; `tools` and `include` are added to ours;
// everything else replaces.
//
// Options are sent if they are set. `stop` has no place here: usage_error. `seed`, the penalties,
// `logit_bias` and `top_k` have none either and are left out. `tool_choice` and
// `parallel_tool_calls` go only beside tools. Tools are not strict. With `store` false, encrypted
// reasoning is asked for.
//
// Messages become items
//   text            input_text or, of an assistant, output_text
//   image           input_image, from the uri, as a data URI, or (a uri without a colon) a file_id
//   file            input_file likewise, as file_url, file_data or file_id
//   audio, video    usage_error, but of an assistant, whose media are not sent
//   tool call       function_call; arguments as chat completions send them
//   tool result     function_call_output each; other parts beside it follow as a user message
//   reasoning       the item that an answer of this protocol brought, before the item that followed
//                   it there and only with it, since OpenAI refuses one without the other. With
//                   `store` false only if it holds its content, encrypted or plain.
//   error           of code `refusal`: the refusal of an assistant; others are not sent
//   raw             of this protocol: an item in its place, of a user also a part of the content (a
//                   type `input_...`); {"type":"message"} without content says which message of an
//                   assistant the text before it was. Others are not sent.
// Ids of items are sent only after the reasoning that they belong to: OpenAI looks for it. Ids of
// calls that are longer than 64 or hold other than letters, digits, `_` and `-` are replaced by a
// hash of them, in call and result alike. Names of authors have no place.
[[nodiscard]] std::string responses_body(const chat_request& request, const chat_options& options,
                                         std::string_view model,
                                         strict_schemas rule = strict_schemas::when_asked);

// Where a background answer is taken up again.
struct continuation {
  std::string id;
  std::int64_t after = 0;  // the sequence number of the last event that is known

  [[nodiscard]] std::string token() const { return id + ":" + std::to_string(after); }
  // Throws usage_error for what is no such token.
  [[nodiscard]] static continuation parse(std::string_view token);
};

// ---- Response

// One answer: the events of a stream, or a whole response object.
//
// Lenient where servers are: every member may be absent, null or of a wrong type; items are known
// by id, else by output_index, else as the last one opened (llama.cpp sends no indices). Text that
// comes only with the end of its part, its item or the whole response is given out then.
//
//   message             text; a refusal comes out whole, as an error_part `refusal`; after
//   reasoning
//                       or with a `phase` a raw_part of type message without content ends it, for
//                       the next request
//   reasoning           text of its summary and content, parts of it apart by a blank line;
//   `opaque`
//                       holds the item
//   function_call       a call; `opaque` holds the item's id after reasoning
//   other items         as raw_part when they are done
//   other events        raw_update; so are log probabilities
//
// Complete means response.completed (stop, or tool_calls if there are any) or response.incomplete
// (length or content_filter). response.failed and error are provider_error. A whole answer that is
// queued or in progress is a protocol_error `not_ready`, whose text has the continuation token.
class responses_decoder final : public providers::answer_decoder {
 public:
  responses_decoder() noexcept : answer_decoder("openai") {}

  [[nodiscard]] std::expected<void, providers::failure> event(std::string_view name,
                                                              std::string_view data,
                                                              providers::updates& out) override;
  [[nodiscard]] std::expected<void, providers::failure> finish(providers::updates& out) override;
  [[nodiscard]] std::expected<void, providers::failure> whole(std::string_view body,
                                                              providers::updates& out) override;

 private:
  struct event_members;
  enum class item_kind : std::uint8_t { message, reasoning, call, other };
  // What one part of an item's text is, and how many bytes of it were given out.
  struct item_part {
    std::string_view kind;
    std::int64_t index = 0;
    std::size_t given = 0;
  };
  struct item {
    item_kind kind = item_kind::other;
    std::string id = {};
    std::int64_t index = -1;  // -1: not said
    bool done = false;
    std::vector<item_part> parts = {};
    std::string refusal = {};  // until it is given out
    bool refused = false;
    // Of a call.
    std::string call_id = {};
    bool named = false;
    std::uint32_t call = 0;
    std::size_t given = 0;  // bytes of its arguments
    std::string held = {};  // arguments before its name
  };

  [[nodiscard]] std::expected<void, providers::failure> known(const event_members& event,
                                                              const json::value& value,
                                                              std::string_view data,
                                                              providers::updates& out);
  [[nodiscard]] std::expected<void, providers::failure> ended(const json::object& response,
                                                              std::string_view status,
                                                              std::string_view data,
                                                              providers::updates& out);
  void add_start(const json::object& response, std::int64_t number, providers::updates& out);
  void add_usage(const json::object& response, providers::updates& out);
  [[nodiscard]] item* find(std::string_view id, std::int64_t index);
  [[nodiscard]] item& find_or_open(const event_members& event, item_kind kind);
  item& open(item_kind kind, std::string_view id, std::int64_t index);
  void add_item(const json::value& value, std::int64_t index, bool done, providers::updates& out);
  void add_text(item& to, std::string_view kind, std::int64_t index, std::string_view text,
                bool whole, providers::updates& out);
  void add_content(item& to, const json::object& fields, providers::updates& out);
  void add_call(item& to, const json::object& fields, providers::updates& out);
  void add_arguments(item& to, std::string_view text, bool whole, providers::updates& out);
  void name_call(item& to, std::string_view name, providers::updates& out);
  void end_message(item& of, const json::object& fields, providers::updates& out);
  void end_reasoning(const json::object& fields, providers::updates& out);
  void give_refusal(item& of, providers::updates& out);
  void give_held_back(providers::updates& out);

  response_started started_;
  skein::usage usage_;
  std::vector<item> items_;
  std::vector<std::string> call_ids_;
  bool reasoned_ = false;  // a reasoning item came
};

}  // namespace skein::openai::detail
