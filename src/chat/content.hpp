// Messages as the GenAI conventions write them into attributes (section d of the conventions:
// parts).
#pragma once

#include <span>
#include <string>

#include <skein/chat/request.hpp>
#include <skein/chat/update.hpp>

namespace skein::detail {

// gen_ai.input.messages / gen_ai.output.messages, as JSON text; non-ASCII as it is, invalid UTF-8
// replaced.
[[nodiscard]] std::string messages_attribute(std::span<const message> messages);
// gen_ai.system_instructions.
[[nodiscard]] std::string instructions_attribute(std::string_view instructions);
// gen_ai.tool.definitions: type, name, description and parameters only.
[[nodiscard]] std::string definitions_attribute(std::span<const tool_definition> tools);
// A JSON text as an object where it parses, else as the string it is.
[[nodiscard]] json::value arguments_value(std::string_view arguments);

}  // namespace skein::detail
