#include <algorithm>

#include <skein/http/message.hpp>

#include "core/ascii.hpp"

namespace skein::http {

std::optional<std::string_view> find_header(const header_list& headers,
                                            std::string_view name) noexcept {
  for (const auto& [key, value] : headers) {
    auto lower = [](char c) { return skein::detail::lower(c); };
    if (std::ranges::equal(key, name, {}, lower, lower)) return value;
  }
  return std::nullopt;
}

}  // namespace skein::http
