// The runtimes that tests of this room run on, in one table, and what must be true after each test.
#pragma once

#include <array>
#include <memory>
#include <ostream>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include <skein/async/asio_runtime.hpp>
#include <skein/async/run.hpp>
#include <skein/async/simulated_runtime.hpp>
#include <skein/async/time.hpp>
#include <skein/telemetry/install.hpp>

#include "async/spans.hpp"

namespace skein::test {

struct world {
  const char* name;
  std::unique_ptr<runtime> (*make)();
  friend std::ostream& operator<<(std::ostream& o, const world& w) { return o << w.name; }
};

inline constexpr std::array worlds{
    world{"asio_1", [] { return std::unique_ptr<runtime>(new asio_runtime(1)); }},
    world{"asio_4", [] { return std::unique_ptr<runtime>(new asio_runtime(4)); }},
    world{"simulated", [] { return std::unique_ptr<runtime>(new simulated_runtime(42)); }},
};

inline std::string world_name(const ::testing::TestParamInfo<world>& p) { return p.param.name; }

// Nothing may stay behind: no current span on this thread, no timer and nothing ready.
inline void expect_idle(simulated_runtime& rt) {
  EXPECT_EQ(rt.timers(), 0U);
  rt.run();
  EXPECT_EQ(rt.ready(), 0U);
}

class OnEveryRuntime : public ::testing::TestWithParam<world> {
 protected:
  void SetUp() override {
    telemetry::install();
    rt = GetParam().make();
  }
  void TearDown() override {
    EXPECT_EQ(current(), 0) << "something stayed current on this thread";
    if (auto* s = simulated()) expect_idle(*s);
  }
  // Null where real threads belong.
  simulated_runtime* simulated() { return dynamic_cast<simulated_runtime*>(rt.get()); }
  template <class T>
  T run(task<T> work) {
    return sync_wait(*rt, std::move(work));
  }
  std::unique_ptr<runtime> rt;
};

}  // namespace skein::test
