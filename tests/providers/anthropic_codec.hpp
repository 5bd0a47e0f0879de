// The wire of Anthropic's messages, as the tests of that codec use it.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "codec.hpp"
#include "providers/anthropic/messages.hpp"

namespace skein::anthropic::test {

using detail::messages_decoder;
using providers::test::decoded;

inline decoded decode(std::string_view body, std::size_t chunk = std::string_view::npos) {
  messages_decoder decoder;
  return providers::test::decode(decoder, providers::framing::server_sent_events, body, chunk);
}

// A stream of these events, as JSON texts.
inline decoded decode_events(const std::vector<std::string>& events) {
  return decode(providers::test::events_of(events));
}

inline decoded decode_whole(std::string_view body) {
  messages_decoder decoder;
  return providers::test::decode_whole(decoder, body);
}

// Where the answer is whole: after the JSON of message_stop. Found by reading the text, not by the
// code under test.
inline std::size_t end_of_answer(std::string_view body) {
  const std::string_view last = R"(data: {"type":"message_stop"})";
  const auto at = body.find(last);
  return at == std::string_view::npos ? at : at + last.size();
}

// `folder` is `recorded` or `conformance`.
inline std::filesystem::path files_of(std::string_view folder) {
  return providers::test::tests_of_providers() / folder / "anthropic";
}

inline std::string body_of(const std::vector<message>& messages, const chat_options& options = {},
                           const std::vector<tool_definition>& tools = {},
                           const cache_points& cache = {}) {
  return detail::request_body({.messages = messages, .tools = tools}, options, "m", cache);
}

}  // namespace skein::anthropic::test
