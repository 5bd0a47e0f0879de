#pragma once

#include <cstdlib>

namespace skein::fuzz {

inline void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace skein::fuzz
