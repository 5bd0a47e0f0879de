// What became of spans, log records and metrics that were to be sent, and why.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace skein::telemetry {

enum class loss : std::uint8_t {
  queue_full,     // more waited in memory than batch_options says
  spool_full,     // more waited on disk than spool_options says, or than the disk holds
  spool_failed,   // the disk could not be written or read
  too_old,        // waited on disk for longer than spool_options says
  refused,        // by the collector, for good
  no_answer,      // nobody listened, or answered in time
  too_late,       // the pipeline ended before its turn came
  export_failed,  // an exporter that tells no more
};
[[nodiscard]] std::string_view name_of(loss why) noexcept;  // such as "queue_full"

struct sent_counts {
  std::size_t delivered = 0;  // since the last flush; after a restart also those of before
  std::size_t spooled = 0;    // not yet delivered, and safe on disk
  std::size_t failed = 0;     // tried, or too late
  std::size_t dropped = 0;    // never tried: queue_full, spool_full, spool_failed, too_old

  // `failed` and `dropped` by reason. `first` is what was said of the first of them, if anything.
  struct lost {
    loss why = loss::queue_full;
    std::size_t count = 0;
    std::string first = {};
  };
  std::vector<lost> losses = {};

  // Nothing is lost: what is spooled is not.
  [[nodiscard]] bool ok() const noexcept { return failed == 0 && dropped == 0; }

  void lose(loss why, std::size_t count, std::string_view said = {}) noexcept;
  sent_counts& operator+=(const sent_counts& more) noexcept;
};

}  // namespace skein::telemetry
