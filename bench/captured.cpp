// What captured content costs over the turns of one run: bytes of OTLP JSON, and CPU. Arguments:
// the numbers of turns (10 100 1000).
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include <skein/agent/agent.hpp>
#include <skein/async/run.hpp>
#include <skein/async/simulated_runtime.hpp>
#include <skein/providers/scripted.hpp>
#include <skein/telemetry/ledger.hpp>
#include <skein/telemetry/otlp_json.hpp>

#include "process.hpp"

namespace {

using namespace skein;

struct cost {
  std::size_t bytes = 0;
  double cpu_ms = 0;
};

cost of_a_run(std::size_t turns, const telemetry::content_policy& content) {
  telemetry::span_ledger ledger;
  telemetry::scoped_provider provider(ledger);
  std::size_t asked = 0;
  scripted::client model([&](const chat_request&, const chat_options&) {
    if (++asked > turns) return scripted::turn().text({"done"});
    return scripted::turn().call("look", R"({"at":"the next page of a long document"})",
                                 "call_" + std::to_string(asked));
  });
  model.content = content;
  agent reader(model, {.name = "reader",
                       .instructions = "Read it all.",
                       .tools = {tool("look", "Reads a page", params{{"at"}},
                                      [](std::string) { return std::string(200, 'x'); })},
                       .limits = {.round_trips = turns + 1},
                       .content = content});
  simulated_runtime rt(1);
  const auto begin = bench::cpu_ms();
  sync_wait(rt, reader.run("What does it say?"));
  const auto cpu = bench::cpu_ms() - begin;
  return {telemetry::to_otlp_json_line(ledger.records()).size(), cpu};
}

}  // namespace

int main(int argc, char** argv) {
  using telemetry::capture;
  using telemetry::history;
  std::vector<std::size_t> all;
  for (int i = 1; i < argc; ++i) all.push_back(std::strtoul(argv[i], nullptr, 10));
  if (all.empty()) all = {10, 100, 1000};

  const telemetry::content_policy by_reference(capture::spans, {});
  const telemetry::content_policy whole(capture::spans, {.history = history::whole});
  const telemetry::content_policy unbounded(
      capture::spans,
      {.max_attribute_bytes = 1U << 30U, .max_span_bytes = 1U << 30U, .history = history::whole});
  std::printf("%6s  %22s  %22s  %22s  %22s\n", "turns", "capture off", "by reference",
              "whole, within budget", "whole, no budget");
  std::printf("%6s", "");
  for (int i = 0; i < 4; ++i) std::printf("  %12s %9s", "bytes/turn", "CPU ms");
  std::printf("\n");
  for (auto turns : all) {
    std::printf("%6zu", turns);
    for (const auto& policy :
         {telemetry::content_policy(capture::off), by_reference, whole, unbounded}) {
      const auto c = of_a_run(turns, policy);
      std::printf("  %12.0f %9.1f", static_cast<double>(c.bytes) / static_cast<double>(turns),
                  c.cpu_ms);
    }
    std::printf("\n");
  }
}
