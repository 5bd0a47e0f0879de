// OpenAI's strict schemas: a part of JSON Schema to which its models are held by their grammar
// (Structured outputs, Supported schemas).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <skein/chat/request.hpp>
#include <skein/json/value.hpp>
#include <skein/providers/openai_servers.hpp>

namespace skein::openai::detail {

// Whether the schema meets the rules and stays within their limits: an object, closed, all of whose
// members are required, and so for each in it, by the words that are named there.
[[nodiscard]] bool fits_strict(const json::value& schema);

// What is sent as `strict`; nothing: it is left out. Models that were tuned know fewer words.
[[nodiscard]] std::optional<bool> strict_of(const json_schema_format& format,
                                            std::string_view model, strict_schemas rule);

// As chat_client::not_enforced().
[[nodiscard]] std::vector<std::string> not_strict(const json::value& schema, strict_schemas rule);

}  // namespace skein::openai::detail
