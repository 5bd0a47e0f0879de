// What `opaque` of a reasoning part holds for this protocol: the member in which a server sent its
// reasoning, so that it can be sent back in the same one.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <skein/json/value.hpp>

namespace skein::openai::detail {

inline constexpr std::string_view reasoning_content_key = "reasoning_content";  // DeepSeek, vLLM
inline constexpr std::string_view reasoning_key = "reasoning";  // OpenRouter, Groq, Ollama

// As text: {"openai_reasoning":{"key":"reasoning_content"}} or
// {"openai_reasoning":{"details":[...]}}. Anything else belongs to another provider.
struct reasoning_form {
  std::string key = {};      // of plain text: one of the two
  json::array details = {};  // OpenRouter's reasoning_details; if there are any, `key` is empty

  [[nodiscard]] std::string text() const;
  [[nodiscard]] static std::optional<reasoning_form> parse(std::string_view opaque);
};

}  // namespace skein::openai::detail
