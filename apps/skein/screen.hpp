// Printing: what was asked for goes to standard output, everything else to standard error.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include <skein/agent/agent.hpp>

namespace skein::cli {

// White space and control characters become single spaces; clipped to `limit` bytes.
[[nodiscard]] std::string one_line(std::string_view text, std::size_t limit = 500);

// "error: ..." on standard error, in one line.
void print_error(std::string_view what);

// Shows a run as it arrives. On a terminal, control characters of a model's text are left out, and
// tools are told of on standard error; into a pipe goes the text alone.
class screen {
 public:
  enum class shows : unsigned char { everything, nothing };
  explicit screen(shows what = shows::everything);

  void show(const agent_update& update);
  void text(std::string_view text);
  // A remark on standard error, a line of its own, if that is a terminal.
  void note(std::string_view what);
  // Ends the line of standard output, if one is begun.
  void end_line();
  // Somebody else ended it: the one who typed, on the same terminal.
  void line_was_ended() noexcept { line_begun_ = false; }

 private:
  bool shown_;
  bool text_to_terminal_;
  bool notes_to_terminal_;
  bool line_begun_ = false;
};

}  // namespace skein::cli
