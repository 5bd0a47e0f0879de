// Runs the codec of chat completions the way its client does, without a network.
#pragma once

#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <ostream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <skein/chat/update.hpp>
#include <skein/http/sse.hpp>

#include "providers/openai/chat_completions.hpp"

namespace skein::openai::test {

using detail::failure;
using detail::stream_decoder;

struct decoded {
  std::vector<chat_update> updates = {};
  chat_response response = {};
  std::optional<failure> error = {};

  [[nodiscard]] std::string error_type() const {
    return error ? std::visit([](const auto& e) { return e.type(); }, *error) : std::string();
  }
  [[nodiscard]] std::string what() const {
    return error ? std::visit([](const auto& e) { return std::string(e.what()); }, *error)
                 : std::string();
  }
  [[nodiscard]] std::string reasoning() const {
    std::string all;
    for (const auto& p : response.message.parts) {
      if (const auto* r = std::get_if<reasoning_part>(&p)) all += r->text;
    }
    return all;
  }
  template <class Update>
  [[nodiscard]] std::vector<Update> all() const {
    std::vector<Update> found;
    for (const auto& u : updates) {
      if (const auto* update = std::get_if<Update>(&u)) found.push_back(*update);
    }
    return found;
  }
};

inline decoded& add_up(decoded& d) {
  chat_accumulator sum;
  for (const auto& u : d.updates) sum.add(u);
  d.response = sum.response();
  return d;
}

// The whole body of a streamed answer, in chunks.
inline decoded decode(std::string_view body, std::size_t chunk = std::string_view::npos) {
  decoded d;
  http::sse_decoder events;
  stream_decoder decoder;
  const auto note = [&](const std::expected<void, failure>& done) {
    if (!done && !d.error) d.error = done.error();
  };
  for (std::size_t at = 0; at < body.size() && !d.error; at += std::min(chunk, body.size())) {
    const std::string bytes(body.substr(at, chunk));
    events.feed(bytes);
    while (auto e = events.next()) {
      note(decoder.event(e->data, d.updates));
      if (d.error) break;
    }
  }
  if (!d.error) {
    if (auto e = events.finish()) note(decoder.unterminated_event(e->data, d.updates));
  }
  if (!d.error) note(decoder.finish(d.updates));
  return add_up(d);
}

// A stream of these chunks, as JSON texts, ended by [DONE].
inline decoded decode_chunks(const std::vector<std::string>& chunks) {
  std::string body;
  for (const auto& chunk : chunks) body += "data: " + chunk + "\n\n";
  return decode(body + "data: [DONE]\n\n");
}

inline decoded decode_whole(std::string_view body) {
  decoded d;
  stream_decoder decoder;
  if (auto done = decoder.whole(body, d.updates); !done) d.error = done.error();
  return add_up(d);
}

struct recording {
  std::string name;
  std::string body;
  friend std::ostream& operator<<(std::ostream& out, const recording& r) { return out << r.name; }
};

// Not from __FILE__: a compiler cache shared by checkouts makes that relative.
inline std::filesystem::path recordings() {
  return std::filesystem::path(SKEIN_TESTS_DIR) / "providers" / "recorded";
}

inline recording read_recording(const std::string& name) {
  const auto path = recordings() / (name + ".sse");
  std::ifstream in(path, std::ios::binary);
  if (!in) throw std::runtime_error("no recording " + path.string());
  return {name, std::string(std::istreambuf_iterator<char>(in), {})};
}

inline std::vector<recording> all_recordings() {
  std::vector<recording> found;
  for (const auto& file : std::filesystem::directory_iterator(recordings())) {
    if (file.path().extension() == ".sse") found.push_back(read_recording(file.path().stem()));
  }
  return found;
}

}  // namespace skein::openai::test
