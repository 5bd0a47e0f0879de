// Token counts as a provider reports them.
#pragma once

#include <cstdint>
#include <optional>

namespace skein {

// A count that a provider did not report is absent, which is not zero. `input` includes cached
// tokens and `output` includes reasoning tokens (GenAI conventions); the others are subsets of
// those two.
struct usage {
  std::optional<std::int64_t> input = {};
  std::optional<std::int64_t> output = {};
  std::optional<std::int64_t> cache_read = {};   // of input
  std::optional<std::int64_t> cache_write = {};  // of input
  std::optional<std::int64_t> reasoning = {};    // of output

  [[nodiscard]] std::int64_t total() const noexcept {
    return input.value_or(0) + output.value_or(0);
  }
  [[nodiscard]] bool empty() const noexcept { return *this == usage{}; }

  usage& operator+=(const usage& other) noexcept {
    auto add = [](auto& to, const auto& from) {
      if (from) to = to.value_or(0) + *from;
    };
    add(input, other.input);
    add(output, other.output);
    add(cache_read, other.cache_read);
    add(cache_write, other.cache_write);
    add(reasoning, other.reasoning);
    return *this;
  }
  friend usage operator+(usage a, const usage& b) noexcept { return a += b; }
  friend bool operator==(const usage&, const usage&) = default;
};

}  // namespace skein
