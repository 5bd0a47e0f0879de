// Contexts that are nothing but a number.
#pragma once

#include <cstdint>

#include <opentelemetry/context/context_value.h>

#include <skein/async/strand.hpp>

namespace skein::test {

inline context marked(std::int64_t number) { return context("mark", number); }

// The number of the context here, 0 for none.
inline std::int64_t mark() {
  const auto value = current_context().GetValue("mark");
  const auto* number = opentelemetry::nostd::get_if<std::int64_t>(&value);
  return number != nullptr ? *number : 0;
}

}  // namespace skein::test
