// What the parts cost, one by one. "cpu" is the time of all threads, so that the thread which
// exports spans counts; `allocations` are counted by an operator new of our own.
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <benchmark/benchmark.h>
#include <opentelemetry/sdk/trace/batch_span_processor.h>
#include <opentelemetry/sdk/trace/batch_span_processor_options.h>
#include <opentelemetry/sdk/trace/tracer_provider.h>

#include <skein/http/sse.hpp>
#include <skein/skein.hpp>
#include <skein/testing/scripted_transport.hpp>

#include "allocations.hpp"
#include "process.hpp"
#include "providers/openai/chat_completions.hpp"
#include "traced.hpp"

namespace {

using benchmark::Counter;
using benchmark::State;
using skein::stream;
using skein::task;

using bench::small_blocks;
using bench::text_blocks;

// ---- Coroutines

task<int> child() { co_return 1; }

void co_await_task(State& state) {
  skein::sync_wait([](State& s) -> task<> {
    for (auto _ : s) benchmark::DoNotOptimize(co_await child());
  }(state));
}
BENCHMARK(co_await_task);

stream<int> numbers() {
  for (int i = 0;; ++i) co_yield i;
}
stream<int> through(stream<int> inner) {
  while (auto* n = co_await inner.next()) co_yield *n;
}

void stream_pull(State& state) {
  skein::sync_wait([](State& s) -> task<> {
    auto source = numbers();
    for (auto _ : s) benchmark::DoNotOptimize(co_await source.next());
  }(state));
}
BENCHMARK(stream_pull);

void stream_pull_through_three(State& state) {
  skein::sync_wait([](State& s) -> task<> {
    auto source = through(through(numbers()));
    for (auto _ : s) benchmark::DoNotOptimize(co_await source.next());
  }(state));
}
BENCHMARK(stream_pull_through_three);

// Ready at once: through the runtime's queue and back.
class pass final : public skein::detail::wait {
 public:
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> h) {
    arm(h);
    owner()->fire(ticket());
  }
  void await_resume() noexcept { resumed(); }
};

void suspend_and_resume(State& state) {
  skein::sync_wait([](State& s) -> task<> {
    for (auto _ : s) co_await pass();
  }(state));
}
BENCHMARK(suspend_and_resume);

void reschedule(State& state) {
  skein::sync_wait([](State& s) -> task<> {
    for (auto _ : s) co_await skein::reschedule();
  }(state));
}
BENCHMARK(reschedule);

