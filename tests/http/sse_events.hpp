// Runs the SSE decoder over a text cut into chunks, each chunk in memory of its own that dies
// before the next one, so that a view kept too long is found by the address sanitizer.
#pragma once

#include <memory>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include <skein/http/sse.hpp>

namespace skein::http::test {

struct event {
  std::string type;
  std::string data;
  std::string id;
  friend bool operator==(const event&, const event&) = default;
  friend std::ostream& operator<<(std::ostream& out, const event& e) {
    return out << "{" << e.type << "|" << e.data << "|" << e.id << "}";
  }
};

inline event copy(const sse_event_view& e) {
  return {.type = std::string(e.type), .data = std::string(e.data), .id = std::string(e.id)};
}

inline void feed_copy(sse_decoder& decoder, std::string_view chunk, std::vector<event>& out) {
  const auto bytes = std::make_unique<char[]>(chunk.size() + 1);
  chunk.copy(bytes.get(), chunk.size());
  decoder.feed({bytes.get(), chunk.size()});
  while (auto e = decoder.next()) out.push_back(copy(*e));
}

inline std::vector<event> events_of(std::string_view text, sse_decoder decoder = sse_decoder{}) {
  std::vector<event> out;
  feed_copy(decoder, text, out);
  return out;
}

}  // namespace skein::http::test
