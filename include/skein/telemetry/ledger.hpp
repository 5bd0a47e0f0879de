// Spans kept in memory, for tests.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include <opentelemetry/nostd/shared_ptr.h>
#include <opentelemetry/sdk/trace/processor.h>
#include <opentelemetry/trace/tracer_provider.h>

#include <skein/telemetry/span_record.hpp>

namespace skein::telemetry {

// Counts spans and keeps them. Copies share one ledger; any thread.
class span_ledger {
 public:
  span_ledger();

  // A processor that writes into this ledger and keeps what it needs of it alive.
  [[nodiscard]] std::unique_ptr<opentelemetry::sdk::trace::SpanProcessor> processor() const;

  [[nodiscard]] std::size_t started() const;
  [[nodiscard]] std::size_t ended() const;
  // In the order in which they ended.
  [[nodiscard]] std::vector<span_record> records() const;
  // Started and not ended, as they were at their start, in that order.
  [[nodiscard]] std::vector<span_record> open() const;
  // Names of spans that ended without being open: twice, or never started here.
  [[nodiscard]] std::vector<std::string> ended_twice() const;
  // Forgets everything. A span that is open now counts as ended twice when it ends.
  void clear();

 private:
  struct book;
  class bookkeeper;
  std::shared_ptr<book> book_;
};

// Makes every span of the program go to `ledger`, all of them sampled, until it dies; then the
// provider from before is back. Nest them only in stack order.
class scoped_provider {
 public:
  explicit scoped_provider(const span_ledger& ledger);
  scoped_provider(const scoped_provider&) = delete;
  scoped_provider& operator=(const scoped_provider&) = delete;
  ~scoped_provider();

 private:
  opentelemetry::nostd::shared_ptr<opentelemetry::trace::TracerProvider> previous_;
};

}  // namespace skein::telemetry
