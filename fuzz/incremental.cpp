// JSON while it arrives: the value so far, with what of it is complete, is that of the text so far,
// however it was cut; the end is parse_text's. The first byte of the input chooses the pieces, each
// of which lives in memory of its own.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

#include <skein/json/incremental.hpp>

namespace {

using namespace skein::json;

constexpr parse_limits limits{.max_depth = 8, .max_bytes = 512};

void show(std::string& to, const incremental& reader, const value& v) {
  to += reader.complete(v) ? '=' : '~';
  if (const auto* object = v.if_object()) {
    to += '{';
    for (const auto& member : *object) {
      to += write_text(value(member.key()));
      show(to, reader, member.value());
    }
    to += '}';
  } else if (const auto* array = v.if_array()) {
    to += '[';
    for (const auto& element : *array) show(to, reader, element);
    to += ']';
  } else {
    if (v.is_string() && valid_utf8(v.get_string()) != std::string_view(v.get_string())) {
      std::abort();
    }
    to += write_text(v);
  }
}

std::string shown(const incremental& reader) {
  // What is there of a piece that fails does depend on the pieces.
  if (reader.failure()) return "failed: " + reader.failure()->message;
  std::string text;
  if (reader.root() != nullptr) show(text, reader, *reader.root());
  return text;
}

std::string of(std::string_view text, surroundings around) {
  incremental reader(limits, around);
  reader.feed(text);
  return shown(reader);
}

void cut(std::string_view text, unsigned seed, surroundings around) {
  incremental reader(limits, around);
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t size = std::min<std::size_t>(1 + seed % 13, text.size() - at);
    seed = seed * 1103515245U + 12345U;
    const auto copy = std::make_unique<char[]>(size);
    text.copy(copy.get(), size, at);
    reader.feed({copy.get(), size});
    at += size;
    if (shown(reader) != of(text.substr(0, at), around)) std::abort();
  }
  reader.finish();
  if (around == surroundings::prose) return;
  const auto whole = parse_text(text, limits);
  if (whole.has_value() == reader.failure().has_value()) std::abort();
  if (whole && (!reader.complete() || write_text(*whole) != write_text(*reader.root()))) {
    std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  cut(text, data[0], surroundings::blanks);
  cut(text, data[0], surroundings::prose);
  return 0;
}
