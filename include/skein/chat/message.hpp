// Messages and their parts: plain values, the same for every provider.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <skein/json/value.hpp>

namespace skein {

enum class role : std::uint8_t { system, user, assistant, tool };
[[nodiscard]] std::string_view name_of(role r) noexcept;  // "system", "user", "assistant", "tool"

struct text_part {
  std::string text;
  friend bool operator==(const text_part&, const text_part&) = default;
};

// What a model thought. `opaque` is the provider's signature or encrypted form. It says whose it
// is, is replayed to that provider as received and in its place, and to no other.
struct reasoning_part {
  std::string text;
  std::string opaque = {};
  friend bool operator==(const reasoning_part&, const reasoning_part&) = default;
};

// A request of the model to call a tool. `arguments` is JSON text exactly as the model wrote it: it
// may be empty or malformed, which is for the tool room to judge. `opaque` as of reasoning: some
// providers sign calls.
struct tool_call_part {
  std::string id;
  std::string name;
  std::string arguments;
  std::string opaque = {};
  friend bool operator==(const tool_call_part&, const tool_call_part&) = default;
};

enum class tool_outcome : std::uint8_t { ok, error };

// The answer to a tool call, as text for the model.
struct tool_result_part {
  std::string call_id;
  std::string name;
  std::string content;
  tool_outcome outcome = tool_outcome::ok;
  friend bool operator==(const tool_result_part&, const tool_result_part&) = default;
};

enum class media_kind : std::uint8_t { image, audio, video, file };

// An image, sound, film or document, by uri or by bytes: exactly one of `uri` and `bytes` is set.
struct media_part {
  media_kind kind = media_kind::file;
  std::string media_type = {};  // e.g. image/png
  std::string uri = {};
  std::string bytes = {};  // raw, not base64
  std::string name = {};   // file name, if it has one
  friend bool operator==(const media_part&, const media_part&) = default;
};

// An error that a provider reported as content.
struct error_part {
  std::string code;
  std::string message;
  friend bool operator==(const error_part&, const error_part&) = default;
};

// Something this version does not know: kept, replayed to the same provider, never dropped.
struct raw_part {
  std::string provider;
  json::value value;
  friend bool operator==(const raw_part&, const raw_part&) = default;
};

using part = std::variant<text_part, reasoning_part, tool_call_part, tool_result_part, media_part,
                          error_part, raw_part>;

struct message {
  skein::role role = skein::role::user;
  std::vector<part> parts = {};
  std::string name = {};  // author, where a provider takes one

  // All text parts, joined.
  [[nodiscard]] std::string text() const;
  friend bool operator==(const message&, const message&) = default;
};

[[nodiscard]] inline message make_message(role r, std::string text) {
  message m{.role = r};
  m.parts.emplace_back(text_part{std::move(text)});
  return m;
}
[[nodiscard]] inline message system_message(std::string text) {
  return make_message(role::system, std::move(text));
}
[[nodiscard]] inline message user_message(std::string text) {
  return make_message(role::user, std::move(text));
}
[[nodiscard]] inline message assistant_message(std::string text) {
  return make_message(role::assistant, std::move(text));
}

}  // namespace skein
