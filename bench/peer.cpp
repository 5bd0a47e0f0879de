// skein_peer SCENARIO [--traced]: what the JavaScript peers' bench.mjs does, with an agent and the
// client of PROVIDER (openai), against the server at BASE. Prints one line of JSON with the same
// keys.
//
//   cold    a new process to the end of its first run with a tool
//   chunks  one stream of 1000 deltas after another
//   tool    runs of two requests with a tool between them
//   conc    200 streams at once, a delta each 20 ms
#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <memory>
#include <optional>
#include <spawn.h>
#include <string>
#include <string_view>
#include <sys/wait.h>
#include <vector>

#include <skein/providers/named.hpp>
#include <skein/skein.hpp>

#include "process.hpp"
#include "traced.hpp"

namespace {

constexpr const char* started_at = "SKEIN_BENCH_STARTED_MS";

struct city_query {
  std::string city;
};

struct counts {
  std::size_t chunks = 0;
  std::size_t chars = 0;
};

const char* provider() {
  const char* name = std::getenv("PROVIDER");
  return name != nullptr ? name : "openai";
}

std::size_t from_environment(const char* name, std::size_t otherwise) {
  const char* text = std::getenv(name);
  return text != nullptr ? std::strtoul(text, nullptr, 10) : otherwise;
}

enum class use { text, tool };

class peer {
 public:
  explicit peer(std::string label) : label_(std::move(label)) {}

  skein::task<> run(std::string scenario) {
    if (scenario == "cold") co_return co_await cold();
    if (scenario == "chunks") co_return co_await chunks();
    if (scenario == "tool") co_return co_await tool();
    if (scenario == "conc") co_return co_await conc();
    throw skein::usage_error("skein_peer: the scenarios are cold, chunks, tool and conc");
  }

 private:
  skein::task<counts> ask(std::string model, use with) {
    auto weather = [](city_query q) { return q.city + " 21C"; };
    std::vector<skein::tool> tools;
    if (with == use::tool) tools.emplace_back("get_weather", "w", weather);
    skein::agent agent{*model_, {.name = "a", .instructions = "x", .tools = std::move(tools)}};
    counts seen;
    auto answer = agent.stream("hi", {.chat = {.model = std::move(model)}});
    while (auto* update = co_await answer.next()) {
      const auto text = update->text();
      if (text.empty()) continue;
      ++seen.chunks;
      seen.chars += text.size();
    }
    co_return seen;
  }

  bench::json_line line(const char* scenario) const {
    bench::json_line out;
    out.text("peer", label_).text("sc", scenario);
    return out;
  }

  skein::task<> cold() {
    const auto seen = co_await ask("b-10-0-tool", use::tool);
    const char* since = std::getenv(started_at);
    const double start = since != nullptr ? std::strtod(since, nullptr) : bench::monotonic_ms();
    line("cold")
        .number("totalMs", bench::monotonic_ms() - start)
        .number("cpuMs", bench::cpu_ms())
        .number("rssMB", bench::rss_mb())
        .count("chunks", seen.chunks)
        .print();
  }

  skein::task<> chunks() {
    co_await ask("b-500-0", use::text);
    co_await ask("b-1000-0", use::text);
    const auto n = from_environment("N", 20);
    const double cpu = bench::cpu_ms();
    const double start = bench::monotonic_ms();
    counts sum;
    for (std::size_t i = 0; i < n; ++i) {
      const auto seen = co_await ask("b-1000-0", use::text);
      sum.chunks += seen.chunks;
      sum.chars += seen.chars;
    }
    const auto runs = static_cast<double>(n);
    line("chunks")
        .count("deltas", sum.chunks)
        .flag("okChars", sum.chars == n * 6000)
        .number("cpuMsPer1000", (bench::cpu_ms() - cpu) / runs)
        .number("wallMsPer1000", (bench::monotonic_ms() - start) / runs)
        .number("rssMB", bench::rss_mb())
        .print();
  }

  skein::task<> tool() {
    for (int i = 0; i < 20; ++i) co_await ask("b-10-0-tool", use::tool);
    const auto n = from_environment("N", 200);
    const double cpu = bench::cpu_ms();
    const double start = bench::monotonic_ms();
    std::size_t chars = 0;
    for (std::size_t i = 0; i < n; ++i) chars += (co_await ask("b-10-0-tool", use::tool)).chars;
    const auto runs = static_cast<double>(n);
    line("tool")
        .flag("ok", chars == n * 60)
        .number("cpuMsPerRun", (bench::cpu_ms() - cpu) / runs)
        .number("wallMsPerRun", (bench::monotonic_ms() - start) / runs)
        .number("rssMB", bench::rss_mb())
        .print();
  }

  skein::task<> conc() {
    co_await ask("b-10-0", use::text);
    const double base = bench::rss_mb();
    const auto streams = from_environment("S", 200);
    constexpr std::size_t deltas = 100;
    constexpr std::size_t interval = 20;
    double peak = 0;
    auto sampler = skein::spawn(*skein::runtime::current(), sample(peak));
    const double cpu = bench::cpu_ms();
    const double start = bench::monotonic_ms();
    std::vector<skein::task<counts>> work;
    for (std::size_t i = 0; i < streams; ++i) work.push_back(ask("b-100-20", use::text));
    const auto all = co_await skein::when_all(std::move(work));
    const double used = bench::cpu_ms() - cpu;
    line("conc")
        .count("streams", streams)
        .flag("okChars",
              std::ranges::all_of(all, [](const counts& c) { return c.chars == deltas * 6; }))
        .count("idealMs", (deltas + 4) * interval)
        .number("wallMs", bench::monotonic_ms() - start)
        .number("cpuMs", used)
        .number("cpuMsPer1000", used / (static_cast<double>(streams * deltas) / 1000.0))
        .number("baseRssMB", base)
        .number("peakRssMB", peak)
        .number("hwmMB", bench::peak_rss_mb())
        .print();
  }

  static skein::task<> sample(double& peak) {
    while (true) {
      co_await skein::sleep_for(std::chrono::milliseconds(50));
      peak = std::max(peak, bench::rss_mb());
    }
  }

  std::string label_;
  std::unique_ptr<skein::chat_client> model_ = skein::client_named(
      std::string(provider()) + ":b", {.api_key = "k", .base_url = std::getenv("BASE")});
};

// Runs itself again, so that the time includes what the system does before main.
int start_again(char** arguments) {
  setenv(started_at, std::to_string(bench::monotonic_ms()).c_str(), 1);
  pid_t child = 0;
  if (posix_spawn(&child, "/proc/self/exe", nullptr, nullptr, arguments, environ) != 0) return 1;
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

}  // namespace

int main(int count, char** arguments) {
  const std::string scenario = count > 1 ? arguments[1] : "";
  const bool traced = count > 2 && std::strcmp(arguments[2], "--traced") == 0;
  if (std::getenv("BASE") == nullptr) {
    std::fputs("usage: BASE=http://127.0.0.1:4100/v1 skein_peer cold|chunks|tool|conc [--traced]\n",
               stderr);
    return 2;
  }
  if (scenario == "cold" && std::getenv(started_at) == nullptr) return start_again(arguments);
  std::optional<skein::telemetry::pipeline> tracing;
  if (traced) tracing.emplace(bench::trace_to_nowhere());
  try {
    peer p(traced ? "skein+otel" : "skein");
    skein::sync_wait(p.run(scenario));
  } catch (const std::exception& e) {
    std::fprintf(stderr, "skein_peer: %s\n", e.what());
    return 1;
  }
}
