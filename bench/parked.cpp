// bench_parked [N]: N (10,000) runs at once on one thread, each of them a turn with a tool call and
// then 20 deltas, traced. All of them are parked in the midst of their second answer before the
// first one goes on. Prints what that took of the processor and of memory, in one line of JSON.
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <malloc.h>
#include <string>
#include <vector>

#include <skein/agent/agent.hpp>
#include <skein/async/run.hpp>
#include <skein/async/when.hpp>
#include <skein/providers/scripted.hpp>

#include "process.hpp"
#include "traced.hpp"

namespace {

struct city_query {
  std::string city;
};

std::size_t heap_bytes() {
  const auto info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

struct measure {
  std::size_t heap = 0;
  double rss = 0;
  static measure now() { return {heap_bytes(), bench::rss_mb()}; }
};

class scene {
 public:
  explicit scene(std::size_t runs) : runs_(runs) {}

  skein::task<> play() {
    runs_now_ = 100;
    co_await all_of_them();
    runs_now_ = runs_;
    before_ = measure::now();
    const double cpu = bench::cpu_ms();
    const double start = bench::monotonic_ms();
    co_await all_of_them();
    const double used = bench::cpu_ms() - cpu;
    const auto runs = static_cast<double>(runs_);
    bench::json_line()
        .text("peer", "skein")
        .text("sc", "parked")
        .count("runs", runs_)
        .flag("ok", texts_ == runs_ * 20 * 6)
        .number("cpuMs", used)
        .number("cpuUsPerRun", used * 1e3 / runs)
        .number("wallMs", bench::monotonic_ms() - start)
        .number("heapBytesPerRun", static_cast<double>(parked_.heap - before_.heap) / runs)
        .number("rssBytesPerRun", (parked_.rss - before_.rss) * 1048576.0 / runs)
        .number("hwmMB", bench::peak_rss_mb())
        .print();
  }

 private:
  skein::task<> all_of_them() {
    here_ = 0;
    texts_ = 0;
    std::vector<skein::task<>> work;
    work.reserve(runs_now_);
    for (std::size_t i = 0; i < runs_now_; ++i) work.push_back(one());
    co_await skein::when_all(std::move(work));
  }

  skein::task<> one() {
    auto answer = agent_.stream("How is the weather?");
    while (auto* update = co_await answer.next()) texts_ += update->text().size();
  }

  skein::scripted::turn answer(const skein::chat_request& request) {
    skein::scripted::turn t;
    if (request.messages.back().role != skein::role::tool) {
      t.call("get_weather", R"({"city":"Paris"})").usage(10, 5);
      return t;
    }
    t.text(std::vector<std::string>(10, " token"));
    t.run([this] {
      if (++here_ == runs_now_) parked_ = measure::now();
    });
    t.delay(runs_now_ == runs_ ? std::chrono::seconds(3) : std::chrono::seconds(0));
    t.text(std::vector<std::string>(10, " token")).usage(10, 20);
    return t;
  }

  std::size_t runs_;
  std::size_t runs_now_ = 0;
  std::size_t here_ = 0;
  std::size_t texts_ = 0;
  measure before_;
  measure parked_;
  skein::scripted::client model_{
      [this](const skein::chat_request& r, const skein::chat_options&) { return answer(r); }};
  skein::agent agent_{model_,
                      {.name = "a",
                       .instructions = "x",
                       .tools = {skein::tool("get_weather", "Weather of a city",
                                             [](city_query q) { return q.city + " 21C"; })}}};
};

}  // namespace

int main(int count, char** arguments) {
  auto tracing = bench::trace_to_nowhere(65536);
  scene s(count > 1 ? std::strtoul(arguments[1], nullptr, 10) : 10'000);
  skein::sync_wait(s.play());
}
