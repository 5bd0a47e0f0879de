// What spans say that they cost.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <skein/chat/cost.hpp>
#include <skein/telemetry/span_record.hpp>

namespace skein::trace {

struct bill {
  usd known = {};             // sum of `skein.usage.cost`
  std::int64_t unpriced = 0;  // spans that used tokens and do not say what they cost

  // Nothing if a part of it is not known.
  [[nodiscard]] std::optional<usd> cost() const noexcept {
    return unpriced == 0 ? std::optional(known) : std::nullopt;
  }
  friend bool operator==(const bill&, const bill&) = default;
};

void add(bill& to, const telemetry::span_record& span);

// "$0.00125"; "$0.00125+" if a part of it is not known, "?" if none of it is, "-" for nothing used.
[[nodiscard]] std::string to_text(const bill& b);

}  // namespace skein::trace
