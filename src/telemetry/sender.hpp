// What has a thread of its own and sends. Each step comes in two halves, so that several senders
// can work towards one deadline at the same time.
#pragma once

#include <chrono>

#include <skein/telemetry/setup.hpp>

namespace skein::telemetry {

class sender {
 public:
  using clock = std::chrono::steady_clock;
  struct report : sent_counts {
    bool in_time = true;
  };

  virtual void start_flush() = 0;
  // Waits for what was there at the last start_flush(), and takes the counts.
  virtual report finish_flush(clock::time_point deadline) = 0;
  virtual void start_close(clock::time_point deadline) = 0;
  virtual void finish_close() = 0;

  // OpenTelemetry says "for ever" with the greatest duration, which no clock can be advanced by.
  [[nodiscard]] static clock::time_point after(std::chrono::microseconds timeout) {
    constexpr auto for_ever = std::chrono::hours(24 * 365);
    return clock::now() + std::min<std::chrono::microseconds>(timeout, for_ever);
  }

 protected:
  sender() = default;
  sender(const sender&) = default;
  sender& operator=(const sender&) = default;
  ~sender() = default;
};

}  // namespace skein::telemetry
