// Amounts for people.
#pragma once

#include <algorithm>
#include <cmath>
#include <format>
#include <string>

namespace skein::telemetry {

// "$0.00125": four digits that say something, without superfluous zeros.
[[nodiscard]] inline std::string dollars_text(double dollars) {
  if (!(dollars > 0)) return "$0";
  const int magnitude = static_cast<int>(std::floor(std::log10(dollars)));
  auto text = std::format("${:.{}f}", dollars, std::clamp(3 - magnitude, 2, 12));
  text.erase(text.find_last_not_of('0') + 1);
  if (text.ends_with('.')) text.pop_back();
  return text;
}

}  // namespace skein::telemetry
