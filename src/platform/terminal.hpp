// What the operating system knows about a terminal.
#pragma once

#include <optional>
#include <sys/ioctl.h>
#include <unistd.h>

namespace skein::platform {

// Of standard error; nothing if it is not a terminal.
inline std::optional<int> terminal_columns() {
  winsize size{};
  if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return std::nullopt;
  return size.ws_col;
}

}  // namespace skein::platform
