// Law 3: four interleaved runs, in thousands of orders, each see exactly what they see alone.
#include <cstdio>

#include <skein/async/when.hpp>

#include "laws/demo_world.hpp"

namespace skein::test {
namespace {

struct ending {
  const char* name;
  leaving how;
};

class Schedules : public ::testing::TestWithParam<speaker> {};
INSTANTIATE_TEST_SUITE_P(Protocols, Schedules, ::testing::ValuesIn(speakers),
                         ::testing::PrintToStringParamName());

TEST_P(Schedules, FourInterleavedRunsShareNothing) {
  telemetry::install();
  const std::uint64_t schedules = 2'000 / every;
  const ending endings[] = {{"ok", {}},
                            {"dropped", {.drop_at_event = 9}},
                            {"cancelled", {.cancel_at_event = 14}},
                            {"ok", {}}};
  seen alone[4];

  for (int i = 0; i < 4; ++i) {
    watch watched;
    demo_world w(GetParam(), 1, {.piece = 512});
    sync_wait(w.rt, w.consume(endings[i].how, alone[i]));
    ASSERT_EQ(w.violations(watched), "");
    ASSERT_EQ(alone[i].ended, endings[i].name);
  }
  std::size_t violated = 0;
  for (std::uint64_t seed = 0; seed < schedules && violated < 3; ++seed) {
    watch watched;
    demo_world w(GetParam(), seed, {.piece = 512});
    seen together[4];
    auto all = [&]() -> task<> {
      co_await when_all(
          w.consume(endings[0].how, together[0]), w.consume(endings[1].how, together[1]),
          w.consume(endings[2].how, together[2]), w.consume(endings[3].how, together[3]));
    };
    sync_wait(w.rt, all());
    auto found = w.violations(watched);
    for (int i = 0; i < 4; ++i) {
      if (together[i].text != alone[i].text && endings[i].name == std::string("ok"))
        found += "another text\n";
      if (together[i].ended != alone[i].ended) found += "ended " + together[i].ended + "\n";
      if (together[i].usage != alone[i].usage) found += "another usage\n";
    }
    if (found.empty()) continue;
    ++violated;
    ADD_FAILURE() << "seed " << seed << ":\n" << found;
  }
  std::printf("%s: schedules: %llu of 4 runs, %zu violations\n", GetParam().name,
              static_cast<unsigned long long>(schedules), violated);
}

}  // namespace
}  // namespace skein::test
