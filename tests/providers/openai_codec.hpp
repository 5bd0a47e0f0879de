// The wire of chat completions, as the tests of that codec use it.
#pragma once

#include <algorithm>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "codec.hpp"
#include "providers/openai/chat_completions.hpp"

namespace skein::openai::test {

using detail::stream_decoder;
using providers::failure;
using providers::test::damage_lines;
using providers::test::decoded;

inline decoded decode(std::string_view body, std::size_t chunk = std::string_view::npos) {
  stream_decoder decoder;
  return providers::test::decode(decoder, providers::framing::server_sent_events, body, chunk);
}

// A stream of these chunks, as JSON texts, ended by [DONE].
inline decoded decode_chunks(const std::vector<std::string>& chunks) {
  return decode(providers::test::events_of(chunks) + "data: [DONE]\n\n");
}

inline decoded decode_whole(std::string_view body) {
  stream_decoder decoder;
  return providers::test::decode_whole(decoder, body);
}

// Where the answer is whole: after the JSON of the first finish reason of choice 0, else after
// [DONE]. Found by reading the text, not by the code under test.
inline std::size_t end_of_answer(std::string_view body) {
  for (std::size_t at = 0; at < body.size();) {
    const std::size_t end = std::min(body.find('\n', at), body.size());
    std::string_view line = body.substr(at, end - at);
    if (line.ends_with('\r')) line.remove_suffix(1);
    const bool reason = line.contains("\"finish_reason\":\"") && !line.contains("\"index\":1");
    if (reason || line == "data: [DONE]") return at + line.size();
    at = end + 1;
  }
  return std::string::npos;
}

struct recording {
  std::string name;
  std::string body;
  friend std::ostream& operator<<(std::ostream& out, const recording& r) { return out << r.name; }
};

inline std::filesystem::path recordings() {
  return providers::test::tests_of_providers() / "recorded";
}

inline recording read_recording(const std::string& name) {
  return {name, providers::test::read_file(recordings() / (name + ".sse"))};
}

inline std::vector<recording> all_recordings() {
  std::vector<recording> found;
  for (const auto& file : std::filesystem::directory_iterator(recordings())) {
    if (file.path().extension() == ".sse") found.push_back(read_recording(file.path().stem()));
  }
  return found;
}

}  // namespace skein::openai::test
