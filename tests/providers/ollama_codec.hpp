// The wire of Ollama's /api/chat, as its tests use it.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "codec.hpp"
#include "providers/ollama/chat.hpp"

namespace skein::ollama::test {

using providers::test::decoded;

inline decoded decode(std::string_view body, std::size_t chunk = std::string_view::npos) {
  detail::stream_decoder decoder;
  return providers::test::decode(decoder, providers::framing::lines, body, chunk);
}

inline decoded decode_whole(std::string_view body) {
  detail::stream_decoder decoder;
  return providers::test::decode_whole(decoder, body);
}

inline std::string recording(std::string_view name) {
  return providers::test::read_file(providers::test::tests_of_providers() / "recorded" / "ollama" /
                                    (std::string(name) + ".ndjson"));
}

// Where the answer is whole: after the JSON of the line that is done. Found by reading the text,
// not by the code under test.
inline std::size_t end_of_answer(std::string_view body) {
  const auto done = body.find(R"("done":true)");
  return done == std::string_view::npos ? done : std::min(body.find('\n', done), body.size());
}

}  // namespace skein::ollama::test
