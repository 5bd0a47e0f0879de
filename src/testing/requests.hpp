// What scripts look at in a request of the chat completions API. Anything malformed counts as
// absent.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include <skein/json/value.hpp>

namespace skein::testing {

[[nodiscard]] std::string_view model_in(const json::value& request);
[[nodiscard]] const json::array& messages_in(const json::value& request);
[[nodiscard]] std::string_view role_of(const json::value& message);
// A string, or the text parts of an array, joined.
[[nodiscard]] std::string text_of(const json::value& message);
[[nodiscard]] std::string last_user_text(const json::value& request);
[[nodiscard]] std::string system_text(const json::value& request);
[[nodiscard]] std::size_t assistant_messages(const json::value& request);
[[nodiscard]] std::size_t assistant_messages_since_user(const json::value& request);
[[nodiscard]] bool tool_result_since_user(const json::value& request);
[[nodiscard]] bool any_tool_offered(const json::value& request);
[[nodiscard]] bool tool_offered(const json::value& request, std::string_view name);

}  // namespace skein::testing
