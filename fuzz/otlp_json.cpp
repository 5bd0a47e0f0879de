// OTLP in JSON, every signal: whatever the text, an answer, and what otlp.hpp says.
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

#include "otlp.hpp"
#include "trace/log_count.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace skein;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  std::vector<telemetry::span_record> spans;
  std::vector<trace::metric_point> points;
  if (auto read = telemetry::read_otlp_json(text)) spans = std::move(read->spans);
  if (auto read = trace::read_metrics_json(text)) points = std::move(read->points);
  (void)trace::count_log_records_json(text);
  fuzz::check(std::move(spans), points);
  return 0;
}
