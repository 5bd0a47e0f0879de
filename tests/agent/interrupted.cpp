// A run may be left anywhere: dropped, cancelled, timed out. Nothing stays open, and everything
// says how it ended.
#include <algorithm>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <skein/async/cancel.hpp>
#include <skein/async/time.hpp>

#include "agent/scenario.hpp"

namespace skein::test {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

// What is stopped from elsewhere may have told of its last step or not.
void forget_how_far(stage& at) { at.log.clear(); }
using telemetry::span_status;

tool counting(std::shared_ptr<int> alive) {
  return tool("count", "Yields", [alive]() -> stream<std::string> {
    struct here {
      int& n;
      explicit here(int& of) : n(of) { ++n; }
      here(const here&) = delete;
      here& operator=(const here&) = delete;
      ~here() { --n; }
    } in_here(*alive);
    co_yield std::string("one");
    co_await reschedule();
    co_yield std::string("two");
  });
}
std::vector<turn> script() {
  return {turn().text({"let me see"}).call("count", "{}").usage(10, 1),
          turn().text({"do", "ne"}).usage(20, 2)};
}
constexpr std::size_t updates = 13;  // of the whole run

std::string outcome(const spans& t, std::string_view name) {
  return t.attribute(name, "skein.outcome");
}

// Each call in what a session remembers has its result.
void expect_paired(const std::vector<message>& history) {
  std::multiset<std::string> open;
  for (const auto& m : history) {
    for (const auto& p : m.parts) {
      if (auto* c = std::get_if<tool_call_part>(&p)) open.insert(c->id);
      if (auto* r = std::get_if<tool_result_part>(&p)) {
        EXPECT_EQ(open.erase(r->call_id), 1u);
      }
    }
  }
  EXPECT_TRUE(open.empty());
}

TEST(Interrupted, DroppedAfterEachUpdate) {
  auto alive = std::make_shared<int>(0);
  std::set<std::size_t> lengths;
  for (std::size_t pulls = 0; pulls <= updates; ++pulls) {
    SCOPED_TRACE(pulls);
    scenario s{.turns = script(),
               .agent = {.name = "bot", .tools = {counting(alive)}},
               .modes = {mode::streaming}};
    s.play = [pulls, alive, &lengths](stage& at) -> task<> {
      session memory("conv");
      {
        auto run = at.agent.stream("hi", {.session = &memory});
        for (std::size_t i = 0; i < pulls; ++i) {
          auto* update = co_await run.next();
          EXPECT_TRUE(update);
          if (update == nullptr) co_return;
          at.log.push_back(show(*update));
        }
      }
      EXPECT_EQ(*alive, 0) << "a tool outlived its run";
      expect_paired(memory.history());
      at.result = json::serialize(json::value(memory.history().size()));
      lengths.insert(memory.history().size());
      auto again = at.agent.stream("again", {.session = &memory});  // it is free again
    };
    s.check = [](const spans& t) {
      std::size_t left = 0;
      for (const auto& span : t.all()) {
        EXPECT_EQ(span.status, span_status::unset) << span.name;
        if (span.attributes.contains("skein.outcome")) {
          EXPECT_EQ(span.attributes.at("skein.outcome"), "abandoned") << span.name;
          ++left;
        }
      }
      EXPECT_GE(left, 2u) << "the run, and the one that was only begun after it";
    };
    play(s);
  }
  EXPECT_EQ(lengths, (std::set<std::size_t>{0, 3})) << "nothing, or what a provider accepts";
}

TEST(Interrupted, TheWholeRunHasAsManyUpdatesAsTheseTestsSay) {
  auto alive = std::make_shared<int>(0);
  scenario s{.turns = script(), .agent = {.name = "bot", .tools = {counting(alive)}}};
  s.play = [](stage& at) -> task<> {
    co_await at.keep(at.run("hi"));
    if (at.where.how == mode::streaming) {
      EXPECT_EQ(at.log.size(), updates);
    }
  };
  play(s);
}

TEST(Interrupted, CancelledAfterEachUpdate) {
  auto alive = std::make_shared<int>(0);
  for (std::size_t pulls = 0; pulls <= updates; ++pulls) {
    SCOPED_TRACE(pulls);
    scenario s{.turns = script(),
               .agent = {.name = "bot", .tools = {counting(alive)}},
               .modes = {mode::streaming},
               .throws = "skein::cancelled"};
    s.play = [pulls, alive](stage& at) -> task<> {
      session memory("conv");
      cancel_source stop;
      auto consume = [&]() -> task<agent_response> {
        auto run = at.agent.stream("hi", {.session = &memory});
        for (std::size_t i = 0; i < pulls; ++i) (void)co_await run.next();
        stop.cancel();
        (void)co_await run.next();
        ADD_FAILURE() << "a stopped run went on";
        co_return std::move(run).take_response();
      };
      co_await at.keep(with_cancel(stop, consume()));
      EXPECT_EQ(*alive, 0);
      expect_paired(memory.history());
    };
    s.check = [](const spans& t) {
      EXPECT_EQ(outcome(t, "invoke_agent"), R"("cancelled")");
      for (const auto& span : t.all()) {
        EXPECT_EQ(span.status, span_status::unset) << span.name;
        EXPECT_TRUE(span.events.empty()) << span.name;
      }
    };
    play(s);
  }
}

// Everything that is open when the run is stopped ends at once and says why.
struct stopping {
  const char* where;
  turn first;
  std::string open;  // the innermost span
};
std::vector<stopping> stopping_places() {
  return {{"in an answer", turn().text({"x"}).delay(hours(1)), "chat"},
          {"in a tool", turn().call("sleep", "{}"), "execute_tool sleep"},
          {"in one of two tools", turn().call("quick", "{}").call("sleep", "{}"),
           "execute_tool sleep"}};
}
tool sleeper(std::shared_ptr<cancel_source> stop = {}) {
  return tool("sleep", "Sleeps", [stop]() -> task<std::string> {
    if (stop) stop->cancel();
    co_await sleep_for(hours(1));
    co_return "awake";
  });
}

TEST(Interrupted, ADeadlineStopsEverythingThatIsOpen) {
  for (const auto& place : stopping_places()) {
    SCOPED_TRACE(place.where);
    scenario s{.turns = {place.first},
               .agent = {.name = "bot", .tools = {sleeper(), slow_tool("quick")}},
               .run = {.deadline = patience},
               .throws = "skein::cancelled",
               .updates = scenario::order::free};
    s.play = [](stage& at) -> task<> {
      co_await at.keep(at.run("hi", at.what.run));
      forget_how_far(at);
    };
    s.check = [&place](const spans& t) {
      EXPECT_EQ(outcome(t, "invoke_agent"), R"("deadline")");
      EXPECT_EQ(outcome(t, place.open), R"("deadline")");
      EXPECT_EQ(t.at("invoke_agent").status, span_status::unset);
    };
    play(s);
  }
}

TEST(Interrupted, ADeadlineThatIsNotPassedChangesNothing) {
  play({.turns = {turn().text({"in time"})},
        .run = {.deadline = hours(1)},
        .tree = "invoke_agent bot[chat Test]",
        .text = "in time"});
}

TEST(Interrupted, TheDeadlineIsLookedAtBetweenPullsToo) {
  scenario s{.turns = {turn().text({"a", "b"})},
             .run = {.deadline = milliseconds(5)},
             .modes = {mode::streaming},
             .throws = "skein::cancelled"};
  s.play = [](stage& at) -> task<> {
    auto consume = [&]() -> task<agent_response> {
      auto run = at.agent.stream("hi", at.what.run);
      EXPECT_TRUE(co_await run.next());
      co_await sleep_for(milliseconds(20));
      while (co_await run.next()) {}
      co_return std::move(run).take_response();
    };
    co_await at.keep(consume());
  };
  s.check = [](const spans& t) {
    EXPECT_EQ(outcome(t, "invoke_agent"), R"("deadline")");
    EXPECT_EQ(outcome(t, "chat"), R"("deadline")");
  };
  play(s);
}

TEST(Interrupted, CancellingStopsEverythingThatIsOpen) {
  for (const char* where : {"answer", "tool"}) {
    auto stop = std::make_shared<cancel_source>();
    const bool in_tool = std::string_view(where) == "tool";
    scenario s{.agent = {.name = "bot", .tools = {sleeper(stop)}}, .throws = "skein::cancelled"};
    s.responder = [stop, in_tool](const chat_request&, const chat_options&) {
      if (in_tool) return turn().call("sleep", "{}");
      return turn().text({"x"}).run([stop] { stop->cancel(); }).delay(hours(1));
    };
    s.play = [stop](stage& at) -> task<> {
      // Fresh for each play; the tool and the script look it up when they run.
      *stop = cancel_source();
      co_await at.keep(with_cancel(*stop, at.run("hi")));
      forget_how_far(at);
    };
    s.check = [in_tool](const spans& t) {
      EXPECT_EQ(outcome(t, "invoke_agent"), R"("cancelled")");
      EXPECT_EQ(outcome(t, in_tool ? "execute_tool" : "chat"), R"("cancelled")");
    };
    play(s);
  }
}

// However deep: the whole chain of agents goes, children first.
TEST(Interrupted, DroppedInAnAgentInAnAgent) {
  scripted::client model([](const chat_request& r, const chat_options&) {
    if (r.instructions == "inner") return turn().text({"x"}).delay(hours(1));
    return turn().call("inner", R"({"task":"go"})");
  });
  agent inner(model, {.name = "inner", .instructions = "inner"});
  agent outer(model, {.name = "outer", .tools = {inner.as_tool()}});
  scenario s{.modes = {mode::streaming},
             .tree =
                 "invoke_agent outer[chat scripted-1, execute_tool inner[invoke_agent "
                 "inner[chat scripted-1]]]",
             .throws = "skein::cancelled"};
  s.play = [&outer, &model](stage& at) -> task<> {
    co_await at.keep(with_deadline(patience, at.run(outer, "go")));
    EXPECT_EQ(model.open_streams(), 0u);
    forget_how_far(at);
  };
  s.check = [](const spans& t) {
    for (auto name : {"invoke_agent outer", "execute_tool", "invoke_agent inner"}) {
      EXPECT_EQ(outcome(t, name), R"("deadline")") << name;
    }
    EXPECT_EQ(t.attribute("chat", "skein.outcome", 1), R"("deadline")");
  };
  play(s);
}

TEST(Interrupted, AnAgentMovedWhileItRuns) {
  scenario s{.turns = script(),
             .agent = {.name = "bot", .tools = {counting(std::make_shared<int>(0))}},
             .modes = {mode::streaming}};
  s.play = [](stage& at) -> task<> {
    auto first = at.agent.stream("hi");
    (void)co_await first.next();
    auto second = std::move(first);
    (void)co_await second.next();
    auto third = at.agent.stream("hi");  // never pulled: goes here
    third = std::move(second);
    while (co_await third.next()) {}
    at.result = show(third.response());
  };
  s.tree = "invoke_agent bot[chat Test, execute_tool count, chat Test] + invoke_agent bot";
  play(s);
}

}  // namespace
}  // namespace skein::test
