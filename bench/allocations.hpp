// Counts what the program takes from operator new.
#pragma once

#include <cstddef>

namespace bench {

// Blocks as large as this hold the text of an answer, which grows by doubling: "the text itself".
inline constexpr std::size_t text_block = 1024;

std::size_t small_blocks() noexcept;
std::size_t text_blocks() noexcept;

}  // namespace bench
