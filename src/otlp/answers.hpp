// What a collector says in the body of its answer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <skein/telemetry/sent.hpp>

namespace skein::otlp {

enum class wire_format : std::uint8_t { protobuf, json };

struct partial_success {
  std::size_t rejected = 0;
  std::string message = {};
};
// Of an accepted request, of any signal. `rejected_name` is the field in JSON: rejectedSpans,
// rejectedLogRecords or rejectedDataPoints. What cannot be read is empty: the request was accepted,
// whatever else was to be said.
[[nodiscard]] partial_success read_partial_success(std::string_view body, wire_format format,
                                                   std::string_view rejected_name);

// The message of a google.rpc.Status, in one printable line of at most 200 bytes; empty if there is
// none.
[[nodiscard]] std::string status_message(std::string_view body, wire_format format);

// What an accepted request of `count` of them comes to, and a warning in the log about the rest.
[[nodiscard]] telemetry::sent_counts counts_of_accepted(std::string_view body, wire_format format,
                                                        const char* plural,
                                                        std::string_view rejected_name,
                                                        std::size_t count);

}  // namespace skein::otlp
