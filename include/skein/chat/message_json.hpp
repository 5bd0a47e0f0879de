// Messages as plain JSON data, to keep and to read again. Not a provider's format.
#pragma once

#include <expected>
#include <span>
#include <string>
#include <vector>

#include <skein/chat/message.hpp>
#include <skein/chat/usage.hpp>
#include <skein/json/mismatch.hpp>
#include <skein/json/value.hpp>

namespace skein {

// {"role": "user", "parts": [{"type": "text", "text": "..."}, ...]}; bytes as base64. What a newer
// version wrote and this one does not know is a mismatch, never dropped.
[[nodiscard]] json::value message_to_json(const message& m);
[[nodiscard]] std::expected<message, json::mismatch> message_from_json(const json::value& v);

[[nodiscard]] json::value messages_to_json(std::span<const message> messages);
[[nodiscard]] std::expected<std::vector<message>, json::mismatch> messages_from_json(
    const json::value& v);

}  // namespace skein
