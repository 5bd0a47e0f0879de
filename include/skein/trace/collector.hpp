// A receiver of OTLP over HTTP that writes into a store.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include <skein/trace/store.hpp>

namespace skein::trace {

struct collector_options {
  std::string address = "127.0.0.1";              // it asks for no key: keep it on this machine
  std::uint16_t port = 4318;                      // 0 takes a free one
  std::size_t max_body = std::size_t{16} << 20U;  // as sent and as unpacked
  std::size_t max_connections = 64;               // more are answered with 503
  std::chrono::milliseconds request_timeout{10000};
  std::chrono::milliseconds idle_timeout{60000};  // between the requests of a connection
};

struct collector_counters {
  std::uint64_t requests = 0;
  std::uint64_t spans = 0;        // received; those that were there already are counted
  std::uint64_t points = 0;       // of metrics, each time they are exported
  std::uint64_t log_records = 0;  // dropped
  std::uint64_t rejected = 0;     // damaged spans and points
  std::uint64_t refused = 0;      // requests answered with an error
  std::string last_failure = {};  // of the store
};

// Listens from its construction to its destruction, on a thread of its own. A request is answered
// with success when what it brought is in the store (store::insert). Spans and metrics as Protobuf
// and JSON, plain or gzip; log records are accepted, counted and dropped. Memory is bounded by the
// limits above. Throws transport_error if it cannot listen.
class collector {
 public:
  explicit collector(store into, collector_options options = {});
  // Finishes the request at hand.
  ~collector();
  collector(const collector&) = delete;
  collector& operator=(const collector&) = delete;

  [[nodiscard]] std::uint16_t port() const noexcept;
  [[nodiscard]] std::string url() const;  // such as http://127.0.0.1:4318
  [[nodiscard]] collector_counters counters() const;

 private:
  class machine;
  std::unique_ptr<machine> machine_;
};

}  // namespace skein::trace
