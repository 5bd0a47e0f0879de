// What a span costs from its start to a collector, with and without a spool. "cpu" is the time of
// all threads, without the collector's.
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>

#include <benchmark/benchmark.h>
#include <opentelemetry/trace/provider.h>

#include <skein/otlp/exporter.hpp>
#include <skein/telemetry/setup.hpp>

#include "process.hpp"
#include "sink.hpp"

namespace {

using benchmark::State;

// The spans of span_of_opentelemetry, in micro.cpp, over HTTP to a collector in another process;
// with a spool on disk if range(0) says so. `us_at_the_end` is what the thread that makes them
// waits for end().
void span_over_otlp(State& state) {
  namespace trace = opentelemetry::trace;
  const bool spooled = state.range(0) != 0;
  constexpr int block = 8000;
  bench::sink sink;
  const auto folder = std::filesystem::temp_directory_path() / "skein-bench-spool";
  double on = 0;
  double ending = 0;
  std::size_t blocks = 0;
  for (auto _ : state) {
    skein::telemetry::setup_options options{
        .service_name = "bench",
        .exporters = {skein::telemetry::otlp_collector{.endpoint = sink.url()}},
        .metrics = skein::telemetry::nowhere{},
        .logs = skein::telemetry::nowhere{},
        .otlp = skein::otlp::make_exporter,
        .batch = skein::telemetry::batch_options{.max_queue_size = 2 * block}};
    if (spooled) options.spool = {.file = (folder / "spool.db").string()};
    auto pipeline = skein::telemetry::setup(std::move(options));
    auto tracer = trace::Provider::GetTracerProvider()->GetTracer("bench");
    const double cpu = bench::cpu_ms();
    for (int i = 0; i < block; ++i) {
      auto s = tracer->StartSpan("chat scripted-1", {{"gen_ai.operation.name", "chat"},
                                                     {"gen_ai.provider.name", "scripted"},
                                                     {"gen_ai.request.model", "scripted-1"},
                                                     {"gen_ai.request.stream", true}});
      s->SetAttribute("gen_ai.usage.input_tokens", std::int64_t{10});
      s->SetAttribute("gen_ai.usage.output_tokens", std::int64_t{5});
      const opentelemetry::nostd::string_view reasons[] = {"stop"};
      s->SetAttribute("gen_ai.response.finish_reasons",
                      opentelemetry::nostd::span<const opentelemetry::nostd::string_view>(reasons));
      const double before = bench::monotonic_ms();
      s->End();
      ending += bench::monotonic_ms() - before;
    }
    const auto sent = pipeline.flush();
    on += bench::cpu_ms() - cpu;
    if (sent.delivered != block) state.SkipWithError("not all were delivered");
    ++blocks;
  }
  std::filesystem::remove_all(folder);
  const auto spans = static_cast<double>(blocks * block);
  state.counters["us_per_span"] = on * 1e3 / spans;
  state.counters["us_at_the_end"] = ending * 1e3 / spans;
}
BENCHMARK(span_over_otlp)
    ->ArgName("spooled")
    ->Arg(0)
    ->Arg(1)
    ->MeasureProcessCPUTime()
    ->Unit(benchmark::kMillisecond);

}  // namespace
