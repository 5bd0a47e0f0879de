// Messages as the GenAI conventions write them into attributes (section d of the conventions:
// parts).
#pragma once

#include <span>
#include <string>

#include <skein/chat/request.hpp>
#include <skein/chat/update.hpp>
#include <skein/core/secret.hpp>
#include <skein/telemetry/content.hpp>
#include <skein/telemetry/operation.hpp>

namespace skein::detail {

// gen_ai.input.messages / gen_ai.output.messages; invalid UTF-8 replaced.
[[nodiscard]] content<json::value> messages_content(std::span<const message> messages);
// gen_ai.system_instructions.
[[nodiscard]] content<json::value> instructions_content(std::string_view instructions);
// gen_ai.tool.definitions: type, name, description and parameters only.
[[nodiscard]] content<json::value> definitions_content(std::span<const tool_definition> tools);
// All of a request, as the policy has it; of the messages only what is not in the history yet,
// which then has it.
void set_request_content(telemetry::operation& span, const chat_request& request,
                         const telemetry::content_policy& policy);
// A JSON text as an object where it parses, else as the string it is.
[[nodiscard]] json::value arguments_value(std::string_view arguments);

}  // namespace skein::detail
