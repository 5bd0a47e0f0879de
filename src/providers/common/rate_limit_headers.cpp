#include "providers/common/rate_limit_headers.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>

#include "core/ascii.hpp"
#include "providers/common/times.hpp"

namespace skein::providers {

namespace {

using std::chrono::milliseconds;

std::optional<std::int64_t> whole_header(const http::response_head& head, std::string_view name,
                                         std::string_view other_name) {
  auto text = head.header(name);
  if (!text) text = head.header(other_name);
  if (!text) return std::nullopt;
  const auto digits = skein::detail::trimmed(*text);
  std::int64_t number = 0;
  const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (parsed.ec != std::errc() || parsed.ptr != digits.data() + digits.size() || number < 0) {
    return std::nullopt;
  }
  return number;
}

// From when the answer was written.
std::optional<milliseconds> reset_header(const http::response_head& head, std::string_view name,
                                         std::string_view name_of_time,
                                         std::chrono::system_clock::time_point now) {
  if (const auto text = head.header(name)) return go_duration(*text);
  const auto text = head.header(name_of_time);
  const auto time = text ? rfc3339_time(*text) : std::nullopt;
  if (!time) return std::nullopt;
  if (const auto date = http_date(head.header("date").value_or(""))) now = *date;
  return std::max(milliseconds(0), std::chrono::ceil<milliseconds>(*time - now));
}

}  // namespace

rate_limits rate_limits_of(const http::response_head& head,
                           std::chrono::system_clock::time_point now) {
  return {
      .requests =
          whole_header(head, "x-ratelimit-limit-requests", "anthropic-ratelimit-requests-limit"),
      .requests_left = whole_header(head, "x-ratelimit-remaining-requests",
                                    "anthropic-ratelimit-requests-remaining"),
      .tokens = whole_header(head, "x-ratelimit-limit-tokens", "anthropic-ratelimit-tokens-limit"),
      .tokens_left = whole_header(head, "x-ratelimit-remaining-tokens",
                                  "anthropic-ratelimit-tokens-remaining"),
      .requests_reset = reset_header(head, "x-ratelimit-reset-requests",
                                     "anthropic-ratelimit-requests-reset", now),
      .tokens_reset =
          reset_header(head, "x-ratelimit-reset-tokens", "anthropic-ratelimit-tokens-reset", now)};
}

}  // namespace skein::providers
