// What the operating system knows about a terminal.
#pragma once

#include <optional>
#include <sys/ioctl.h>
#include <unistd.h>

namespace skein::platform {

enum class standard_stream : int {
  input = STDIN_FILENO,
  output = STDOUT_FILENO,
  error = STDERR_FILENO
};
inline bool is_terminal(standard_stream s) { return isatty(static_cast<int>(s)) == 1; }

// Of standard error; nothing if it is not a terminal.
inline std::optional<int> terminal_columns() {
  winsize size{};
  if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return std::nullopt;
  return size.ws_col;
}

}  // namespace skein::platform
