#include <limits>

#include <skein/telemetry/semconv.hpp>
#include <skein/trace/bill.hpp>

#include "telemetry/dollars.hpp"
#include "telemetry/forest.hpp"

namespace skein::trace {

namespace semconv = telemetry::semconv;

void add(bill& to, const telemetry::span_record& span) {
  constexpr auto most = std::numeric_limits<std::int64_t>::max();
  if (auto dollars = telemetry::number_of(span, semconv::usage_cost)) {
    // Spans come from anybody: a sum that does not fit is not known.
    const auto cost = usd::from_dollars(*dollars);
    if (cost && cost->picodollars() <= most - to.known.picodollars()) {
      to.known += *cost;
      return;
    }
  }
  for (auto key : {semconv::usage_input_tokens, semconv::usage_output_tokens,
                   semconv::usage_estimated_input, semconv::usage_estimated_output}) {
    if (telemetry::integer_of(span, key).value_or(0) == 0) continue;
    ++to.unpriced;
    return;
  }
}

std::string to_text(const bill& b) {
  if (b.known == usd()) return b.unpriced == 0 ? "-" : "?";
  return telemetry::dollars_text(b.known.dollars()) + (b.unpriced == 0 ? "" : "+");
}

}  // namespace skein::trace
