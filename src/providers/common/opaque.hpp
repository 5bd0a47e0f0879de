// What `opaque` of a part holds: {"<protocol>": <value>} as text, so that what one provider signed
// is never sent to another.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <skein/json/value.hpp>

namespace skein::providers {

// `protocol` is a word of letters and `_`, such as `anthropic`.
[[nodiscard]] std::string opaque_of(std::string_view protocol, json::value value);
// Nothing if it belongs to another, or holds no object.
[[nodiscard]] std::optional<json::object> opaque_for(std::string_view protocol,
                                                     std::string_view opaque);

}  // namespace skein::providers
