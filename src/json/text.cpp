#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstring>

#include <skein/json/text.hpp>

#include "json/text_writer.hpp"

namespace skein::json {
namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";

struct sequence {
  std::size_t length;  // bytes to take, at least 1
  bool valid;
};

// Table 3-7 of the Unicode Standard, "Well-Formed UTF-8 Byte Sequences": after the first byte only
// the second has a range of its own. An ill-formed sequence ends before the byte that does not fit.
sequence next_sequence(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return {1, true};
  if (first < 0xC2 || first > 0xF4) return {1, false};
  const std::size_t length = first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
  const unsigned char least = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
  const unsigned char most = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
  for (std::size_t i = 1; i < length; ++i) {
    const bool fits =
        i < text.size() && byte(i) >= (i == 1 ? least : 0x80) && byte(i) <= (i == 1 ? most : 0xBF);
    if (!fits) return {i, false};
  }
  return {length, true};
}

// Up to the first ill-formed sequence.
std::size_t valid_prefix(std::string_view text) {
  std::size_t at = 0;
  while (true) {
    // Most text is ASCII, eight bytes of which are seen at once.
    std::uint64_t eight = 0;
    for (; at + sizeof eight <= text.size(); at += sizeof eight) {
      std::memcpy(&eight, text.data() + at, sizeof eight);
      if ((eight & 0x8080808080808080U) != 0) break;
    }
    if (at == text.size()) return at;
    const sequence next = next_sequence(text.substr(at));
    if (!next.valid) return at;
    at += next.length;
  }
}

template <class Number, class... Format>
void append_number(std::string& out, Number number, Format... format) {
  std::array<char, 32> digits;
  const auto end =
      std::to_chars(digits.data(), digits.data() + digits.size(), number, format...).ptr;
  out.append(digits.data(), end);
}

void append_double(std::string& out, double number, detail::whole_double whole) {
  if (!std::isfinite(number)) {
    out += "null";
    return;
  }
  const std::size_t start = out.size();
  const double magnitude = std::abs(number);
  // Left to itself, to_chars takes 1e+05 for being shorter than 100000.
  if (magnitude >= 1e-5 && magnitude < 1e17)
    append_number(out, number, std::chars_format::fixed);
  else
    append_number(out, number);
  if (whole == detail::whole_double::as_double && out.find_first_of(".e", start) == out.npos) {
    out += ".0";
  }
}

}  // namespace

namespace detail {

void append_string(std::string& out, std::string_view text) {
  static constexpr std::string_view hex = "0123456789abcdef";
  out += '"';
  std::size_t plain = 0;
  for (std::size_t i = 0; i <= text.size(); ++i) {
    const bool ends = i == text.size();
    const auto c = ends ? '"' : text[i];
    const auto byte = static_cast<unsigned char>(c);
    if (!ends && c != '"' && c != '\\' && byte >= 0x20) continue;
    const std::string_view run = text.substr(plain, i - plain);
    if (valid_prefix(run) == run.size())
      out += run;
    else
      out += valid_utf8(run);
    plain = i + 1;
    if (ends) break;
    out += '\\';
    switch (c) {
      case '\n':
        out += 'n';
        break;
      case '\r':
        out += 'r';
        break;
      case '\t':
        out += 't';
        break;
      case '"':
      case '\\':
        out += c;
        break;
      default:
        out += "u00";
        out += hex[byte >> 4U];
        out += hex[byte & 0xFU];
    }
  }
  out += '"';
}

void append_value(std::string& out, const value& from, whole_double numbers) {
  switch (from.kind()) {
    case boost::json::kind::null:
      out += "null";
      return;
    case boost::json::kind::bool_:
      out += from.get_bool() ? "true" : "false";
      return;
    case boost::json::kind::int64:
      append_number(out, from.get_int64());
      return;
    case boost::json::kind::uint64:
      append_number(out, from.get_uint64());
      return;
    case boost::json::kind::double_:
      append_double(out, from.get_double(), numbers);
      return;
    case boost::json::kind::string:
      append_string(out, from.get_string());
      return;
    case boost::json::kind::array: {
      char separator = '[';
      for (const value& element : from.get_array()) {
        out += separator;
        append_value(out, element, numbers);
        separator = ',';
      }
      out += from.get_array().empty() ? "[]" : "]";
      return;
    }
    case boost::json::kind::object: {
      char separator = '{';
      for (const auto& member : from.get_object()) {
        out += separator;
        append_string(out, member.key());
        out += ':';
        append_value(out, member.value(), numbers);
        separator = ',';
      }
      out += from.get_object().empty() ? "{}" : "}";
      return;
    }
  }
}

}  // namespace detail

std::expected<value, parse_failure> parse_text(std::string_view text, const parse_limits& limits) {
  if (text.size() > limits.max_bytes) {
    return std::unexpected(parse_failure{
        limits.max_bytes, "longer than the limit of " + std::to_string(limits.max_bytes) +
                              " bytes (" + std::to_string(text.size()) + ")"});
  }
  boost::json::parse_options options;
  options.max_depth = limits.max_depth;
  options.numbers = boost::json::number_precision::precise;
  boost::json::stream_parser parser({}, options);
  boost::system::error_code failure;
  std::size_t taken = parser.write_some(text, failure);
  if (!failure && taken < text.size()) {
    failure = boost::json::make_error_code(boost::json::error::extra_data);
  }
  if (!failure) parser.finish(failure);
  if (failure) return std::unexpected(parse_failure{taken, failure.message()});
  return parser.release();
}

std::string write_text(const value& from) {
  std::string out;
  detail::append_value(out, from, detail::whole_double::as_double);
  return out;
}

std::string valid_utf8(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (true) {
    const std::size_t valid = valid_prefix(text);
    out += text.substr(0, valid);
    text.remove_prefix(valid);
    if (text.empty()) return out;
    out += replacement;
    text.remove_prefix(next_sequence(text).length);
  }
}

}  // namespace skein::json
