// Times as headers and bodies of providers write them. Nothing for what is none.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

namespace skein::providers {

// A number of `unit`s, rounded up; at most a year.
[[nodiscard]] std::optional<std::chrono::milliseconds> amount_of_time(
    std::string_view text, std::chrono::milliseconds unit);
// A duration as Go prints it: 1h2m3.5s, 20ms.
[[nodiscard]] std::optional<std::chrono::milliseconds> go_duration(std::string_view text);
// RFC 9110, section 5.6.7, in the only form that may be sent.
[[nodiscard]] std::optional<std::chrono::sys_seconds> http_date(std::string_view text);
// RFC 3339, section 5.6; fractions of a second are rounded up to milliseconds.
[[nodiscard]] std::optional<std::chrono::sys_time<std::chrono::milliseconds>> rfc3339_time(
    std::string_view text);

}  // namespace skein::providers
