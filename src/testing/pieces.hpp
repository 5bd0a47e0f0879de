// UTF-8 text cut into pieces of whole characters.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>
#include <vector>

namespace skein::testing {

inline std::vector<std::string_view> pieces_of(std::string_view text, std::size_t characters) {
  std::vector<std::string_view> pieces;
  characters = std::max<std::size_t>(characters, 1);
  while (!text.empty()) {
    std::size_t end = 0;
    for (std::size_t n = 0; n < characters && end < text.size(); ++n) {
      ++end;
      while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) ++end;
    }
    pieces.push_back(text.substr(0, end));
    text.remove_prefix(end);
  }
  return pieces;
}

}  // namespace skein::testing
