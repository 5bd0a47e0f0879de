// Runs any provider's decoder the way the exchange does, without a network.
#pragma once

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <skein/chat/request.hpp>
#include <skein/chat/update.hpp>
#include <skein/http/sse.hpp>

#include "providers/common/exchange.hpp"
#include "providers/common/line_decoder.hpp"

namespace skein::providers::test {

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

inline std::string_view name_in(const http::sse_event_view& e) { return e.type; }
inline std::string_view data_in(const http::sse_event_view& e) { return e.data; }
inline std::string_view name_in(std::string_view) { return {}; }
inline std::string_view data_in(std::string_view line) { return line; }

// The whole body of a streamed answer, in chunks, by the words of one framing.
template <class Events>
void decode_events(Events& in, answer_decoder& decoder, std::string_view body, std::size_t chunk,
                   decoded& d) {
  const auto note = [&](const std::expected<void, failure>& done) {
    if (!done && !d.error) d.error = done.error();
  };
  for (std::size_t at = 0; at < body.size() && !d.error; at += std::min(chunk, body.size())) {
    // A copy of its own, so that reading beyond it or after it is found.
    const std::string bytes(body.substr(at, chunk));
    in.feed(bytes);
    while (auto e = in.next()) {
      note(decoder.event(name_in(*e), data_in(*e), d.updates));
      if (d.error) break;
    }
  }
  if (!d.error) {
    if (auto e = in.finish()) {
      note(decoder.unterminated_event(name_in(*e), data_in(*e), d.updates));
    }
  }
  if (!d.error) note(decoder.finish(d.updates));
}

inline decoded decode(answer_decoder& decoder, framing frames, std::string_view body,
                      std::size_t chunk = std::string_view::npos) {
  decoded d;
  if (frames == framing::lines) {
    line_decoder lines;
    decode_events(lines, decoder, body, chunk, d);
  } else {
    http::sse_decoder events;
    decode_events(events, decoder, body, chunk, d);
  }
  return add_up(d);
}

// A body of these events, as JSON texts.
inline std::string events_of(const std::vector<std::string>& events) {
  std::string body;
  for (const auto& event : events) body += "data: " + event + "\n\n";
  return body;
}

inline decoded decode_whole(answer_decoder& decoder, std::string_view body) {
  decoded d;
  if (auto done = decoder.whole(body, d.updates); !done) d.error = done.error();
  return add_up(d);
}

// Not from __FILE__: a compiler cache shared by checkouts makes that relative.
inline std::filesystem::path tests_of_providers() {
  return std::filesystem::path(SKEIN_TESTS_DIR) / "providers";
}

inline std::string read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw std::runtime_error("no file " + path.string());
  return {std::istreambuf_iterator<char>(in), {}};
}

// What follows `head` in the body of a request, but for the brace that closes it.
inline std::string after_head(const std::string& head, const std::string& body) {
  (void)json::parse(body);
  if (!body.starts_with(head)) throw std::runtime_error("it does not begin so: " + body);
  return body.substr(head.size(), body.size() - head.size() - 1);
}

// The options that nearly every protocol has.
inline chat_options sampling_options() {
  return {.model = "not this one",
          .temperature = 0.7,
          .top_p = 1,
          .top_k = 40,
          .max_tokens = 100,
          .stop = {"\n", "END"},
          .seed = -7,
          .frequency_penalty = 0.5,
          .presence_penalty = -0.25};
}

// Calls `check` with every value inside `v` by turns replaced by something odd, and every member
// removed. `v` is as before when it returns.
inline void damage(json::value& v, const std::function<void()>& check) {
  static const std::vector<json::value> odd = {nullptr,
                                               true,
                                               -1,
                                               1.5,
                                               "",
                                               "x",
                                               json::array{},
                                               json::object{},
                                               json::array{nullptr},
                                               json::object{{"", 0}}};
  const json::value original = v;
  for (const auto& other : odd) {
    v = other;
    check();
  }
  v = original;
  if (auto* array = v.if_array()) {
    for (auto& item : *array) damage(item, check);
  } else if (auto* object = v.if_object()) {
    std::vector<std::string> keys;
    for (const auto& member : *object) keys.emplace_back(member.key());
    for (const auto& key : keys) {
      v.get_object().erase(key);
      check();
      v = original;
      damage(v.at(key), check);
    }
  }
}

// Calls `check(body, line)` for every way of damage() to the JSON of every line of the body.
inline void damage_lines(const std::string& body,
                         const std::function<void(const std::string&, const std::string&)>& check) {
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < body.size();) {
    const std::size_t end = std::min(body.find('\n', at), body.size());
    lines.push_back(body.substr(at, end - at));
    if (lines.back().ends_with('\r')) lines.back().pop_back();
    at = end + 1;
  }
  for (auto& line : lines) {
    const std::string original = line;
    const auto from = original.find('{');
    if (from == std::string::npos || (from != 0 && !original.starts_with("data:"))) continue;
    json::value value = json::parse(original.substr(from));
    damage(value, [&] {
      line = original.substr(0, from) + json::serialize(value);
      std::string damaged;
      for (const auto& l : lines) damaged += l + "\n";
      check(damaged + "\n", line);
    });
    line = original;
  }
}

}  // namespace skein::providers::test
