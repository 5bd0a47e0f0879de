// One collector over HTTP: a body goes out, again if that may help, until a deadline.
#pragma once

#include <atomic>
#include <chrono>
#include <optional>
#include <string>

#include <curl/curl.h>

#include <skein/telemetry/setup.hpp>

#include "otlp/answers.hpp"

namespace skein::otlp {

// Blocks its caller; one call at a time. By the OTLP specification
// (opentelemetry.io/docs/specs/otlp, OTLP/HTTP): 429, 502, 503 and 504, and connections that fail,
// are tried again, with a delay that grows and is never the same, or as long as Retry-After says;
// every other answer is final.
class http_sender {
 public:
  using clock = std::chrono::steady_clock;
  struct answer {
    enum class kind {
      accepted,
      refused,  // and would be again
      busy,     // may be accepted another time
      nobody    // no answer, or not in time
    } outcome = kind::nobody;
    long status = 0;  // 0 without an answer
    std::string body = {};
    std::string why = {};  // if it was not accepted
    std::optional<std::chrono::milliseconds> retry_after = {};
    bool timed_out = false;
    // Others than what was sent might have been accepted.
    [[nodiscard]] bool for_its_content() const noexcept {
      return outcome == kind::refused && (status == 400 || status == 413 || status == 422);
    }
  };

  explicit http_sender(telemetry::otlp_config config);
  http_sender(const http_sender&) = delete;
  http_sender& operator=(const http_sender&) = delete;
  ~http_sender();

  [[nodiscard]] wire_format format() const noexcept { return format_; }
  // Until it is accepted or refused, or the time is up.
  [[nodiscard]] answer send(const std::string& body, clock::time_point deadline);
  [[nodiscard]] answer try_once(const std::string& body, clock::time_point deadline);
  // From any thread.
  void end_by(clock::time_point deadline) noexcept;

 private:
  [[nodiscard]] clock::time_point limit(clock::time_point deadline) const noexcept;
  // False when the time was up first.
  bool pause(clock::time_point until, clock::time_point deadline);
  [[nodiscard]] answer post(const std::string& body, clock::time_point deadline);

  telemetry::otlp_config config_;
  wire_format format_;
  std::atomic<clock::time_point> end_by_{clock::time_point::max()};
  CURLM* multi_ = nullptr;
  CURL* easy_ = nullptr;
  curl_slist* headers_ = nullptr;
};

}  // namespace skein::otlp
