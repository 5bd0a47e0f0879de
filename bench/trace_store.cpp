// How fast the trace store takes spans and answers. Usage: bench_trace_store [SPANS] [FILE]
// Spans of agent runs, ten to a trace, come as OTLP Protobuf in batches of 512, as an exporter
// sends them; each batch is one transaction. Prints spans per second, of the clock on the wall and
// of the processor, and how long the list of the newest and of all traces takes.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <format>
#include <protozero/pbf_writer.hpp>
#include <string>
#include <vector>

#include <skein/trace/otlp.hpp>
#include <skein/trace/store.hpp>

namespace {

using protozero::pbf_writer;

constexpr std::size_t spans_of_a_trace = 10;
constexpr std::size_t spans_of_a_batch = 512;

std::string id(std::uint64_t n, std::size_t size) {
  std::string out(size, '\0');
  // Spread, as random identifiers are.
  for (std::size_t i = 0; i < size; ++i) {
    n = n * 6364136223846793005ULL + 1442695040888963407ULL;
    out[i] = static_cast<char>(n >> 56U);
  }
  return out;
}

void text(pbf_writer& span, const char* key, const std::string& value) {
  pbf_writer attribute(span, 9);
  attribute.add_string(1, key);
  pbf_writer any(attribute, 2);
  any.add_string(1, value);
}
void number(pbf_writer& span, const char* key, std::int64_t value) {
  pbf_writer attribute(span, 9);
  attribute.add_string(1, key);
  pbf_writer any(attribute, 2);
  any.add_int64(3, value);
}

// An agent, five model calls, four tools.
void write_span(pbf_writer& scope, std::uint64_t n) {
  auto trace = n / spans_of_a_trace;
  auto in_trace = n % spans_of_a_trace;
  auto start = 1'790'000'000'000'000'000ULL + n * 1'000'000ULL;
  pbf_writer span(scope, 2);
  span.add_bytes(1, id(trace + 1, 16));
  span.add_bytes(2, id(n + 1'000'000'007ULL, 8));
  if (in_trace != 0) span.add_bytes(4, id(trace * spans_of_a_trace + 1'000'000'007ULL, 8));
  span.add_fixed64(7, start);
  span.add_fixed64(8, start + 900'000);
  text(span, "gen_ai.conversation.id", std::format("conv_{}", trace));
  if (in_trace == 0) {
    span.add_string(5, "invoke_agent forecaster");
    span.add_enum(6, 1);
    text(span, "gen_ai.operation.name", "invoke_agent");
    text(span, "gen_ai.agent.name", "forecaster");
    number(span, "gen_ai.usage.input_tokens", 500);
    number(span, "gen_ai.usage.output_tokens", 130);
  } else if (in_trace % 2 == 1) {
    span.add_string(5, "chat gpt-5-mini");
    span.add_enum(6, 3);
    text(span, "gen_ai.operation.name", "chat");
    text(span, "gen_ai.provider.name", "openai");
    text(span, "gen_ai.request.model", "gpt-5-mini");
    text(span, "gen_ai.response.model", "gpt-5-mini-2026-01-01");
    text(span, "gen_ai.response.id", std::format("chatcmpl-{}", n));
    text(span, "server.address", "api.openai.com");
    number(span, "server.port", 443);
    number(span, "gen_ai.usage.input_tokens", 100);
    number(span, "gen_ai.usage.output_tokens", 26);
    pbf_writer attribute(span, 9);
    attribute.add_string(1, "gen_ai.response.time_to_first_chunk");
    pbf_writer any(attribute, 2);
    any.add_double(4, 0.21);
  } else {
    span.add_string(5, "execute_tool get_weather");
    span.add_enum(6, 1);
    text(span, "gen_ai.operation.name", "execute_tool");
    text(span, "gen_ai.tool.name", "get_weather");
    text(span, "gen_ai.tool.type", "function");
    text(span, "gen_ai.tool.call.id", std::format("call_{}", n));
  }
  span.add_fixed32(16, 0x101);
}

std::string batch(std::uint64_t first, std::size_t n) {
  std::string bytes;
  pbf_writer request(bytes);
  pbf_writer resource_spans(request, 1);
  {
    pbf_writer resource(resource_spans, 1);
    for (const char* key : {"service.name", "service.version", "host.name", "process.pid"}) {
      pbf_writer attribute(resource, 1);
      attribute.add_string(1, key);
      pbf_writer any(attribute, 2);
      any.add_string(1, "something of a value");
    }
  }
  pbf_writer scope_spans(resource_spans, 2);
  {
    pbf_writer scope(scope_spans, 1);
    scope.add_string(1, "skein");
  }
  for (std::size_t i = 0; i < n; ++i) write_span(scope_spans, first + i);
  return bytes;
}

struct stopwatch {
  std::chrono::steady_clock::time_point wall = std::chrono::steady_clock::now();
  std::clock_t processor = std::clock();
  [[nodiscard]] double wall_seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - wall).count();
  }
  [[nodiscard]] double processor_seconds() const {
    return static_cast<double>(std::clock() - processor) / CLOCKS_PER_SEC;
  }
};

void print(const std::string& line) {
  std::fputs(line.c_str(), stdout);
  std::fputc('\n', stdout);
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  namespace trace = skein::trace;
  const std::size_t spans = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 1'000'000;
  const std::string path =
      argc > 2 ? argv[2]
               : (std::filesystem::temp_directory_path() / "skein-bench-traces.db").string();
  std::filesystem::remove(path);
  double wall = 0;
  double processor = 0;
  double reading = 0;
  {
    trace::store store(path, {.keep = {.max_bytes = 0}});
    for (std::size_t done = 0; done < spans; done += spans_of_a_batch) {
      auto bytes = batch(done, std::min(spans_of_a_batch, spans - done));
      stopwatch watch;
      auto read = trace::read_protobuf(bytes);
      reading += watch.processor_seconds();
      store.insert(read->spans);
      wall += watch.wall_seconds();
      processor += watch.processor_seconds();
    }
    auto n = static_cast<double>(spans);
    print(
        std::format("ingest  {} spans: {:.0f} spans/s of the wall clock, {:.0f} of the processor "
                    "({:.1f} us a span, {:.1f} of them to read Protobuf)",
                    spans, n / wall, n / processor, processor / n * 1e6, reading / n * 1e6));
    print(
        std::format("size    {} MB, {} bytes a span", store.bytes() >> 20U, store.bytes() / spans));
  }
  for (std::size_t limit : {std::size_t{20}, std::size_t{0}}) {
    stopwatch watch;
    auto n = trace::store(path, {.mode = trace::access::read}).list({.limit = limit}).size();
    print(std::format(
        "ls      {} of {} traces: {:.1f} ms of the wall clock, {:.1f} of the processor", n,
        spans / spans_of_a_trace, watch.wall_seconds() * 1e3, watch.processor_seconds() * 1e3));
  }
  std::filesystem::remove(path);
  return 0;
}
