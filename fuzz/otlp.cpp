// OTLP in Protobuf, every signal: whatever the bytes, an answer; what is read is well formed, and
// what otlp.hpp says.
#include "otlp.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

#include <skein/trace/otlp.hpp>
#include <skein/trace/summary.hpp>

#include "trace/log_count.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace skein;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  std::vector<telemetry::span_record> spans;
  std::vector<trace::metric_point> points;
  if (auto read = trace::read_protobuf(bytes)) spans = std::move(read->spans);
  for (const auto& s : spans) {
    fuzz::require(s.trace_id.size() == 32 && s.span_id.size() == 16);
    fuzz::require(s.start >= 0 && s.end >= 0);
  }
  if (auto read = trace::read_metrics_protobuf(bytes)) points = std::move(read->points);
  for (const auto& p : points) fuzz::require(p.count >= 0 && p.start >= 0 && p.time >= 0);
  (void)trace::count_log_records_protobuf(bytes);
  (void)trace::summarize(spans);
  fuzz::check(std::move(spans), points);
  return 0;
}
