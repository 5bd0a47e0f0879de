// Every test of every program fails if it broke a law that Skein watches (law.hpp), unless it says
// that it does.
#pragma once

#include <cstdint>

namespace skein::test {

// This test breaks laws so many times more.
void expect_violations(std::uint64_t times);

}  // namespace skein::test
