// An agent whose model is asked through a layer, run on the simulated clock.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include <skein/async/spawn.hpp>
#include <skein/telemetry/tree.hpp>

#include "agent/scenario.hpp"

namespace skein::test {

struct outcome_of_run {
  std::string text;
  std::vector<std::string> taken_back;
  std::string threw;
  double seconds = 0;
  std::size_t asked = 0;
  std::vector<span_record> spans;
  skein::ledger ledger;
  [[nodiscard]] std::vector<telemetry::span_event> events(std::string_view name) const {
    std::vector<telemetry::span_event> out;
    for (const auto& s : spans) {
      for (const auto& e : s.events) {
        if (e.name == name) {
          EXPECT_TRUE(s.name.starts_with("invoke_agent"));
          out.push_back(e);
        }
      }
    }
    return out;
  }
  [[nodiscard]] std::vector<std::string> chats() const {
    std::vector<std::string> out;
    for (const auto& s : spans) {
      if (s.name.starts_with("chat")) {
        const auto* e = s.attributes.if_contains("error.type");
        const auto* o = s.attributes.if_contains("skein.outcome");
        out.push_back(s.name + (e != nullptr ? " " + std::string(e->as_string()) : "") +
                      (o != nullptr ? " " + std::string(o->as_string()) : ""));
      }
    }
    return out;
  }
};

inline outcome_of_run run_through(chat_client& layer,
                                  const std::vector<scripted::client*>& models) {
  telemetry::span_ledger ledger;
  telemetry::scoped_provider provider(ledger);
  simulated_runtime rt(5);
  outcome_of_run out;
  agent a(layer, {.name = "bot"});
  const auto begin = rt.now();
  sync_wait(rt, [](agent& who, outcome_of_run& to) -> task<> {
    auto r = who.stream("hi");
    try {
      while (auto* u = co_await r.next()) {
        const auto* started = std::get_if<response_started>(u);
        if (started != nullptr && started->restarted) {
          to.taken_back.push_back(std::exchange(to.text, {}));
        }
        to.text += u->text();
      }
      EXPECT_EQ(to.text, r.response().text()) << "what a consumer shows is what was answered";
    } catch (const error& e) {
      to.threw = e.type();
    }
    to.ledger = r.response().ledger;
  }(a, out));
  out.seconds = std::chrono::duration<double>(rt.now() - begin).count();
  for (auto* m : models) {
    out.asked += m->requests().size();
    EXPECT_EQ(m->open_streams(), 0u);
  }
  out.spans = ledger.records();
  EXPECT_EQ(ledger.started(), ledger.ended());
  EXPECT_EQ(out.chats().size(), out.ledger.own().calls)
      << "each request is a span and a line in the ledger";
  for (const auto& p : telemetry::check_tree(ledger, {.tolerance = std::chrono::hours(1)})) {
    ADD_FAILURE() << telemetry::to_string(p);
  }
  return out;
}

// The same agent in a world of its own each time, dropped after every number of steps, and stopped
// after every `each` of time: nothing is left of what it started. A world has `front()`, the client
// that the agent asks, `models()`, and `check()` for what its layers hold.
template <class World>
void leave_everywhere(runtime::duration each) {
  const auto once = [&](std::size_t n, const auto& play) {
    SCOPED_TRACE(n);
    telemetry::span_ledger ledger;
    telemetry::scoped_provider provider(ledger);
    simulated_runtime rt(n);
    World world;
    agent a(world.front(), {.name = "bot"});
    const bool done = play(rt, a);
    for (auto* m : world.models()) EXPECT_EQ(m->open_streams(), 0u);
    EXPECT_EQ(rt.timers(), 0u);
    EXPECT_EQ(ledger.started(), ledger.ended());
    for (const auto& p : telemetry::check_tree(ledger, {.tolerance = std::chrono::hours(1)})) {
      ADD_FAILURE() << telemetry::to_string(p);
    }
    world.check();
    return done || ::testing::Test::HasFailure();
  };
  std::size_t steps = 0;
  while (!once(steps, [&](simulated_runtime& rt, agent& a) {
    auto run = spawn(rt, a.run("hi"));
    rt.run(steps);
    return run.done();
  })) {
    ++steps;
  }
  EXPECT_GT(steps, 3u);
  std::size_t times = 0;
  while (!once(times, [&](simulated_runtime& rt, agent& a) {
    try {
      (void)sync_wait(rt, a.run("hi", {.deadline = each * static_cast<int>(times)}));
      return true;
    } catch (const cancelled& stopped) {
      EXPECT_EQ(stopped.reason(), cancel_reason::deadline);
      return false;
    }
  })) {
    ++times;
  }
  EXPECT_GT(times, 3u);
}

}  // namespace skein::test
