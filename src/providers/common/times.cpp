#include "providers/common/times.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <sstream>
#include <string>

#include "core/ascii.hpp"

namespace skein::providers {

using std::chrono::milliseconds;

namespace {

template <class Time>
bool parse_time(std::string_view text, const char* format, Time& to) {
  std::istringstream in{std::string(text)};
  in.imbue(std::locale::classic());
  in >> std::chrono::parse(format, to);
  return !in.fail() && in.peek() == std::istringstream::traits_type::eof();
}

}  // namespace

std::optional<milliseconds> amount_of_time(std::string_view text, milliseconds unit) {
  text = skein::detail::trimmed(text);
  double number = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
  if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size()) return std::nullopt;
  constexpr double year_in_ms = 366.0 * 24 * 3600 * 1000;
  if (!std::isfinite(number) || number < 0) return std::nullopt;
  return milliseconds(static_cast<milliseconds::rep>(
      std::ceil(std::min(number * static_cast<double>(unit.count()), year_in_ms))));
}

std::optional<milliseconds> go_duration(std::string_view text) {
  using namespace std::chrono_literals;
  text = skein::detail::trimmed(text);
  if (text.empty()) return std::nullopt;
  struct unit {
    std::string_view name;
    milliseconds length;
  };
  static constexpr std::array units = {unit{"ms", 1ms}, unit{"h", 1h}, unit{"m", 1min},
                                       unit{"s", 1s}};
  milliseconds sum{0};
  while (!text.empty()) {
    const std::size_t digits = std::min(text.find_first_not_of("0123456789."), text.size());
    const std::string_view rest = text.substr(digits);
    const auto* const found =
        std::ranges::find_if(units, [&](const unit& u) { return rest.starts_with(u.name); });
    if (found == units.end()) return std::nullopt;
    const auto part = amount_of_time(text.substr(0, digits), found->length);
    if (!part) return std::nullopt;
    sum += *part;
    text = rest.substr(found->name.size());
  }
  return sum;
}

std::optional<std::chrono::sys_seconds> http_date(std::string_view text) {
  std::chrono::sys_seconds date;
  if (!parse_time(skein::detail::trimmed(text), "%a, %d %b %Y %H:%M:%S GMT", date)) {
    return std::nullopt;
  }
  return date;
}

std::optional<std::chrono::sys_time<milliseconds>> rfc3339_time(std::string_view text) {
  auto whole = skein::detail::lower(skein::detail::trimmed(text));
  // chrono reads no more digits than its type has.
  auto fraction = milliseconds(0);
  if (const auto dot = whole.find('.'); dot != std::string::npos) {
    const auto end = std::min(whole.find_first_not_of("0123456789", dot + 1), whole.size());
    const auto part = amount_of_time("0" + whole.substr(dot, end - dot), std::chrono::seconds(1));
    if (!part || end == dot + 1) return std::nullopt;
    fraction = *part;
    whole.erase(dot, end - dot);
  }
  if (whole.ends_with('z')) whole.replace(whole.size() - 1, 1, "+00:00");
  std::chrono::sys_seconds time;
  if (!parse_time(whole, "%Y-%m-%dt%H:%M:%S%Ez", time)) return std::nullopt;
  return time + fraction;
}

}  // namespace skein::providers
