#include "screen.hpp"

#include <cstdio>
#include <format>
#include <variant>

#include <skein/json/text.hpp>

#include "platform/terminal.hpp"

namespace skein::cli {

namespace {
bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }
}  // namespace

std::string one_line(std::string_view text, std::size_t limit) {
  std::string line;
  bool space = false;
  for (char c : text) {
    if (c == ' ' || is_control(c)) {
      space = !line.empty();
      continue;
    }
    if (line.size() >= limit) {
      line += "...";
      break;
    }
    if (space) line += ' ';
    space = false;
    line += c;
  }
  return json::valid_utf8(line);
}

void print_error(std::string_view what) {
  auto line = std::format("error: {}\n", one_line(what, 2000));
  std::fflush(stdout);
  std::fwrite(line.data(), 1, line.size(), stderr);
}

screen::screen(shows what)
    : shown_(what == shows::everything),
      text_to_terminal_(platform::is_terminal(platform::standard_stream::output)),
      notes_to_terminal_(shown_ && platform::is_terminal(platform::standard_stream::error)) {}

void screen::text(std::string_view text) {
  if (!shown_ || text.empty()) return;
  std::string safe;
  if (text_to_terminal_) {
    for (char c : text) {
      if (!is_control(c) || c == '\n' || c == '\t') safe += c;
    }
    text = safe;
    if (text.empty()) return;
  }
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
  line_begun_ = text.back() != '\n';
}

void screen::note(std::string_view what) {
  if (!notes_to_terminal_) return;
  if (text_to_terminal_) end_line();
  auto line = std::format("\x1b[2m{}\x1b[0m\n", one_line(what, 100));
  std::fwrite(line.data(), 1, line.size(), stderr);
}

void screen::end_line() {
  if (line_begun_) text("\n");
}

void screen::show(const agent_update& update) {
  if (!shown_) return;
  if (auto* delta = std::get_if<text_delta>(&update)) {
    text(delta->text);
  } else if (auto* started = std::get_if<tool_started>(&update)) {
    end_line();  // what the model said before its calls
    note(std::format("tool {} {}", started->name, started->arguments));
  } else if (auto* progressed = std::get_if<tool_progressed>(&update)) {
    note(std::format("  {}", progressed->text));
  } else if (auto* finished = std::get_if<tool_finished>(&update)) {
    const auto& result = finished->result;
    note(std::format("tool {} {} {}", result.name,
                     result.outcome == tool_outcome::ok ? "gave" : "failed:", result.content));
  }
}

}  // namespace skein::cli
