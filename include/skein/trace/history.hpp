// Histories by reference (telemetry::history): a model call's span may hold only the messages that
// are new. skein.history.after then names the span whose messages come before, by trace and span
// identifier joined by `-`, and skein.history.omitted says how many they are.
#pragma once

#include <compare>
#include <cstddef>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include <skein/telemetry/span_record.hpp>

namespace skein::trace {

struct span_reference {
  std::string_view trace_id = {};
  std::string_view span_id = {};
  friend auto operator<=>(const span_reference&, const span_reference&) = default;
};
// What skein.history.after says; nothing if it is no reference.
[[nodiscard]] std::optional<span_reference> parse_reference(std::string_view text);

// A span that is not among the ones at hand, such as store::load; nothing if there is none.
using history_lookup =
    std::function<std::optional<telemetry::span_record>(const span_reference& which)>;

struct expanded_history {
  std::size_t expanded = 0;
  std::size_t missing = 0;  // left as they were: what they refer to is not there, or not whole
};

// Puts the omitted messages before the others in gen_ai.input.messages and takes
// skein.history.after and .omitted away, wherever all of them can be found, in whichever trace. Of
// content that was cut for its size, what is left counts as all.
// `most_bytes`: of messages in all; what would go beyond is missing.
expanded_history expand_history(std::vector<telemetry::span_record>& spans,
                                const history_lookup& elsewhere = {},
                                std::size_t most_bytes = std::size_t{256} << 20U);

}  // namespace skein::trace