// With range(0) other timers pending.
void timer_set_and_stopped(State& state) {
  skein::sync_wait([](State& s) -> task<> {
    auto& rt = *skein::runtime::current();
    boost::intrusive_ptr<skein::cancel_state> target(new skein::cancel_state);
    const auto far = rt.now() + std::chrono::hours(1);
    std::vector<skein::runtime::timer_id> others;
    for (std::int64_t i = 0; i < s.range(0); ++i) {
      others.push_back(rt.start_timer(far + std::chrono::milliseconds(i), target, 0));
    }
    for (auto _ : s) rt.stop_timer(rt.start_timer(far, target, 0));
    for (auto id : others) rt.stop_timer(id);
    co_return;
  }(state));
}
BENCHMARK(timer_set_and_stopped)->Arg(0)->Arg(10'000);

void current_context(State& state) {
  skein::sync_wait([](State& s) -> task<> {
    for (auto _ : s) benchmark::DoNotOptimize(skein::current_context());
    co_return;
  }(state));
}
BENCHMARK(current_context);

// ---- Decoding

std::string delta_json() {
  return R"({"id":"chatcmpl-1","object":"chat.completion.chunk","created":1700000000,)"
         R"("model":"b-1000-0","system_fingerprint":"fp_x","choices":[{"index":0,)"
         R"("delta":{"content":" token"},"logprobs":null,"finish_reason":null}]})";
}

void sse_event(State& state) {
  std::string chunk;
  for (int i = 0; i < 16; ++i) chunk += "data: " + delta_json() + "\n\n";
  skein::http::sse_decoder decoder;
  std::size_t events = 0;
  for (auto _ : state) {
    decoder.feed(chunk);
    while (auto event = decoder.next()) {
      benchmark::DoNotOptimize(event->data.data());
      ++events;
    }
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(events * (delta_json().size() + 8)));
  state.counters["per_event"] =
      Counter(static_cast<double>(events), Counter::kIsRate | Counter::kInvert);
}
BENCHMARK(sse_event);

void openai_event(State& state) {
  skein::openai::detail::stream_decoder decoder;
  std::vector<skein::chat_update> updates;
  const auto data = delta_json();
  std::size_t blocks = 0;
  std::size_t events = 0;
  for (auto _ : state) {
    if (events == 16) blocks = small_blocks();
    updates.clear();
    benchmark::DoNotOptimize(decoder.event({}, data, updates));
    ++events;
  }
  if (events > 16) {
    state.counters["allocations"] =
        static_cast<double>(small_blocks() - blocks) / static_cast<double>(events - 16);
  }
}
BENCHMARK(openai_event);

// ---- Runs

constexpr std::size_t deltas = 1000;

struct scripted_text {
  skein::scripted::client model{[](const skein::chat_request&, const skein::chat_options&) {
    skein::scripted::turn t;
    t.text(std::vector<std::string>(deltas, " token")).usage(10, 1000);
    return t;
  }};
};

// The same bytes as from a server, without sockets: decoder, provider, chat, agent.
struct openai_text {
  skein::testing::scripted_transport transport{
      skein::testing::benchmark_script(), {.piece = 3500, .latency = std::chrono::milliseconds(0)}};
  skein::openai::client model{{.model = "b-1000-0",
                               .api_key = "k",
                               .base_url = "http://bench.test/v1",
                               .transport = &transport}};
};

// range(0): with telemetry. Deltas 100 to 900 of each run are the steady state.
template <class Model>
void agent_delta(State& state) {
  std::optional<skein::telemetry::pipeline> tracing;
  if (state.range(0) != 0) tracing.emplace(bench::trace_to_nowhere());
  Model m;
  skein::agent agent{m.model, {.name = "a", .instructions = "x"}};
  std::size_t small = 0;
  std::size_t text = 0;
  double cpu = 0;
  std::size_t runs = 0;
  skein::sync_wait([&](State& s) -> task<> {
    for (auto _ : s) {
      auto answer = agent.stream("hi");
      std::size_t seen = 0;
      while (auto* update = co_await answer.next()) {
        if (update->text().empty()) continue;
        ++seen;
        if (seen == 100) {
          small -= small_blocks();
          text -= text_blocks();
          cpu -= bench::cpu_ms();
        } else if (seen == 900) {
          cpu += bench::cpu_ms();
          small += small_blocks();
          text += text_blocks();
        }
      }
      ++runs;
    }
  }(state));
  const auto steady = static_cast<double>(runs * 800);
  state.counters["ns_per_delta"] = cpu * 1e6 / steady;
  state.counters["allocations_per_delta"] = static_cast<double>(small) / steady;
  state.counters["text_blocks_per_run"] = static_cast<double>(text) / static_cast<double>(runs);
}
BENCHMARK(agent_delta<scripted_text>)
    ->ArgName("traced")
    ->Arg(0)
    ->Arg(1)
    ->MeasureProcessCPUTime()
    ->Unit(benchmark::kMicrosecond);
BENCHMARK(agent_delta<openai_text>)
    ->ArgName("traced")
    ->Arg(0)
    ->Arg(1)
    ->MeasureProcessCPUTime()
    ->Unit(benchmark::kMicrosecond);

struct city_query {
  std::string city;
};

struct scripted_tool {
  skein::scripted::client model{[](const skein::chat_request& r, const skein::chat_options&) {
    skein::scripted::turn t;
    if (r.messages.back().role == skein::role::tool) {
      t.text({"done"}).usage(10, 5);
    } else {
      t.call("get_weather", R"({"city":"Paris"})").usage(10, 5);
    }
    return t;
  }};
  skein::agent agent{model,
                     {.name = "a",
                      .instructions = "x",
                      .tools = {skein::tool("get_weather", "Weather of a city",
                                            [](city_query q) { return q.city + " 21C"; })}}};
};

void agent_tool_run(State& state) {
  std::optional<skein::telemetry::pipeline> tracing;
  if (state.range(0) != 0) tracing.emplace(bench::trace_to_nowhere());
  scripted_tool m;
  std::size_t blocks = 0;
  std::size_t runs = 0;
  skein::sync_wait([&](State& s) -> task<> {
    for (auto _ : s) {
      if (++runs == 1) blocks = small_blocks();
      benchmark::DoNotOptimize(co_await m.agent.run("hi"));
    }
  }(state));
  state.counters["allocations_per_run"] =
      static_cast<double>(small_blocks() - blocks) / static_cast<double>(runs);
}
BENCHMARK(agent_tool_run)
    ->ArgName("traced")
    ->Arg(0)
    ->Arg(1)
    ->MeasureProcessCPUTime()
    ->Unit(benchmark::kMicrosecond);

// A run with a tool has four spans: invoke_agent, two chats, execute_tool. Blocks of runs with and
// without telemetry take turns, so that a noisy machine spoils both alike.
void span(State& state) {
  scripted_tool m;
  constexpr int block = 200;
  auto runs = [&] {
    const double cpu = bench::cpu_ms();
    skein::sync_wait([&]() -> task<> {
      for (int i = 0; i < block; ++i) benchmark::DoNotOptimize(co_await m.agent.run("hi"));
    }());
    return bench::cpu_ms() - cpu;
  };
  double off = 0;
  double on = 0;
  std::size_t blocks = 0;
  runs();
  for (auto _ : state) {
    off += runs();
    auto tracing = bench::trace_to_nowhere();
    const double cpu = bench::cpu_ms();
    runs();
    tracing.flush();
    on += bench::cpu_ms() - cpu;
    ++blocks;
  }
  state.counters["us_per_span"] = (on - off) * 1e3 / static_cast<double>(blocks * block * 4);
}
BENCHMARK(span)->MeasureProcessCPUTime()->Unit(benchmark::kMillisecond);

// What OpenTelemetry takes by itself, for as many spans and attributes as a block above and with a
// batch processor of its own: none of this is ours.
void span_of_opentelemetry(State& state) {
  namespace trace = opentelemetry::trace;
  namespace sdk = opentelemetry::sdk::trace;
  constexpr int block = 800;
  double on = 0;
  std::size_t blocks = 0;
  for (auto _ : state) {
    sdk::TracerProvider provider(std::make_unique<sdk::BatchSpanProcessor>(
        std::make_unique<bench::null_exporter>(), sdk::BatchSpanProcessorOptions{}));
    auto tracer = provider.GetTracer("bench");
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
      s->End();
    }
    provider.ForceFlush();
    on += bench::cpu_ms() - cpu;
    ++blocks;
  }
  state.counters["us_per_span"] = on * 1e3 / static_cast<double>(blocks * block);
}
BENCHMARK(span_of_opentelemetry)->MeasureProcessCPUTime()->Unit(benchmark::kMillisecond);

}  // namespace
