// The wire of generateContent, as its tests use it.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "codec.hpp"
#include "providers/gemini/generate_content.hpp"

namespace skein::gemini::test {

using providers::test::decoded;

inline decoded decode(std::string_view body, std::size_t chunk = std::string_view::npos) {
  detail::stream_decoder decoder;
  return providers::test::decode(decoder, providers::framing::server_sent_events, body, chunk);
}

inline decoded decode_whole(std::string_view body) {
  detail::stream_decoder decoder;
  return providers::test::decode_whole(decoder, body);
}

// A stream of these chunks, as JSON texts.
inline decoded decode_chunks(const std::vector<std::string>& chunks) {
  return decode(providers::test::events_of(chunks));
}

// A stream of one chunk with these parts, that ends with STOP.
inline decoded decode_parts(const std::string& parts) {
  return decode_chunks({R"({"candidates":[{"content":{"parts":[)" + parts +
                        R"(]},"finishReason":"STOP"}],"responseId":"r-1"})"});
}

inline std::string recording(std::string_view name) {
  return providers::test::read_file(providers::test::tests_of_providers() / "recorded" / "gemini" /
                                    (std::string(name) + ".sse"));
}

// Where the answer is whole: after the JSON of the first finish reason of candidate 0 or of the
// reason why the prompt was blocked. Found by reading the text, not by the code under test.
inline std::size_t end_of_answer(std::string_view body) {
  for (std::size_t at = 0; at < body.size();) {
    const std::size_t end = std::min(body.find('\n', at), body.size());
    std::string_view line = body.substr(at, end - at);
    if (line.ends_with('\r')) line.remove_suffix(1);
    const bool other = line.contains(R"("finishReason": "STOP", "index": 1)");
    if ((line.contains(R"("finishReason": ")") && !other) || line.contains(R"("blockReason": ")")) {
      return at + line.size();
    }
    at = end + 1;
  }
  return std::string_view::npos;
}

}  // namespace skein::gemini::test
