// What a tool sees of its call: tool_context in every position, and the OpenTelemetry context of
// the call of run(), whoever pulls.
#include <chrono>
#include <cstdint>
#include <stop_token>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <skein/async/cancel.hpp>
#include <skein/async/result.hpp>
#include <skein/async/time.hpp>

#include "tool/marked.hpp"
#include "tool/worlds.hpp"

namespace skein::test {
namespace {

using std::chrono::milliseconds;

struct query {
  std::string city;
};

std::string said(const tool_context& ctx, const void* session) {
  return ctx.call_id() + " " + ctx.name() + (ctx.session() == session ? " with it" : " without");
}

TEST(tool_context, comes_first_or_last_or_not_at_all) {
  int place = 0;
  auto* s = reinterpret_cast<session*>(&place);  // opaque to this room
  const tool tools[] = {
      tool("f", "", [s](tool_context& ctx) { return said(ctx, s); }),
      tool("f", "", [s](const tool_context& ctx, query) { return said(ctx, s); }),
      tool("f", "", [s](query, tool_context& ctx) { return said(ctx, s); }),
      tool("f", "", [s](query, tool_context ctx) { return said(ctx, s); }),
      tool("f", "", params{{"city"}}, [s](std::string, tool_context& ctx) { return said(ctx, s); }),
      tool("f", "", params{{"city"}}, [s](tool_context& ctx, std::string) { return said(ctx, s); }),
      tool("f", "",
           [s](tool_context& ctx, query) -> task<std::string> {
             co_await sleep_for(milliseconds(1));
             co_return said(ctx, s);
           }),
      tool("f", "",
           [s](query, tool_context& ctx) -> stream<std::string> {
             co_yield said(ctx, nullptr);
             co_await sleep_for(milliseconds(1));
             co_yield said(ctx, s);
           }),
  };
  on_every_runtime([&](runtime& rt) {
    for (const tool& one : tools) {
      const bool takes_city = one.definition().parameters.at("properties").as_object().size() > 0;
      const char* arguments = takes_city ? R"({"city": "Oslo"})" : "";
      EXPECT_EQ(run_on(rt, one, arguments, tool_context("call_1", s)).result.content,
                "call_1 f with it");
    }
  });
}

TEST(tool_context, is_empty_when_nobody_fills_it) {
  EXPECT_EQ(content_of(tool("f", "", [](tool_context& ctx) { return said(ctx, nullptr); })),
            " f with it");
}

// A tool that ends although the run was stopped has a result all the same: what it did is done.
TEST(tool_context, tells_when_the_run_is_stopped) {
  simulated_runtime rt(1);
  std::vector<bool> seen;
  const tool one("f", "", [&](tool_context& ctx) -> task<> {
    const std::stop_token token = ctx.stop_token();
    seen.push_back(token.stop_requested());
    const auto rest = co_await as_result([](std::vector<bool>& s, std::stop_token t) -> task<> {
      co_await sleep_for(std::chrono::hours(1));
      s.push_back(t.stop_requested());
    }(seen, token));
    EXPECT_FALSE(rest.has_value());
    seen.push_back(token.stop_requested());
  });
  const auto result = sync_wait(rt, [](tool t) -> task<tool_result> {
    co_return co_await with_deadline(milliseconds(5), t.call(""));
  }(one));
  EXPECT_EQ(result, tool_result{});
  EXPECT_EQ(seen, (std::vector<bool>{false, true}));
}

TEST(context, is_that_of_the_call_of_run_in_every_form) {
  const tool tools[] = {
      tool("f", "", [] { return mark(); }),
      tool("f", "",
           []() -> task<std::int64_t> {
             co_await sleep_for(milliseconds(1));
             co_return mark();
           }),
      tool("f", "",
           []() -> stream<std::int64_t> {
             co_yield mark();
             co_await sleep_for(milliseconds(1));
             co_yield mark();
           }),
  };
  on_every_runtime([&](runtime& rt) {
    for (const tool& one : tools) {
      auto events = [&] {
        context_scope called_here(marked(7));
        return one.bind("").value().run(tool_context{});
      }();
      const auto content = [&] {
        context_scope pulled_here(marked(8));
        return sync_wait(rt, record(std::move(events))).result.content;
      }();
      EXPECT_EQ(content, "7");
    }
  });
}

}  // namespace
}  // namespace skein::test
