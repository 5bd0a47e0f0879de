// W3C baggage (www.w3.org/TR/baggage), since opentelemetry-cpp 1.19 writes a blank as `+`, reads
// `+` as one, and drops members with legal characters such as `/`, `:` and `@` or with text that is
// not ASCII.
#pragma once

#include <string>
#include <string_view>

#include <opentelemetry/baggage/baggage.h>
#include <opentelemetry/context/propagation/text_map_propagator.h>

namespace skein::telemetry {

// At most 64 members and 8192 bytes, as much as everybody must take; members beyond are left out
// whole. What follows the first `;` of a value are its properties, if they are some.
[[nodiscard]] std::string to_baggage_header(const opentelemetry::baggage::Baggage& baggage);

// Members that are malformed are passed over, the others kept. Bytes that are no UTF-8 become
// U+FFFD. Of several members with one key, the last counts.
[[nodiscard]] opentelemetry::nostd::shared_ptr<opentelemetry::baggage::Baggage> from_baggage_header(
    std::string_view header);

class baggage_propagator final : public opentelemetry::context::propagation::TextMapPropagator {
 public:
  void Inject(opentelemetry::context::propagation::TextMapCarrier& carrier,
              const opentelemetry::context::Context& context) noexcept override;
  opentelemetry::context::Context Extract(
      const opentelemetry::context::propagation::TextMapCarrier& carrier,
      opentelemetry::context::Context& context) noexcept override;
  bool Fields(opentelemetry::nostd::function_ref<bool(opentelemetry::nostd::string_view)> callback)
      const noexcept override;
};

}  // namespace skein::telemetry
