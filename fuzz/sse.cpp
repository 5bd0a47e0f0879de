// Server-sent events: how the bytes are cut into chunks never changes the events, the end or the
// error. The first byte of the input chooses the chunks, each of which lives in memory of its own.
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <skein/http/sse.hpp>

namespace {

using namespace skein::http;

struct outcome {
  std::vector<std::string> events;
  bool pending = false;
  std::string last;
  std::string last_id;
  std::optional<std::chrono::milliseconds> retry;
  sse_error error = sse_error::none;
  friend bool operator==(const outcome&, const outcome&) = default;
};

std::string text_of(const sse_event_view& e) {
  std::string text(e.type);
  text += '\x1F';
  text += e.data;
  text += '\x1F';
  text += e.id;
  return text;
}

outcome run(std::string_view bytes, unsigned seed) {
  outcome result;
  sse_decoder decoder({.line = 64, .event = 96});
  for (std::size_t at = 0; at < bytes.size();) {
    const std::size_t size = seed == 0 ? bytes.size() : 1 + seed % 13;
    seed = seed * 1103515245U + (seed == 0 ? 0U : 12345U);
    const std::string_view chunk = bytes.substr(at, size);
    const auto copy = std::make_unique<char[]>(chunk.size());
    chunk.copy(copy.get(), chunk.size());
    decoder.feed({copy.get(), chunk.size()});
    while (auto e = decoder.next()) result.events.push_back(text_of(*e));
    at += chunk.size();
  }
  result.pending = decoder.pending();
  if (auto e = decoder.finish()) result.last = text_of(*e);
  result.last_id = decoder.last_event_id();
  result.retry = decoder.retry();
  result.error = decoder.error();
  return result;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (run(bytes, 0) != run(bytes, data[0] + 1U)) std::abort();
  return 0;
}
