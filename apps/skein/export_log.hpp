// OpenTelemetry's own log, kept for one readable line: why an export failed.
#pragma once

#include <memory>
#include <string>

namespace skein::cli {

// Takes the place of OpenTelemetry's log handler for its life. Warnings go to standard error;
// errors are kept.
class export_log {
 public:
  export_log();
  export_log(const export_log&) = delete;
  export_log& operator=(const export_log&) = delete;
  ~export_log();

  // The first error so far, in one line; empty if there was none. Any thread.
  [[nodiscard]] std::string first_error() const;

 private:
  class handler;
  struct state;
  std::unique_ptr<state> state_;
};

}  // namespace skein::cli
