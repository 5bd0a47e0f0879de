#include "providers/common/line_decoder.hpp"

#include "core/ascii.hpp"

namespace skein::providers {

std::optional<std::string_view> line_decoder::next() {
  while (!too_long_) {
    if (given_) held_.clear();
    given_ = false;
    const auto end = fed_.find('\n');
    const auto piece = fed_.substr(0, end);
    if (held_.size() + piece.size() > max_line_) {
      too_long_ = true;
      return std::nullopt;
    }
    if (end == std::string_view::npos) {
      held_ += piece;
      fed_ = {};
      return std::nullopt;
    }
    fed_.remove_prefix(end + 1);
    auto line = piece;
    if (!held_.empty()) {
      held_ += piece;
      line = held_;
      given_ = true;
    }
    line = detail::trimmed(line, " \t\r");
    if (!line.empty()) return line;
  }
  return std::nullopt;
}

std::optional<std::string_view> line_decoder::finish() {
  if (given_) held_.clear();
  given_ = true;
  const auto line = detail::trimmed(held_, " \t\r");
  if (line.empty() || too_long_) return std::nullopt;
  return line;
}

}  // namespace skein::providers
