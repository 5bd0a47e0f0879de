// NDJSON: one event a line. Sans I/O, like http::sse_decoder.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace skein::providers {

class line_decoder {
 public:
  explicit line_decoder(std::size_t max_line = std::size_t{16} << 20U) : max_line_(max_line) {}

  // `bytes` is borrowed until the lines that are whole with it have been taken with next().
  void feed(std::string_view bytes) noexcept { fed_ = bytes; }
  // The next whole line without its end, blank ones left out; valid until the next call. Nothing:
  // feed more, or the limit was passed.
  [[nodiscard]] std::optional<std::string_view> next();
  // What came after the last line's end, if anything.
  [[nodiscard]] std::optional<std::string_view> finish();
  [[nodiscard]] bool too_long() const noexcept { return too_long_; }

 private:
  std::size_t max_line_;
  std::string_view fed_;
  std::string held_;    // the begin of a line
  bool given_ = false;  // `held_` was given out, and goes
  bool too_long_ = false;
};

}  // namespace skein::providers
