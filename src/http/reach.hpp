// Which addresses are those of the internet.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace skein::http::detail {

// The IP address in a socket address as the system has it, as text; empty if there is none.
[[nodiscard]] std::string address_in(std::span<const unsigned char> socket_address);

// False for what is no IP address.
[[nodiscard]] bool is_public(std::string_view address);

// Whether it is public or one of `besides`, which are compared as addresses.
[[nodiscard]] bool may_reach(std::string_view address, const std::vector<std::string>& besides);

}  // namespace skein::http::detail
