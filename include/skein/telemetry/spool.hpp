// What has ended waits on disk, not in memory, until a collector has it.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include <opentelemetry/sdk/logs/recordable.h>
#include <opentelemetry/sdk/trace/recordable.h>
#include <opentelemetry/trace/span_context.h>

#include <skein/telemetry/sent.hpp>

namespace skein::telemetry {

// Where, and how much. A process that is killed at any moment, with SIGKILL too, loses no span
// whose end() has returned; the next one with the same file sends what is left. It is not made for
// power failures: nothing waits for the disk. Any number of processes may name the same file: each
// takes it or, as long as somebody has it, one beside it (FILE~1, FILE~2, ...), and sends what
// processes that are gone have left in any of them.
//
// A kill between a collector's answer and the note of it sends those spans a second time, with the
// same identifiers and the same bytes: nobody can tell the two sides of that moment apart. `skein
// trace collect` ignores a span that it has. Log records have no identifiers and come twice there.
struct spool_options {
  std::string file = {};  // made for its owner alone to read
  // Beyond either the oldest go, counted (sent.hpp). The files may be some 8 MB larger.
  std::uint64_t max_bytes = std::uint64_t{256} << 20U;
  std::chrono::seconds max_age = std::chrono::days(7);
};

// What came of one attempt to send some.
struct spool_progress {
  sent_counts counts = {};
  enum class then : std::uint8_t {
    go_on,
    later,  // the collector asks for patience
    nobody  // there is no collector, or it refuses everybody
  } next = then::go_on;
  std::optional<std::chrono::milliseconds> retry_after = {};
};

// What setup() puts between a signal and a collector if there is a spool. skein::otlp makes them.
template <class Recordable>
class spool {
 public:
  using clock = std::chrono::steady_clock;
  spool() = default;
  spool(const spool&) = delete;
  spool& operator=(const spool&) = delete;
  virtual ~spool() = default;

  [[nodiscard]] virtual std::unique_ptr<Recordable> make_record() noexcept = 0;
  // A span that this spool made a recordable for has started.
  virtual void started(Recordable& /*span*/,
                       const opentelemetry::trace::SpanContext& /*parent*/) noexcept {}
  // `spooled` is 1 if it is on disk when this returns. `losses` tells of it otherwise, and of older
  // ones that went for its sake. Any thread.
  [[nodiscard]] virtual sent_counts keep(const Recordable& record) noexcept = 0;
  // How many are on disk. Any thread.
  [[nodiscard]] virtual std::size_t waiting() const noexcept = 0;
  // Sends the oldest, at most `most`, and forgets those that were accepted or refused for good. One
  // attempt, which ends by `deadline`. One thread at a time.
  [[nodiscard]] virtual spool_progress deliver(std::size_t most,
                                               clock::time_point deadline) noexcept = 0;
  // From any thread: what is being delivered, and what will be, ends by this time at the latest.
  virtual void end_by(clock::time_point deadline) noexcept = 0;
};
using span_spool = spool<opentelemetry::sdk::trace::Recordable>;
using log_spool = spool<opentelemetry::sdk::logs::Recordable>;

}  // namespace skein::telemetry
