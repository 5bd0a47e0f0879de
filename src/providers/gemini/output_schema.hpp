// The words of JSON Schema that Gemini knows in a schema of an answer; it ignores others
// (GenerationConfig, responseJsonSchema).
#pragma once

#include <string>
#include <vector>

#include <skein/json/value.hpp>

namespace skein::gemini::detail {

// JSON paths of what it ignores, such as $.properties.age.multipleOf.
[[nodiscard]] std::vector<std::string> ignored_in(const json::value& schema);

}  // namespace skein::gemini::detail
