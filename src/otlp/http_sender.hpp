// One collector over HTTP: a body goes out, again if that may help, until a deadline.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <string>

#include <curl/curl.h>

#include <skein/telemetry/setup.hpp>

namespace skein::otlp {

// Blocks its caller; one call at a time. By the OTLP specification
// (opentelemetry.io/docs/specs/otlp, OTLP/HTTP): 429, 502, 503 and 504, and connections that fail,
// are tried again, with a delay that grows and is never the same, or as long as Retry-After says;
// every other answer is final.
class http_sender {
 public:
  using clock = std::chrono::steady_clock;
  struct answer {
    enum class kind { accepted, refused, gave_up } outcome = kind::gave_up;
    long status = 0;  // of the last answer, 0 if there was none
    std::string body = {};
    std::string why = {};  // if it was not accepted
  };

  http_sender(telemetry::otlp_config config, std::string content_type);
  http_sender(const http_sender&) = delete;
  http_sender& operator=(const http_sender&) = delete;
  ~http_sender();

  [[nodiscard]] answer send(std::string body, clock::time_point deadline);
  // From any thread.
  void end_by(clock::time_point deadline) noexcept;

 private:
  struct attempt;
  [[nodiscard]] clock::time_point limit(clock::time_point deadline) const noexcept;
  // False when the time was up first.
  bool pause(clock::time_point until, clock::time_point deadline);
  [[nodiscard]] attempt post(const std::string& body, clock::time_point deadline);

  telemetry::otlp_config config_;
  std::atomic<clock::time_point> end_by_{clock::time_point::max()};
  CURLM* multi_ = nullptr;
  CURL* easy_ = nullptr;
  curl_slist* headers_ = nullptr;
};

}  // namespace skein::otlp
