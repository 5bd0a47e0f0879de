#include <array>
#include <cstddef>
#include <cstdint>

#include <skein/json/base64.hpp>

namespace skein::json {

namespace {
constexpr std::string_view digits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

constexpr auto values = [] {
  std::array<std::int8_t, 256> table{};
  table.fill(-1);
  for (std::size_t i = 0; i < digits.size(); ++i) {
    table[static_cast<unsigned char>(digits[i])] = static_cast<std::int8_t>(i);
  }
  return table;
}();
}  // namespace

void append_base64(std::string& out, std::string_view bytes) {
  out.reserve(out.size() + (bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const auto at = [&](std::size_t k) -> std::uint32_t {
      return i + k < bytes.size() ? static_cast<unsigned char>(bytes[i + k]) : 0U;
    };
    const std::uint32_t v = at(0) << 16U | at(1) << 8U | at(2);
    out += digits[v >> 18U & 63U];
    out += digits[v >> 12U & 63U];
    out += i + 1 < bytes.size() ? digits[v >> 6U & 63U] : '=';
    out += i + 2 < bytes.size() ? digits[v & 63U] : '=';
  }
}

std::optional<std::string> from_base64(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  std::string out;
  out.reserve(text.size() / 4 * 3);
  for (std::size_t i = 0; i < text.size(); i += 4) {
    const bool last = i + 4 == text.size();
    const std::size_t padding = !last ? 0 : text[i + 2] == '=' ? 2 : text[i + 3] == '=' ? 1 : 0;
    if (padding == 2 && text[i + 3] != '=') return std::nullopt;
    std::uint32_t v = 0;
    for (std::size_t k = 0; k < 4; ++k) {
      const auto digit =
          k < 4 - padding ? values[static_cast<unsigned char>(text[i + k])] : std::int8_t{0};
      if (digit < 0) return std::nullopt;
      v = v << 6U | static_cast<std::uint32_t>(digit);
    }
    out += static_cast<char>(v >> 16U & 255U);
    if (padding < 2) out += static_cast<char>(v >> 8U & 255U);
    if (padding < 1) out += static_cast<char>(v & 255U);
  }
  return out;
}

}  // namespace skein::json
