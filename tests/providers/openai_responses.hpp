// The wire of responses, as its tests use it.
#pragma once

#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "codec.hpp"
#include "providers/openai/responses.hpp"

namespace skein::openai::responses_test {

using detail::responses_decoder;
using providers::test::decoded;

inline decoded decode(std::string_view body, std::size_t chunk = std::string_view::npos) {
  responses_decoder decoder;
  return providers::test::decode(decoder, providers::framing::server_sent_events, body, chunk);
}

// A stream of these events, as JSON texts.
inline decoded decode_events(const std::vector<std::string>& events) {
  return decode(providers::test::events_of(events));
}

inline decoded decode_whole(std::string_view body) {
  responses_decoder decoder;
  return providers::test::decode_whole(decoder, body);
}

struct recording {
  std::string name;
  std::string body;
  friend std::ostream& operator<<(std::ostream& out, const recording& r) { return out << r.name; }
};

inline recording read_recording(const std::filesystem::path& file) {
  return {file.stem(), providers::test::read_file(file)};
}
// By name, from the conformance fixtures and from those that only this protocol has.
inline recording recorded(const std::string& name) {
  const auto tests = providers::test::tests_of_providers();
  const auto own = tests / "recorded" / "openai_responses" / (name + ".sse");
  return read_recording(std::filesystem::exists(own)
                            ? own
                            : tests / "conformance" / "openai_responses" / (name + ".sse"));
}
inline std::vector<recording> all_recordings() {
  std::vector<recording> found;
  for (const char* folder : {"recorded", "conformance"}) {
    const auto tests = providers::test::tests_of_providers();
    for (const auto& file :
         std::filesystem::directory_iterator(tests / folder / "openai_responses")) {
      if (file.path().extension() == ".sse") found.push_back(read_recording(file.path()));
    }
  }
  return found;
}

// How many bytes make the answer complete, found by reading the text: up to the JSON of its
// terminal event; npos if it never is.
inline std::size_t end_of_answer(std::string_view body) {
  for (std::size_t at = 0; at < body.size();) {
    const std::size_t end = std::min(body.find('\n', at), body.size());
    const auto line = body.substr(at, end - at);
    if (line.starts_with(R"(data: {"type":"response.completed")") ||
        line.starts_with(R"(data: {"type":"response.incomplete")")) {
      return end;
    }
    at = end + 1;
  }
  return std::string_view::npos;
}

}  // namespace skein::openai::responses_test
