// What a tool throws is a result: the model reads what it may, people read all of it.
#include <chrono>
#include <new>
#include <stdexcept>
#include <string>

#include <gtest/gtest.h>

#include <skein/async/time.hpp>
#include <skein/core/error.hpp>

#include "tool/worlds.hpp"

namespace skein::test {
namespace {

using std::chrono::milliseconds;

struct not_an_exception {};
struct out_of_paper : std::runtime_error {
  using runtime_error::runtime_error;
};

struct failing {
  void (*throws)();
  tool_failure expected;
};

const failing table[] = {
    {[] { throw std::runtime_error("password is hunter2"); },
     {"std::runtime_error", "password is hunter2", "Error: Function failed."}},
    {[] { throw out_of_paper("tray 2"); },
     {"skein::test::(anonymous namespace)::out_of_paper", "tray 2", "Error: Function failed."}},
    {[] { throw tool_error("No such city; try Oslo."); },
     {"tool_error", "No such city; try Oslo.", "Error: No such city; try Oslo."}},
    {[] { throw tool_error("a\xFF"); }, {"tool_error", "a\xFF", "Error: a\xEF\xBF\xBD"}},
    {[] { throw provider_error("busy", {.status = 529}); },
     {"529", "busy", "Error: Function failed."}},
    {[] { throw schema_error("$.x", "not a number"); },
     {"schema_error", "$.x: not a number", "Error: Function failed."}},
    {[] { throw 7; }, {"int", "threw int", "Error: Function failed."}},
    {[] { throw not_an_exception{}; },
     {"skein::test::(anonymous namespace)::not_an_exception",
      "threw skein::test::(anonymous namespace)::not_an_exception", "Error: Function failed."}},
};

void expect_failure(runtime& rt, const tool& one, const tool_failure& expected,
                    const std::vector<std::string>& progress = {}) {
  const transcript seen = run_on(rt, one, "");
  EXPECT_EQ(seen.result, failed_result(expected));
  EXPECT_EQ(seen.result.content, expected.for_model);
  EXPECT_EQ(seen.progress, progress);
}

TEST(failures, are_results_in_every_form) {
  on_every_runtime([](runtime& rt) {
    for (const auto& [throws, expected] : table) {
      SCOPED_TRACE(expected.kind);
      expect_failure(rt, tool("f", "", [throws] { throws(); }), expected);
      expect_failure(rt,
                     tool("f", "",
                          [throws]() -> task<int> {
                            throws();
                            co_return 1;
                          }),
                     expected);
      expect_failure(rt,
                     tool("f", "",
                          [throws]() -> task<std::string> {
                            co_await sleep_for(milliseconds(1));
                            throws();
                            co_return "";
                          }),
                     expected);
      expect_failure(rt,
                     tool("f", "",
                          [throws]() -> stream<std::string> {
                            co_yield "half";
                            throws();
                          }),
                     expected, {"half"});
    }
  });
}

TEST(failures, leave_the_tool_usable) {
  int calls = 0;
  const tool one("f", "", [&calls] {
    if (++calls == 1) throw std::runtime_error("once");
    return calls;
  });
  EXPECT_TRUE(call(one).failure.has_value());
  EXPECT_EQ(content_of(one), "2");
}

}  // namespace
}  // namespace skein::test
