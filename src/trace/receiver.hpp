// What a receiver of OTLP/HTTP answers (opentelemetry.io/docs/specs/otlp, "OTLP/HTTP"), without
// sockets.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include <skein/telemetry/span_record.hpp>

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
  std::size_t rejected = 0;
  std::string failure = {};  // what went wrong here, if it was not the sender's fault
};

// Stores spans for good before it returns; what it throws makes the answer a 503.
using span_sink = std::function<void(std::span<const telemetry::span_record>)>;

[[nodiscard]] receiver_reply answer(const receiver_request& request, std::size_t body_limit,
                                    const span_sink& keep);
// For a request that was not even read. `content_type` as in the request, if it is known.
[[nodiscard]] receiver_reply refuse(int status, std::string_view message,
                                    std::string_view content_type = {});

}  // namespace skein::trace
