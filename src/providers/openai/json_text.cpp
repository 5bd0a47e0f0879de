#include "json_text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstring>

namespace skein::openai::detail {

namespace {

template <class Number>
void append_number(std::string& out, Number number) {
  std::array<char, 32> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number);
  out.append(digits.data(), end.ptr);
}

unsigned char byte_at(std::string_view text, std::size_t i) {
  return static_cast<unsigned char>(text[i]);
}

struct sequence {
  std::size_t size;  // at least 1
  bool valid;
};

// The UTF-8 sequence at `i`, or the maximal subpart of one.
sequence sequence_at(std::string_view text, std::size_t i) {
  const unsigned char lead = byte_at(text, i);
  if (lead < 0x80) return {1, true};
  if (lead < 0xC2 || lead > 0xF4) return {1, false};
  const std::size_t size = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  unsigned char low = 0x80;
  unsigned char high = 0xBF;
  if (lead == 0xE0) low = 0xA0;
  if (lead == 0xED) high = 0x9F;
  if (lead == 0xF0) low = 0x90;
  if (lead == 0xF4) high = 0x8F;
  for (std::size_t k = 1; k < size; ++k) {
    if (i + k >= text.size() || byte_at(text, i + k) < low || byte_at(text, i + k) > high) {
      return {k, false};
    }
    low = 0x80;
    high = 0xBF;
  }
  return {size, true};
}

// The position of the first byte that is not UTF-8, or the size.
std::size_t valid_prefix(std::string_view text, std::size_t from) {
  std::size_t i = from;
  while (i < text.size()) {
    std::uint64_t eight = 0;
    while (i + sizeof eight <= text.size()) {
      std::memcpy(&eight, text.data() + i, sizeof eight);
      if ((eight & 0x8080808080808080U) != 0) break;
      i += sizeof eight;
    }
    if (i == text.size()) break;
    const auto [size, valid] = sequence_at(text, i);
    if (!valid) return i;
    i += size;
  }
  return i;
}

}  // namespace

void append_string(std::string& out, std::string_view text) {
  static constexpr std::string_view hex = "0123456789abcdef";
  out.push_back('"');
  std::size_t copied = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const unsigned char c = byte_at(text, i);
    if (c >= 0x20 && c != '"' && c != '\\') continue;
    out.append(text.substr(copied, i - copied));
    copied = i + 1;
    switch (c) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      default:
        out += "\\u00";
        out.push_back(hex[c >> 4U]);
        out.push_back(hex[c & 0xFU]);
    }
  }
  out.append(text.substr(copied));
  out.push_back('"');
}

void append_value(std::string& out, const json::value& value) {
  using boost::json::kind;
  switch (value.kind()) {
    case kind::null:
      out += "null";
      return;
    case kind::bool_:
      out += value.get_bool() ? "true" : "false";
      return;
    case kind::int64:
      append_number(out, value.get_int64());
      return;
    case kind::uint64:
      append_number(out, value.get_uint64());
      return;
    case kind::double_:
      if (std::isfinite(value.get_double())) {
        append_number(out, value.get_double());
      } else {
        out += "null";
      }
      return;
    case kind::string:
      append_string(out, value.get_string());
      return;
    case kind::array: {
      out.push_back('[');
      bool first = true;
      for (const auto& item : value.get_array()) {
        if (!first) out.push_back(',');
        first = false;
        append_value(out, item);
      }
      out.push_back(']');
      return;
    }
    case kind::object: {
      out.push_back('{');
      bool first = true;
      for (const auto& [key, item] : value.get_object()) {
        if (!first) out.push_back(',');
        first = false;
        append_string(out, key);
        out.push_back(':');
        append_value(out, item);
      }
      out.push_back('}');
      return;
    }
  }
}

void append_base64(std::string& out, std::string_view bytes) {
  static constexpr std::string_view alphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  out.reserve(out.size() + (bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t n = std::min<std::size_t>(3, bytes.size() - i);
    std::uint32_t group = static_cast<std::uint32_t>(byte_at(bytes, i)) << 16U;
    if (n > 1) group |= static_cast<std::uint32_t>(byte_at(bytes, i + 1)) << 8U;
    if (n > 2) group |= byte_at(bytes, i + 2);
    out.push_back(alphabet[group >> 18U]);
    out.push_back(alphabet[(group >> 12U) & 63U]);
    out.push_back(n > 1 ? alphabet[(group >> 6U) & 63U] : '=');
    out.push_back(n > 2 ? alphabet[group & 63U] : '=');
  }
}

void make_valid_utf8(std::string& text) {
  std::size_t bad = valid_prefix(text, 0);
  if (bad == text.size()) return;
  std::string repaired;
  repaired.reserve(text.size() + 16);
  std::size_t copied = 0;
  while (bad < text.size()) {
    repaired.append(text, copied, bad - copied);
    repaired += "\xEF\xBF\xBD";
    copied = bad + sequence_at(text, bad).size;
    bad = valid_prefix(text, copied);
  }
  repaired.append(text, copied);
  text = std::move(repaired);
}

}  // namespace skein::openai::detail
