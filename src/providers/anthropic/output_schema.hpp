// The subset of JSON Schema that Anthropic's structured outputs take (Structured outputs, JSON
// Schema limitations).
#pragma once

#include <string>
#include <vector>

#include <skein/json/value.hpp>

namespace skein::anthropic::detail {

struct lowered_schema {
  json::value schema;
  // JSON paths of what the model is not held to, such as $.properties.age.minimum.
  std::vector<std::string> dropped = {};
};

// Objects are closed and oneOf becomes anyOf: what fits the result fits the original. What the
// subset cannot say moves into the description, where the model reads it, and is listed.
[[nodiscard]] lowered_schema lower_schema(const json::value& schema);

}  // namespace skein::anthropic::detail
