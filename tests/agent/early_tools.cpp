// Tools that begin while the model still writes their call: sooner, and in all else like any other.
#include <algorithm>
#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include <skein/async/time.hpp>
#include <skein/chat/retry.hpp>

#include "agent/scenario.hpp"

namespace skein::test {
namespace {

using namespace std::chrono_literals;
using telemetry::capture;
using telemetry::span_status;

struct trip {
  std::string city;
  std::string wishes;
};

// Tells when it began by its first field, and counts those that are inside.
struct travel_agency {
  std::mutex mutex;
  std::vector<std::string> begun;
  std::atomic<int> inside = 0;

  struct guest {
    std::atomic<int>& n;
    explicit guest(std::atomic<int>& of) : n(of) { ++n; }
    guest(const guest&) = delete;
    guest& operator=(const guest&) = delete;
    ~guest() { --n; }
  };
  task<std::string> book(arriving<trip> call) {
    guest here(inside);
    auto city = co_await call.field(&trip::city);
    {
      std::lock_guard lock(mutex);
      begun.push_back(std::move(city));
    }
    co_await reschedule();
    const auto all = co_await call.whole();
    co_return all.city + ": " + all.wishes;
  }
};
using agency = std::shared_ptr<travel_agency>;

tool early(const agency& a) {
  return tool("book", "Books", [a](arriving<trip> call) { return a->book(std::move(call)); });
}
tool whole() {
  return tool("book", "Books", [](trip t) -> task<std::string> {
    co_await reschedule();
    co_return t.city + ": " + t.wishes;
  });
}

// A call in deltas of a few characters.
turn& writes(turn& t, std::string_view arguments, std::uint32_t number = 0,
             std::string_view id = "c1") {
  t.update(tool_call_delta{.call = number, .id = std::string(id), .name = "book"});
  for (; !arguments.empty(); arguments.remove_prefix(std::min<std::size_t>(5, arguments.size()))) {
    t.update(tool_call_delta{.call = number, .arguments = std::string(arguments.substr(0, 5))});
  }
  return t;
}
turn booking(std::string_view arguments = R"({"city":"Oslo","wishes":"a view"})") {
  turn t;
  t.text({"I {book} it."});
  writes(t, arguments);
  return t.usage(10, 5);
}

// So many updates, and what they begin has begun.
task<> pull_some(agent_run& run, std::size_t pulls, const travel_agency& there) {
  for (std::size_t i = 0; i < pulls; ++i) {
    auto* update = co_await run.next();
    if (update == nullptr) co_return;
    const auto* delta = std::get_if<tool_call_delta>(update);
    if (delta == nullptr || delta->name.empty()) continue;
    while (there.inside == 0) co_await reschedule();
  }
}

std::string outcome_of(const spans& t, std::string_view name) {
  return t.attribute(name, "skein.outcome");
}

TEST(EarlyTools, LookLikeAnyOther) {
  for (std::string_view arguments :
       {R"({"city":"Oslo","wishes":"a view"})", R"({"city":"Oslo"})", R"({"city":)", "[]", ""}) {
    SCOPED_TRACE(arguments);
    const bool fits = arguments.contains("view");
    std::vector<std::string> results;
    std::vector<std::vector<std::string>> logs;
    for (bool is_early : {false, true}) {
      scenario s{
          .turns = {booking(arguments), turn().text({"done"}).usage(20, 1)},
          .content = capture::on,
          .agent = {.name = "bot",
                    .tools = {is_early ? early(std::make_shared<travel_agency>()) : whole()}},
          .text = "done"};
      // What cannot be read has run nothing, but what had begun has.
      s.tree = fits || is_early ? "invoke_agent bot[chat Test, execute_tool book, chat Test]"
                                : "invoke_agent bot[chat Test, chat Test]";
      s.play = [&](stage& at) -> task<> {
        co_await at.keep(at.run("hi"));
        if (at.where.how == mode::streaming) logs.push_back(at.log);
        results.push_back(at.result);
      };
      s.check = [&](const spans& t) {
        if (fits) {
          EXPECT_EQ(t.attribute("execute_tool", "gen_ai.tool.call.arguments"),
                    json::serialize(json::value(arguments)));
          EXPECT_EQ(t.attribute("execute_tool", "gen_ai.tool.call.result"), R"("Oslo: a view")");
          EXPECT_EQ(t.at("execute_tool").status, span_status::unset);
        } else if (is_early) {
          EXPECT_EQ(t.attribute("execute_tool", "error.type"), R"("invalid_arguments")");
        }
      };
      play(s);
    }
    for (const auto& r : results) EXPECT_EQ(r, results.front());
    if (!fits) continue;  // a call that cannot be read is never started
    for (const auto& log : logs) EXPECT_EQ(log, logs.front());
  }
}

TEST(EarlyTools, BeginWhileTheAnswerArrives) {
  for (bool is_early : {false, true}) {
    simulated_runtime rt(3);
    const auto before = rt.now();
    turn slow;
    slow.update(tool_call_delta{.call = 0, .id = "c1", .name = "book"})
        .update(tool_call_delta{.call = 0, .arguments = R"({"city":"Oslo",)"})
        .delay(10s)
        .update(tool_call_delta{.call = 0, .arguments = R"("wishes":"a view"})"});
    scripted::client model({slow, turn().text({"done"})});
    auto look_up = [](std::string) { return sleep_for(8s); };
    auto prepared = tool("book", "", [&](arriving<trip> call) -> task<> {
      co_await look_up(co_await call.field(&trip::city));
      (void)co_await call.whole();
    });
    auto plain = tool("book", "", [&](trip t) -> task<> { co_await look_up(t.city); });
    agent a(model, {.name = "bot", .tools = {is_early ? prepared : plain}});
    EXPECT_EQ(sync_wait(rt, a.run("hi")).text(), "done");
    EXPECT_EQ(rt.now() - before, is_early ? 10s : 18s);
  }
}

TEST(EarlyTools, StopWithAnAnswerThatFails) {
  const struct {
    const char* what;
    std::function<turn()> first;
    std::string throws;
  } table[] = {
      {"fails",
       [] { return booking().delay(patience).fail(transport_error("gone", "connection_closed")); },
       "connection_closed"},
      {"cut", [] { return booking().delay(patience).cut(); }, "stream_cut"},
  };
  for (const auto& row : table) {
    SCOPED_TRACE(row.what);
    auto there = std::make_shared<travel_agency>();
    scenario s{.turns = {row.first()},
               .agent = {.name = "bot", .tools = {early(there)}},
               .tree = "invoke_agent bot[chat Test, execute_tool book]",
               .throws = row.throws};
    s.play = [there](stage& at) -> task<> {
      co_await at.keep(at.run("hi"));
      EXPECT_EQ(there->inside, 0) << "a tool outlived its run";
    };
    s.check = [](const spans& t) {
      EXPECT_EQ(outcome_of(t, "execute_tool"), R"("cancelled")");
      EXPECT_EQ(t.at("execute_tool").status, span_status::unset);
    };
    play(s);
  }
}

TEST(EarlyTools, StopWhenTheAnswerBeginsAnew) {
  auto there = std::make_shared<travel_agency>();
  scripted::client model(
      {booking().cut(), booking(R"({"city":"Bergen","wishes":"rain"})"), turn().text({"done"})});
  retrying again(model, {.after_content = after_content::restart});
  agent a(again, {.name = "bot", .tools = {early(there)}});
  simulated_runtime rt(5);
  const auto r = sync_wait(rt, a.run("hi"));
  EXPECT_EQ(r.text(), "done");
  EXPECT_EQ(there->begun, (std::vector<std::string>{"Oslo", "Bergen"}));
  EXPECT_EQ(there->inside, 0);
  std::vector<std::string> given;
  for (const auto& m : r.messages) {
    for (const auto& p : m.parts) {
      if (const auto* result = std::get_if<tool_result_part>(&p)) given.push_back(result->content);
    }
  }
  EXPECT_EQ(given, std::vector<std::string>{"Bergen: rain"});
}

TEST(EarlyTools, RunBesideEachOtherAndBesideOthers) {
  turn both;
  both.update(tool_call_delta{.call = 0, .id = "a", .name = "book"})
      .update(tool_call_delta{.call = 1, .id = "b", .name = "book"})
      .update(tool_call_delta{.call = 1, .arguments = R"({"city":"Bergen",)"})
      .update(tool_call_delta{.call = 0, .arguments = R"({"city":"Oslo",)"})
      .update(tool_call_delta{.call = 2, .id = "c", .name = "slow", .arguments = "{}"})
      .update(tool_call_delta{.call = 0, .arguments = R"("wishes":"sun"})"})
      .update(tool_call_delta{.call = 1, .arguments = R"("wishes":"rain"})"});
  scenario s{.turns = {both, turn().text({"done"})},
             .agent = {.name = "bot",
                       .tools = {early(std::make_shared<travel_agency>()), slow_tool("slow")}},
             .text = "done",
             .updates = scenario::order::free};
  s.play = [](stage& at) -> task<> {
    auto r = co_await at.run("hi");
    std::string given;
    for (const auto& p : r.messages.at(1).parts) {
      const auto& result = std::get<tool_result_part>(p);
      given += result.call_id + "=" + result.content + "; ";
    }
    EXPECT_EQ(given, "a=Oslo: sun; b=Bergen: rain; c=slow: done; ");
    at.text = r.text();
    at.result = show(r);
  };
  s.check = [](const spans& t) { EXPECT_EQ(t.all("execute_tool").size(), 3U); };
  play(s);
}

TEST(EarlyTools, BehindLayersBeginWhenTheCallIsWhole) {
  auto there = std::make_shared<travel_agency>();
  scenario s{.turns = {booking(), turn().text({"done"})},
             .agent = {.name = "bot", .tools = {early(there)}},
             .text = "done"};
  s.agent.around_tools.emplace_back([](tool_call_part call, next_tool) -> task<tool_result> {
    co_return tool_result{.content = "refused " + call.name};
  });
  s.play = [there](stage& at) -> task<> {
    auto r = co_await at.run("hi");
    at.text = r.text();
    at.result = show(r);
    EXPECT_TRUE(there->begun.empty()) << "a layer had refused it";
  };
  play(s);
}

TEST(EarlyTools, WhatTheRunLeavesOutIsStopped) {
  // The model repeats a call that was answered: its results would be two.
  auto there = std::make_shared<travel_agency>();
  turn repeats;
  writes(repeats.text({"again"}), R"({"city":"Oslo","wishes":"x"})").delay(patience);
  scenario s{.turns = {booking(), repeats},
             .agent = {.name = "bot", .tools = {early(there)}},
             .tree = "invoke_agent bot[chat Test, execute_tool book, chat Test, execute_tool book]",
             .text = "again"};
  s.play = [there](stage& at) -> task<> {
    co_await at.keep(at.run("hi"));
    EXPECT_EQ(there->inside, 0);
  };
  s.check = [](const spans& t) {
    EXPECT_EQ(t.attribute("execute_tool", "skein.outcome", 0), "-");
    EXPECT_EQ(t.attribute("execute_tool", "skein.outcome", 1), R"("cancelled")");
  };
  play(s);
}

TEST(EarlyTools, ProgressWaitsForTheAnswer) {
  scenario s{.turns = {booking(), turn().text({"done"})}, .text = "done"};
  s.agent.tools = {tool("book", "", [](arriving<trip> call) -> stream<std::string> {
    co_yield co_await call.field(&trip::city);
    const auto all = co_await call.whole();
    co_yield all.wishes;
  })};
  s.play = [](stage& at) -> task<> {
    co_await at.keep(at.run("hi"));
    if (at.where.how != mode::streaming) co_return;
    const auto at_line = [&](std::string_view words) {
      return std::ranges::find_if(at.log, [&](const auto& l) { return l.starts_with(words); }) -
             at.log.begin();
    };
    EXPECT_LT(at_line("finished"), at_line("tool c1 book"));
    EXPECT_LT(at_line("tool c1 book"), at_line("progress c1 Oslo"));
    EXPECT_LT(at_line("progress c1 Oslo"), at_line("progress c1 a view"));
    EXPECT_LT(at_line("progress c1 a view"), std::ssize(at.log));
  };
  play(s);
}

TEST(EarlyTools, DroppedAfterEachUpdateLeaveNothing) {
  for (std::size_t pulls = 0; pulls < 16; ++pulls) {
    SCOPED_TRACE(pulls);
    auto there = std::make_shared<travel_agency>();
    scenario s{.turns = {booking(), turn().text({"done"})},
               .agent = {.name = "bot", .tools = {early(there)}},
               .modes = {mode::streaming}};
    s.play = [pulls, there](stage& at) -> task<> {
      {
        auto run = at.agent.stream("hi");
        co_await pull_some(run, pulls, *there);
      }
      EXPECT_EQ(there->inside, 0) << "a tool outlived its run";
      at.result = "dropped";
    };
    s.check = [](const spans& t) {
      for (const auto& span : t.all()) EXPECT_EQ(span.status, span_status::unset) << span.name;
    };
    play(s);
  }
}

TEST(EarlyTools, CancelledAfterEachUpdateSaySo) {
  for (std::size_t pulls = 0; pulls < 12; ++pulls) {
    SCOPED_TRACE(pulls);
    auto there = std::make_shared<travel_agency>();
    scenario s{.turns = {booking(), turn().text({"done"})},
               .agent = {.name = "bot", .tools = {early(there)}},
               .modes = {mode::streaming},
               .throws = "skein::cancelled"};
    s.play = [pulls, there](stage& at) -> task<> {
      cancel_source stop;
      auto consume = [&]() -> task<agent_response> {
        auto run = at.agent.stream("hi");
        co_await pull_some(run, pulls, *there);
        stop.cancel();
        while (co_await run.next()) {}
        co_return std::move(run).take_response();
      };
      co_await at.keep(with_cancel(stop, consume()));
      EXPECT_EQ(there->inside, 0);
    };
    s.check = [](const spans& t) {
      EXPECT_EQ(outcome_of(t, "invoke_agent"), R"("cancelled")");
      for (const auto& span : t.all("execute_tool")) {
        EXPECT_EQ(span.attributes.at("skein.outcome"), "cancelled");
      }
    };
    play(s);
  }
}

}  // namespace
}  // namespace skein::test
