// Where two runs part.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <skein/telemetry/span_record.hpp>

namespace skein::trace {

struct difference {
  std::string where =
      {};                 // names from the root down, such as `invoke_agent demo > chat gpt-5-mini`
  std::string what = {};  // `structure`, `name`, `outcome`, `tokens`, `attribute`, ...
  std::string a = {};     // what is there; of content only whether it is there
  std::string b = {};
};

struct diff_result {
  std::size_t spans_a = 0;
  std::size_t spans_b = 0;
  std::optional<difference> first = {};  // nothing: the same, but for times and identifiers
  std::size_t more = 0;                  // others after it, which mostly follow from it
};

// Compares the trees span by span, parents before children and children in the order of their
// starts: their number and names, kinds, outcomes, errors, tokens, then the gen_ai.* attributes
// other than identifiers and times. Spans that only one of them has count once for their whole
// subtree.
[[nodiscard]] diff_result diff(std::span<const telemetry::span_record> a,
                               std::span<const telemetry::span_record> b);

}  // namespace skein::trace
