// Layers that give up, refuse and ask twice: what comes of it, what is told, what it costs.
#include <algorithm>
#include <array>
#include <cstdio>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <skein/async/when.hpp>
#include <skein/chat/circuit.hpp>
#include <skein/chat/hedge.hpp>
#include <skein/chat/retry.hpp>
#include <skein/chat/timeouts.hpp>

#include "agent/layered.hpp"

namespace skein::test {
namespace {

using namespace std::chrono_literals;

provider_error broken() { return provider_error("broken", {.status = 500}); }

// ---- timeouts

TEST(Timeouts, FirstContent) {
  // Neither a name nor a figure is content.
  scripted::client model({turn().delay(1s).identity("r1", "m").usage(3, 0).delay(9s).text({"a"})});
  timed layer(model, {.first_content = 5s});
  const auto r = run_through(layer, {&model});
  EXPECT_EQ(r.threw, "timeout_first_content");
  EXPECT_EQ(r.seconds, 5);
  EXPECT_EQ(r.chats(), std::vector<std::string>{"chat scripted-1 deadline"});
  const auto told = r.events("skein.timeout");
  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(told.at(0).attributes.at("error.type"), "timeout_first_content");
  EXPECT_EQ(told.at(0).attributes.at("skein.timeout.limit"), 5.0);
}

TEST(Timeouts, BetweenChunks) {
  scripted::client model(
      {turn().delay(9s).text({"a"}).delay(2s).text({"b"}).delay(4s).text({"c"})});
  timed layer(model, {.between_chunks = 3s});
  const auto r = run_through(layer, {&model});
  EXPECT_EQ(r.text, "ab");
  EXPECT_EQ(r.threw, "timeout_between_chunks");
  EXPECT_EQ(r.seconds, 14) << "the first content is not among them";
}

TEST(Timeouts, Step) {
  scripted::client model({turn().text({"a"}).delay(2s).text({"b"}).delay(2s).text({"c"})});
  timed layer(model, {.first_content = 1s, .between_chunks = 3s, .step = 3s});
  const auto r = run_through(layer, {&model});
  EXPECT_EQ(r.text, "ab");
  EXPECT_EQ(r.threw, "timeout_step");
  EXPECT_EQ(r.seconds, 3);
}

TEST(Timeouts, OfARunIsAnOutcome) {
  for (const auto deadline : {3s, 5s}) {
    simulated_runtime rt(5);
    scripted::client model({turn().delay(10s).text({"late"})});
    timed layer(model, {.first_content = 5s});
    agent a(layer, {.name = "bot"});
    try {
      (void)sync_wait(rt, a.run("hi", {.deadline = deadline}));
      ADD_FAILURE();
    } catch (const cancelled& stopped) {
      EXPECT_EQ(stopped.reason(), cancel_reason::deadline);
    }
  }
}

// What a layer further in gives up is not this one's.
TEST(Timeouts, TheInnermostThatPassedIsNamed) {
  struct impatient : chat_layer {
    using chat_layer::chat_layer;
    skein::stream<chat_update> around(chat_request request, chat_options options) override {
      co_yield *co_await with_deadline(
          1s, [](chat_client& from, chat_request r, chat_options o) -> task<chat_update*> {
            auto answer = from.stream(r, o);
            co_return co_await answer.next();
          }(inner(), std::move(request), std::move(options)));
    }
  };
  simulated_runtime rt(5);
  scripted::client model({turn().delay(10s).text({"late"})});
  impatient within(model);
  timed layer(within, {.first_content = 5s});
  EXPECT_THROW((void)sync_wait(rt, collect(layer.stream(asking("hi")))), cancelled);
}

TEST(Timeouts, WhatIsInTimeIsAsItWas) {
  scripted::client model({turn().delay(1s).text({"a"}).delay(1s).text({"b"})});
  timed layer(model, {.first_content = 2s, .between_chunks = 2s, .step = 20s});
  const auto r = run_through(layer, {&model});
  EXPECT_EQ(r.text, "ab");
  EXPECT_EQ(r.seconds, 2) << "no timer is waited for";
}

TEST(Timeouts, ASlowConsumerIsNotTheModels) {
  simulated_runtime rt(5);
  scripted::client model({turn().text({"a"}).delay(1s).text({"b"})});
  timed layer(model, {.between_chunks = 2s});
  sync_wait(rt, [](chat_client& from) -> task<> {
    auto answer = from.stream(asking("hi"));
    while (co_await answer.next()) co_await sleep_for(10s);
    EXPECT_EQ(answer.response().text(), "ab");
  }(layer));
}

TEST(Timeouts, AreTriedAgainAndElsewhere) {
  scripted::client first({turn().delay(9s).text({"late"}), turn().delay(9s).text({"late"})});
  scripted::client second({turn().text({"from b"})}, {.provider = "other", .model = "plan-b"});
  timed quick(first, {.first_content = 2s});
  retrying patient(quick, {.attempts = 2});
  fallback layer(patient, {&second});
  const auto r = run_through(layer, {&first, &second});
  EXPECT_EQ(r.text, "from b");
  EXPECT_EQ(r.events("skein.retry").size(), 1u);
  EXPECT_EQ(r.events("skein.fallback").at(0).attributes.at("skein.fallback.reason"),
            "timeout_first_content");
}

TEST(Timeouts, LeftAnywhereNothingIsLeft) {
  struct world {
    scripted::client model{
        std::vector<turn>{turn().delay(1s).text({"a"}).delay(1s).text({"b"}).delay(1s)}};
    timed layer{model, {.first_content = 5s, .between_chunks = 5s, .step = 9s}};
    chat_client& front() { return layer; }
    std::vector<scripted::client*> models() { return {&model}; }
    void check() {}
  };
  leave_everywhere<world>(250ms);
}

// ---- circuit breaker

// Seconds on the clock and what came of each request, one after another.
std::vector<std::string> one_by_one(chat_client& from,
                                    const std::vector<runtime::duration>& waits) {
  simulated_runtime rt(5);
  std::vector<std::string> came;
  for (const auto wait : waits) {
    auto r = sync_wait(
        rt,
        [](chat_client& of,
           runtime::duration before) -> task<std::expected<chat_response, std::exception_ptr>> {
          co_await sleep_for(before);
          co_return co_await as_result(collect(of.stream(asking("hi"))));
        }(from, wait));
    came.push_back(r ? r->text() : telemetry::error_type_of(r.error()));
  }
  return came;
}

std::vector<turn> turns_of(std::string_view what) {
  std::vector<turn> all;
  for (const char c : what) {
    if (c == 'x') all.push_back(turn().refuse(broken()));
    if (c == 'o') all.push_back(turn().text({"ok"}));
    if (c == '4') all.push_back(turn().refuse(provider_error("no", {.status = 400})));
  }
  return all;
}

TEST(Circuit, OpensAndClosesAgain) {
  scripted::client model(turns_of("xxxxoo"));
  circuit_breaker layer(model, {.failures = 3, .window = 10s, .open_for = 5s});
  EXPECT_EQ(one_by_one(layer, {0s, 1s, 1s, 1s, 3s, 1s, 3s, 2s, 0s}),
            (std::vector<std::string>{"500", "500", "500", "circuit_open", "circuit_open", "500",
                                      "circuit_open", "ok", "ok"}))
      << "a probe that fails opens it again for as long";
  EXPECT_EQ(layer.now(), circuit_breaker::state::closed);
}

TEST(Circuit, OnlyARowOfFailuresWithinTheWindow) {
  scripted::client rare(turns_of("xxxx"));
  circuit_breaker slow(rare, {.failures = 3, .window = 10s});
  EXPECT_EQ(one_by_one(slow, {0s, 6s, 6s, 6s}), (std::vector<std::string>(4, "500")));
  scripted::client mixed(turns_of("xxoxx4xxx"));
  circuit_breaker layer(mixed, {.failures = 3});
  EXPECT_EQ(one_by_one(layer, std::vector<runtime::duration>(10, 0s)).back(), "circuit_open");
  EXPECT_EQ(mixed.requests().size(), 9u) << "a wrong request was answered, too";
}

TEST(Circuit, TheErrorSaysWhen) {
  simulated_runtime rt(5);
  scripted::client model(turns_of("x"));
  circuit_breaker layer(model, {.failures = 1, .open_for = 30s});
  EXPECT_THROW((void)sync_wait(rt, collect(layer.stream(asking("hi")))), provider_error);
  const auto opened = rt.now();
  sync_wait(rt, [](skein::chat_client&) -> task<> { co_await sleep_for(10s); }(layer));
  try {
    (void)sync_wait(rt, collect(layer.stream(asking("hi"))));
    ADD_FAILURE();
  } catch (const circuit_open& e) {
    EXPECT_EQ(e.next_probe(), opened + 30s);
    EXPECT_EQ(e.probe_in(), 20s);
    const auto f = failure_of(std::current_exception());
    EXPECT_EQ(f.progress, request_progress::not_sent);
    EXPECT_EQ(f.retry_after, 20s);
    EXPECT_TRUE(f.transient);
  }
}

TEST(Circuit, OneProbeAtATime) {
  simulated_runtime rt(5);
  scripted::client model(
      {turn().refuse(broken()), turn().delay(5s).text({"slow"}), turn().text({"ok"})});
  circuit_breaker layer(model, {.failures = 1, .open_for = 1s});
  const auto came = sync_wait(rt, [](chat_client& of) -> task<std::string> {
    std::string all;
    const auto ask = [](chat_client& from, runtime::duration before) -> task<std::string> {
      co_await sleep_for(before);
      auto r = co_await as_result(collect(from.stream(asking("hi"))));
      co_return r ? r->text() : telemetry::error_type_of(r.error());
    };
    all += co_await ask(of, 0s);
    auto [probe, meanwhile, after] = co_await when_all(ask(of, 2s), ask(of, 3s), ask(of, 9s));
    co_return all + ' ' + probe + ' ' + meanwhile + ' ' + after;
  }(layer));
  EXPECT_EQ(came, "500 slow circuit_open ok");
}

// A probe that is stopped has learned nothing: the next request is one.
TEST(Circuit, AProbeThatIsStopped) {
  simulated_runtime rt(5);
  scripted::client model(
      {turn().refuse(broken()), turn().delay(5s).text({"slow"}), turn().text({"ok"})});
  circuit_breaker layer(model, {.failures = 1, .open_for = 1s});
  const auto came = sync_wait(rt, [](chat_client& of) -> task<std::string> {
    (void)co_await as_result(collect(of.stream(asking("hi"))));
    co_await sleep_for(1s);
    (void)co_await as_result(with_deadline(1s, collect(of.stream(asking("hi")))));
    co_return (co_await collect(of.stream(asking("hi")))).text();
  }(layer));
  EXPECT_EQ(came, "ok");
}

TEST(Circuit, IsTold) {
  scripted::client model(turns_of("xo"));
  circuit_breaker breaker(model, {.failures = 1, .open_for = 4s});
  retrying layer(breaker, {.first_wait = 10ms});
  const auto r = run_through(layer, {&model});
  EXPECT_EQ(r.text, "ok");
  std::vector<std::string> states;
  for (const auto& e : r.events("skein.circuit")) {
    states.emplace_back(e.attributes.at("skein.circuit.state").as_string());
  }
  EXPECT_EQ(states, (std::vector<std::string>{"open", "refused", "half_open", "closed"}));
  EXPECT_NEAR(r.seconds, 4, 0.01) << "whoever asks again waits for the probe";
}

TEST(Circuit, LeftAnywhereItIsOpenOrClosed) {
  struct world {
    scripted::client model{std::vector<turn>{turn().delay(1s).fail(broken()),
                                             turn().delay(1s).text({"a"}).delay(1s).text({"b"})}};
    circuit_breaker breaker{model, {.failures = 1, .open_for = 1s}};
    retrying layer{breaker};
    chat_client& front() { return layer; }
    std::vector<scripted::client*> models() { return {&model}; }
    void check() { EXPECT_NE(breaker.now(), circuit_breaker::state::half_open); }
  };
  leave_everywhere<world>(250ms);
}

// ---- hedging

client_info spare_info() { return {.provider = "other", .model = "plan-b"}; }

TEST(Hedge, AFastAnswerIsAskedForOnce) {
  scripted::client model({turn().delay(1s).text({"a", "b"})});
  hedged layer(model, {.after = 2s});
  const auto r = run_through(layer, {&model});
  EXPECT_EQ(r.text, "ab");
  EXPECT_EQ(r.asked, 1u);
  EXPECT_EQ(r.seconds, 1);
  EXPECT_TRUE(r.events("skein.hedge").empty());
  EXPECT_TRUE(r.events("skein.hedge.won").empty());
}

TEST(Hedge, TheFirstContentWins) {
  scripted::client first({turn().identity("r1", "m").delay(30s).text({"late"})});
  scripted::client second({turn().delay(1s).text({"from b"}).usage(7, 3)}, spare_info());
  hedged layer(first, second, {.after = 2s});
  const auto r = run_through(layer, {&first, &second});
  EXPECT_EQ(r.text, "from b");
  EXPECT_EQ(r.seconds, 3) << "the loser is stopped, not waited for";
  EXPECT_EQ(r.chats(), (std::vector<std::string>{"chat scripted-1 cancelled", "chat plan-b"}));
  EXPECT_EQ(r.events("skein.hedge").at(0).attributes.at("skein.hedge.after"), 2.0);
  EXPECT_EQ(r.events("skein.hedge").at(0).attributes.at("gen_ai.request.model"), "plan-b");
  EXPECT_EQ(r.events("skein.hedge.won").at(0).attributes.at("skein.hedge.won"), "second");
  ASSERT_EQ(r.ledger.calls.size(), 2u);
  EXPECT_EQ(r.ledger.calls[0].end, telemetry::outcome::cancelled);
  EXPECT_GT(r.ledger.calls[0].estimated.input, 0) << "what the loser cost is not lost";
  EXPECT_EQ(r.ledger.calls[1].usage.total(), 10);

  scripted::client slow({turn().delay(3s).text({"from a"})});
  scripted::client slower({turn().delay(30s).text({"late"})}, spare_info());
  hedged other(slow, slower, {.after = 2s});
  const auto won = run_through(other, {&slow, &slower});
  EXPECT_EQ(won.text, "from a");
  EXPECT_EQ(won.seconds, 3);
  EXPECT_EQ(won.chats(), (std::vector<std::string>{"chat plan-b cancelled", "chat scripted-1"}));
  EXPECT_EQ(won.events("skein.hedge.won").at(0).attributes.at("skein.hedge.won"), "first");
}

TEST(Hedge, AFailureIsNotTheEndWhileTheOtherIsOnItsWay) {
  scripted::client first({turn().delay(3s).fail(broken())});
  scripted::client second({turn().delay(3s).text({"from b"})}, spare_info());
  hedged layer(first, second, {.after = 2s});
  EXPECT_EQ(run_through(layer, {&first, &second}).text, "from b");

  scripted::client good({turn().delay(6s).text({"from a"})});
  scripted::client bad({turn().refuse(broken())}, spare_info());
  hedged other(good, bad, {.after = 2s});
  EXPECT_EQ(run_through(other, {&good, &bad}).text, "from a");

  scripted::client one({turn().delay(3s).fail(provider_error("no", {.status = 503}))});
  scripted::client two({turn().delay(3s).fail(broken())}, spare_info());
  hedged neither(one, two, {.after = 2s});
  EXPECT_EQ(run_through(neither, {&one, &two}).threw, "503") << "the first request's";
}

TEST(Hedge, AnEarlyFailureIsTheCallers) {
  scripted::client model({turn().delay(1s).fail(broken())});
  hedged layer(model, {.after = 2s});
  const auto r = run_through(layer, {&model});
  EXPECT_EQ(r.threw, "500");
  EXPECT_EQ(r.seconds, 1);
  EXPECT_EQ(r.asked, 1u);
}

TEST(Hedge, WithinABudget) {
  simulated_runtime rt(5);
  scripted::client model(
      [](const chat_request&, const chat_options&) { return turn().delay(10s).text({"slow"}); });
  hedged layer(model, {.after = 1s, .budget = 0.125});
  telemetry::span_ledger ledger;
  telemetry::scoped_provider provider(ledger);
  sync_wait(rt, [](chat_client& of) -> task<> {
    for (int i = 0; i < 100; ++i) (void)co_await collect(of.stream(asking("hi")));
  }(layer));
  EXPECT_EQ(ledger.started(), 100u + 13u) << "an eighth, and the first one";
}

TEST(Hedge, TheDelayIsLearned) {
  simulated_runtime rt(5);
  int n = 0;
  scripted::client model([&n](const chat_request&, const chat_options&) {
    return turn().delay(++n <= 40 ? (41 - n) * 10ms : n == 41 ? 30s : 10ms).text({"a"});
  });
  hedged layer(model, {.after = 20s, .percentile = 0.9});
  sync_wait(rt, [](chat_client& of) -> task<> {
    for (int i = 0; i < 40; ++i) (void)co_await collect(of.stream(asking("hi")));
    const auto began = runtime::current()->now();
    (void)co_await collect(of.stream(asking("hi")));
    EXPECT_EQ(runtime::current()->now() - began, 370ms + 10ms) << "the second after nine tenths";
  }(layer));
}

TEST(Hedge, LeftAnywhereNothingIsLeft) {
  struct world {
    scripted::client first{std::vector<turn>{turn().delay(4s).text({"a"})}};
    scripted::client second{
        std::vector<turn>{turn().identity("r2", "m").delay(1s).text({"b"}).delay(1s).text({"c"})},
        spare_info()};
    hedged layer{first, second, {.after = 1s}};
    chat_client& front() { return layer; }
    std::vector<scripted::client*> models() { return {&first, &second}; }
    void check() {}
  };
  leave_everywhere<world>(250ms);
}

// Of a model that answers in a second, but every twentieth time in twenty: what hedging buys.
TEST(Hedge, WhatItBuysAndWhatItCosts) {
  struct result {
    double p50, p99;
    std::int64_t tokens;
  };
  const auto measure = [](bool with) {
    simulated_runtime rt(11);
    scripted::client model([&rt](const chat_request&, const chat_options&) {
      const bool slow = rt.random() % 20 == 0;
      const auto jitter = std::chrono::milliseconds(rt.random() % 500);
      return turn().delay((slow ? 20s : 800ms) + jitter).text({"answer"}).usage(400, 100);
    });
    hedged layer(model, {.after = 3s, .percentile = 0.9, .budget = 0.1});
    agent a(with ? static_cast<chat_client&>(layer) : model, {.name = "bot"});
    std::vector<double> times;
    std::int64_t tokens = 0;
    sync_wait(rt, [](agent& of, std::vector<double>& all, std::int64_t& sum) -> task<> {
      for (int i = 0; i < 2000; ++i) {
        const auto began = runtime::current()->now();
        auto run = of.stream(std::string(1600, 'x'));
        bool first = true;
        while (auto* u = co_await run.next()) {
          if (u->text().empty() || !std::exchange(first, false)) continue;
          all.push_back(std::chrono::duration<double>(runtime::current()->now() - began).count());
        }
        sum += run.response().ledger.own().tokens();
      }
    }(a, times, tokens));
    std::ranges::sort(times);
    return result{times[times.size() / 2], times[times.size() * 99 / 100], tokens};
  };
  const auto without = measure(false);
  const auto with = measure(true);
  const double price = static_cast<double>(with.tokens) / static_cast<double>(without.tokens) - 1;
  std::printf("time to first token without hedging: p50 %.2f s, p99 %.2f s\n", without.p50,
              without.p99);
  std::printf(
      "time to first token with hedging:    p50 %.2f s, p99 %.2f s, for %.1f %% more "
      "tokens\n",
      with.p50, with.p99, 100 * price);
  EXPECT_GT(without.p99, 20);
  EXPECT_LT(with.p99, 3);
  EXPECT_LT(price, 0.1);
}

// ---- in every mode

TEST(Resilience, IsTheSameEverywhere) {
  scenario s{
      .turns = {turn().identity("r1", "m").cut(), turn().refuse(broken()),
                turn().identity("r2", "m").text({"Hello", " world"}).usage(10, 20)},
      .play = [](stage& st) -> task<> {
        timed patient(st.model, {.first_content = 60s, .between_chunks = 60s, .step = 300s});
        circuit_breaker breaker(patient);
        hedged twice(breaker, {.after = 60s});
        retrying layer(twice, {.first_wait = 1ms});
        skein::agent a(layer, {.name = "bot"});
        co_await st.keep(st.run(a, "hi"));
      },
      .tree = "invoke_agent bot[chat Test, chat Test, chat Test]",
      .text = "Hello world",
  };
  play(s);
  // On real threads too, the second one wins.
  s.turns = {turn().delay(60s).text({"late"}), turn().text({"Hello", " world"}).usage(10, 20)};
  s.play = [](stage& st) -> task<> {
    hedged layer(st.model, {.after = 1ms});
    skein::agent a(layer, {.name = "bot"});
    co_await st.keep(st.run(a, "hi"));
  };
  s.tree = "invoke_agent bot[chat Test, chat Test]";
  play(s);
  s.turns = {turn().text({"Hel"}).cut(), turn().text({"Hello", " world"})};
  s.play = [](stage& st) -> task<> {
    retrying layer(st.model, {.first_wait = 1ms, .after_content = after_content::restart});
    skein::agent a(layer, {.name = "bot"});
    co_await st.keep(st.run(a, "hi"));
  };
  play(s);
}

}  // namespace
}  // namespace skein::test
