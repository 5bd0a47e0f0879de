// Bodies that came compressed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

namespace skein::trace {

enum class gunzip_failure : std::uint8_t { damaged, too_large };

// At most `limit` bytes come out.
[[nodiscard]] std::expected<std::string, gunzip_failure> gunzip(std::string_view bytes,
                                                                std::size_t limit);

}  // namespace skein::trace
