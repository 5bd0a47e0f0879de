// Bytes in JSON: base64 with padding (RFC 4648, section 4).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace skein::json {

void append_base64(std::string& out, std::string_view bytes);
// Nothing if the text is not base64.
[[nodiscard]] std::optional<std::string> from_base64(std::string_view text);

}  // namespace skein::json
