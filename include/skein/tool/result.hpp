// What comes of calling a tool. A tool's own failure is a value: the model may read of it and go
// on.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace skein {

// A value that a streaming tool yielded, as text.
struct tool_progress {
  std::string text;
  friend bool operator==(const tool_progress&, const tool_progress&) = default;
};

struct tool_failure {
  // Low cardinality, the value of `error.type`: `invalid_arguments`, what `error::type()` says
  // (`tool_error`, ...), `deadline` or `cancelled` for a limit that the tool set itself, else the
  // exception's C++ type. Never content.
  std::string kind;
  // All there is to say, for people. Content: may quote arguments and whatever the tool put in.
  std::string message;
  // What the model is told, one line that begins with "Error: ".
  std::string for_model;
  friend bool operator==(const tool_failure&, const tool_failure&) = default;
};

struct tool_result {
  std::string content = {};  // for the model, valid UTF-8; of a failure, its `for_model`
  std::optional<tool_failure> failure = {};
  friend bool operator==(const tool_result&, const tool_result&) = default;
};

[[nodiscard]] inline tool_result failed_result(tool_failure failure) {
  tool_result result{.content = failure.for_model};
  result.failure = std::move(failure);
  return result;
}

// Any number of tool_progress, then one tool_result, which is the last.
using tool_event = std::variant<tool_progress, tool_result>;

}  // namespace skein
