// How much a span or a log record may hold, as the specification has it and opentelemetry-cpp 1.19
// does not (opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables, limits).
#pragma once

#include <cstddef>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include <boost/container/small_vector.hpp>
#include <opentelemetry/common/attribute_value.h>
#include <opentelemetry/common/key_value_iterable.h>

#include <skein/telemetry/limits.hpp>

#include "telemetry/environment.hpp"

namespace skein::telemetry {

// OTEL_ATTRIBUTE_*, OTEL_SPAN_*, OTEL_EVENT_* and OTEL_LINK_*.
[[nodiscard]] span_limits span_limits_from(const environment& env);
// OTEL_ATTRIBUTE_* and OTEL_LOGRECORD_ATTRIBUTE_*.
[[nodiscard]] attribute_limits log_limits_from(const environment& env);

// Decides which attributes of one record pass, and in which length.
class attribute_filter {
 public:
  // What is written again is no further attribute.
  [[nodiscard]] bool admits(std::string_view key, const attribute_limits& limits);
  // Calls `f` with the value, shortened if it must be.
  template <class F>
  static void shortened(const opentelemetry::common::AttributeValue& value,
                        const attribute_limits& limits, F&& f) {
    if (limits.value_length == attribute_limits::none) return f(value);
    shortening s(value, limits.value_length);
    f(s.value);
  }

 private:
  struct shortening {
    shortening(const opentelemetry::common::AttributeValue& from, std::size_t length);
    opentelemetry::common::AttributeValue value;
    std::vector<opentelemetry::nostd::string_view> texts;
  };
  boost::container::small_vector<std::size_t, 24> keys_;  // hashed
};

// The first `length` characters of a text in UTF-8.
[[nodiscard]] std::string_view first_characters(std::string_view text, std::size_t length);

// The first `count` of these, with their values shortened.
class limited_attributes final : public opentelemetry::common::KeyValueIterable {
 public:
  limited_attributes(const opentelemetry::common::KeyValueIterable& all, attribute_limits limits)
      : all_(all), limits_(limits) {}
  bool ForEachKeyValue(
      opentelemetry::nostd::function_ref<bool(opentelemetry::nostd::string_view,
                                              opentelemetry::common::AttributeValue)>
          callback) const noexcept override;
  [[nodiscard]] std::size_t size() const noexcept override;

 private:
  const opentelemetry::common::KeyValueIterable& all_;
  attribute_limits limits_;
};

}  // namespace skein::telemetry
