// Content in the size that it may have.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include <skein/json/value.hpp>
#include <skein/telemetry/content.hpp>

#include "telemetry/environment.hpp"

namespace skein::telemetry {

// An attribute's text. A string stays as it is; all else is JSON.
[[nodiscard]] std::string attribute_text(const json::value& v);

// The same in at most `limit` bytes, marked where it was cut; empty if not even a mark has room.
// Adds to `cut` how much was left out.
[[nodiscard]] std::string attribute_text_within(std::size_t limit, json::value v, std::size_t& cut);

// 64 hexadecimal digits.
[[nodiscard]] std::string sha256(std::string_view text);

// Of the variables named at content_rules.
[[nodiscard]] content_rules content_rules_from(const environment& env);

// Where a piece that went to the store can be found: `<key>_ref`; empty for what no store takes.
[[nodiscard]] std::string_view reference_of(std::string_view key) noexcept;

// Set while spans may be dropped after their trace has ended: then a trace must not refer to
// another.
void traces_may_be_dropped(bool they_may) noexcept;
[[nodiscard]] history effective(history h) noexcept;

}  // namespace skein::telemetry
