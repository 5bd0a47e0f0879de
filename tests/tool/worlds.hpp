// Running one thing on every kind of runtime, and what several tests ask of a tool.
#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <gtest/gtest.h>

#include <skein/async/asio_runtime.hpp>
#include <skein/async/run.hpp>
#include <skein/async/simulated_runtime.hpp>
#include <skein/tool/tool.hpp>

namespace skein::test {

// Calls `body(runtime)` once for each.
template <std::invocable<runtime&> Body>
void on_every_runtime(Body body) {
  for (unsigned threads : {1U, 3U}) {
    SCOPED_TRACE("asio_runtime with threads: " + std::to_string(threads));
    asio_runtime rt(threads);
    body(rt);
  }
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    SCOPED_TRACE("simulated_runtime with seed " + std::to_string(seed));
    simulated_runtime rt(seed);
    body(rt);
  }
}

struct transcript {
  std::vector<std::string> progress;
  tool_result result;
  int results = 0;
};

inline task<transcript> record(stream<tool_event> events) {
  transcript all;
  while (auto* event = co_await events.next()) {
    EXPECT_EQ(all.results, 0) << "an event after the result";
    if (auto* progress = std::get_if<tool_progress>(event)) {
      all.progress.push_back(std::move(progress->text));
    } else {
      all.result = std::get<tool_result>(*event);
      ++all.results;
    }
  }
  EXPECT_EQ(all.results, 1);
  co_return all;
}

inline transcript run_on(runtime& rt, const tool& one, std::string_view arguments,
                         tool_context ctx = {}) {
  auto bound = one.bind(arguments);
  if (!bound) {
    ADD_FAILURE() << bound.error().message;
    return {};
  }
  return sync_wait(rt, record(std::move(*bound).run(std::move(ctx))));
}

inline tool_result call(const tool& one, std::string_view arguments = {}) {
  simulated_runtime rt(1);
  return sync_wait(rt, one.call(std::string(arguments)));
}

// The text for the model, and no failure.
inline std::string content_of(const tool& one, std::string_view arguments = {}) {
  tool_result result = call(one, arguments);
  EXPECT_FALSE(result.failure.has_value()) << result.failure->message;
  return result.content;
}

}  // namespace skein::test
