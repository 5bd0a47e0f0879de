// What a chat stream yields, and the response that the updates add up to.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <skein/chat/message.hpp>
#include <skein/chat/usage.hpp>

namespace skein {

// Normalised; the provider's own word is kept beside it. The agent loop decides from content, never
// from this.
enum class finish_reason : std::uint8_t { none, stop, length, tool_calls, content_filter, other };
// The GenAI conventions' names: stop, length, tool_call, content_filter. Empty for none, and for
// other, where `raw` is the name.
[[nodiscard]] std::string_view name_of(finish_reason r) noexcept;

// What a provider's headers say of the limits of a minute and of what is left of them; what they do
// not say is absent.
struct rate_limits {
  std::optional<std::int64_t> requests = {};
  std::optional<std::int64_t> requests_left = {};
  std::optional<std::int64_t> tokens = {};
  std::optional<std::int64_t> tokens_left = {};
  // How long until all of the limit is left again, if nothing more is sent.
  std::optional<std::chrono::milliseconds> requests_reset = {};
  std::optional<std::chrono::milliseconds> tokens_reset = {};

  [[nodiscard]] bool empty() const noexcept { return *this == rate_limits{}; }
  friend bool operator==(const rate_limits&, const rate_limits&) = default;
};

// First of all, and again whenever the provider names the response or its model later.
struct response_started {
  std::string id;
  std::string model;
  // Of an answer made in the background: chat_options::continuation_token for taking it up again.
  // Opaque.
  std::string continuation = {};
  rate_limits limits = {};
  // The answer begins anew: what came of it so far is void, and whoever shows it takes it back.
  // Only where a layer was told to (chat/retry.hpp).
  bool restarted = false;
  friend bool operator==(const response_started&, const response_started&) = default;
};

struct text_delta {
  std::string text;
  friend bool operator==(const text_delta&, const text_delta&) = default;
};

// `opaque` comes whole, with the last text or after it, and ends the reasoning part: what follows
// is another one. A provider that sends it in pieces gathers them first.
struct reasoning_delta {
  std::string text;
  std::string opaque = {};
  friend bool operator==(const reasoning_delta&, const reasoning_delta&) = default;
};

// `call` counts the calls of this response from 0 and is the identity of the call here, whatever
// the provider's labels do. `id` and `name` are set on the first delta of a call, empty after it;
// `opaque` comes whole, on any of them.
struct tool_call_delta {
  std::uint32_t call = 0;
  std::string id = {};
  std::string name = {};
  std::string arguments = {};
  std::string opaque = {};
  friend bool operator==(const tool_call_delta&, const tool_call_delta&) = default;
};

// A whole part at once: media, an error, or something unknown.
struct part_update {
  skein::part part;
  friend bool operator==(const part_update&, const part_update&) = default;
};

// The provider's figure for the response so far; a later one replaces it.
struct usage_update {
  skein::usage usage;
  friend bool operator==(const usage_update&, const usage_update&) = default;
};

// The terminal event. A stream that ends without it was cut, and throws instead of ending.
struct response_finished {
  finish_reason reason = finish_reason::none;
  std::string raw = {};  // the provider's own word
  friend bool operator==(const response_finished&, const response_finished&) = default;
};

// An event of the provider that this version does not know.
struct raw_update {
  json::value value;
  friend bool operator==(const raw_update&, const raw_update&) = default;
};

using chat_update_variant =
    std::variant<response_started, text_delta, reasoning_delta, tool_call_delta, part_update,
                 usage_update, response_finished, raw_update>;

struct chat_update : chat_update_variant {
  using chat_update_variant::chat_update_variant;
  // The text of a text_delta, else empty.
  [[nodiscard]] std::string_view text() const noexcept {
    auto* delta = std::get_if<text_delta>(this);
    return delta ? std::string_view(delta->text) : std::string_view("");
  }
};

// A whole answer of a model.
struct chat_response {
  std::string id = {};
  std::string model = {};
  std::string continuation = {};  // as of response_started
  skein::message message = {.role = role::assistant};
  finish_reason finish = finish_reason::none;
  std::string finish_raw = {};
  skein::usage usage = {};

  [[nodiscard]] std::string text() const { return message.text(); }
  [[nodiscard]] std::vector<tool_call_part> tool_calls() const;
};

// Adds updates up to a response, at a cost linear in their bytes. Adjacent text and adjacent
// reasoning become one part; tool calls keep their order of first appearance; a later id, model or
// usage replaces an earlier one; a raw_update adds nothing; a restart clears all. May be read at
// any time: after a cut, it holds what had arrived.
class chat_accumulator {
 public:
  void add(const chat_update& update);
  [[nodiscard]] const chat_response& response() const noexcept { return response_; }
  [[nodiscard]] chat_response take() && { return std::move(response_); }
  [[nodiscard]] bool finished() const noexcept { return finished_; }

 private:
  void add_call(const tool_call_delta& delta);

  chat_response response_;
  std::vector<std::pair<std::uint32_t, std::size_t>> calls_;  // call number, index of its part
  bool finished_ = false;
};

}  // namespace skein
