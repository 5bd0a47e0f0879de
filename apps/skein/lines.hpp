// Lines of standard input, without blocking the runtime.
#pragma once

#include <optional>
#include <string>

#include <skein/async/runtime.hpp>
#include <skein/async/task.hpp>

#include "platform/standard_input.hpp"

namespace skein::cli {

class line_reader {
 public:
  explicit line_reader(runtime& rt) : input_(rt.executor()) {}

  // The next line without its end, or nothing at the end of the input. A wait that was cancelled
  // loses nothing.
  [[nodiscard]] task<std::optional<std::string>> next();

 private:
  [[nodiscard]] task<> readable();
  platform::standard_input input_;
  std::string waiting_;
  bool ended_ = false;
};

}  // namespace skein::cli
