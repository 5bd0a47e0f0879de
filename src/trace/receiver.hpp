// What a receiver of OTLP/HTTP answers (opentelemetry.io/docs/specs/otlp, "OTLP/HTTP"), without
// sockets.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include <skein/telemetry/span_record.hpp>
#include <skein/trace/metrics.hpp>

namespace skein::trace {

struct receiver_request {
  std::string_view method = {};
  std::string_view target = {};
  std::string_view content_type = {};
  std::string_view content_encoding = {};
  std::string_view body = {};
};

struct receiver_reply {
  int status = 200;
  std::string content_type = {};
  std::string body = {};
  bool retry = false;  // the sender may try again: there is a Retry-After
  std::size_t spans = 0;
  std::size_t points = 0;       // of metrics
  std::size_t log_records = 0;  // dropped
  std::size_t rejected = 0;     // damaged spans and points
  std::string failure = {};     // what went wrong here, if it was not the sender's fault
};

// Store for good before they return; what they throw makes the answer a 503.
struct signal_sinks {
  std::function<void(std::span<const telemetry::span_record>)> spans;
  std::function<void(std::span<const metric_point>)> metrics;
};

[[nodiscard]] receiver_reply answer(const receiver_request& request, std::size_t body_limit,
                                    const signal_sinks& keep);
// For a request that was not even read. `content_type` as in the request, if it is known.
[[nodiscard]] receiver_reply refuse(int status, std::string_view message,
                                    std::string_view content_type = {});

}  // namespace skein::trace
