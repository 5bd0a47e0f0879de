// Staying below a provider's limits: no limit error, and next to nothing of them unused.
#include <algorithm>
#include <cstdio>
#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <skein/async/when.hpp>
#include <skein/chat/limit.hpp>
#include <skein/chat/retry.hpp>

#include "agent/layered.hpp"
#include "chat/limit_window.hpp"

namespace skein::test {
namespace {

using namespace std::chrono_literals;

// How a provider counts a minute.
enum class counts : std::uint8_t { the_last_sixty_seconds, each_minute, a_bucket };

struct published_limits {
  const char* name;
  counts by;
  token_counting tokens_are;
  std::int64_t requests;
  std::int64_t tokens;
};

// One limit of a minute, as a provider keeps it.
class allowance {
 public:
  allowance(counts by, std::int64_t limit)
      : by_(by), limit_(limit), level_(static_cast<double>(limit)) {}
  [[nodiscard]] std::int64_t left(runtime::time_point now) {
    switch (by_) {
      case counts::the_last_sixty_seconds:
        while (!log_.empty() && log_.begin()->first <= now - 1min) {
          used_ -= log_.begin()->second;
          log_.erase(log_.begin());
        }
        return limit_ - used_;
      case counts::each_minute:
        if (const auto minute = now.time_since_epoch() / 1min; minute != minute_) {
          minute_ = minute;
          used_ = 0;
        }
        return limit_ - used_;
      case counts::a_bucket:
        break;
    }
    const auto per_minute = static_cast<double>(limit_);
    if (filled_) {
      level_ += per_minute * std::chrono::duration<double>(now - *filled_).count() / 60;
      level_ = std::min(level_, per_minute);
    }
    filled_ = now;
    return static_cast<std::int64_t>(level_);
  }
  void take(std::int64_t n, runtime::time_point now) {
    (void)left(now);
    used_ += n;
    level_ -= static_cast<double>(n);
    log_[now] += n;
  }
  [[nodiscard]] std::int64_t limit() const noexcept { return limit_; }

 private:
  counts by_;
  std::int64_t limit_;
  std::int64_t used_ = 0;
  std::map<runtime::time_point, std::int64_t> log_;
  std::int64_t minute_ = 0;
  double level_;
  std::optional<runtime::time_point> filled_;
};

// A provider with limits: requests take their time to it, and are refused beyond them.
class metered final : public chat_client {
 public:
  metered(simulated_runtime& rt, published_limits l)
      : rt_(rt), limits_(l), requests_(l.by, l.requests), tokens_(l.by, l.tokens) {}
  [[nodiscard]] client_info info() const override {
    return {.provider = "scripted", .model = "metered"};
  }

  std::size_t refused = 0;
  std::int64_t requests_served = 0;
  std::int64_t tokens_counted = 0;
  bool says = false;  // its limits, in headers

 protected:
  skein::stream<chat_update> open(const chat_request& request,
                                  const chat_options& options) override {
    return answer(request.messages.back().text().size(), options.max_tokens.value_or(0));
  }

 private:
  std::chrono::milliseconds between(std::uint64_t low, std::uint64_t high) {
    return std::chrono::milliseconds(low + rt_.random() % (high - low));
  }
  void count(std::int64_t n) {
    tokens_.take(n, rt_.now());
    tokens_counted += n;
  }

  skein::stream<chat_update> answer(std::size_t bytes, std::int64_t max_tokens) {
    co_await sleep_for(between(20, 400));
    // Texts differ in how many bytes a token has.
    const auto input = static_cast<std::int64_t>(bytes * (220 + rt_.random() % 70) / 1000);
    const auto output = static_cast<std::int64_t>(40 + rt_.random() % 160);
    const bool reserves = limits_.tokens_are == token_counting::as_asked;
    const auto at_once = reserves ? input + max_tokens : input;
    const auto now = rt_.now();
    if (requests_.left(now) < 1 || tokens_.left(now) < at_once) {
      ++refused;
      throw provider_error("over the limit", {.status = 429, .code = "rate_limit_exceeded"});
    }
    requests_.take(1, now);
    count(at_once);
    rate_limits said;
    if (says) {
      said = {.requests = requests_.limit(),
              .requests_left = requests_.left(now),
              .tokens = tokens_.limit(),
              .tokens_left = std::max<std::int64_t>(0, tokens_.left(now))};
    }
    co_await sleep_for(between(100, 900));
    co_yield response_started{.id = "r", .model = "metered", .limits = said};
    for (int i = 0; i < 4; ++i) {
      co_yield text_delta{"word "};
      co_await sleep_for(between(20, 200));
      if (!reserves) count(i == 3 ? output - 3 * (output / 4) : output / 4);
    }
    ++requests_served;
    co_await sleep_for(between(10, 100));
    co_yield usage_update{{.input = input, .output = output}};
    co_yield response_finished{finish_reason::stop, "stop"};
  }

  simulated_runtime& rt_;
  published_limits limits_;
  allowance requests_;
  allowance tokens_;
};

task<> keep_asking(chat_client& of, simulated_runtime& rt, runtime::time_point until) {
  while (rt.now() < until) {
    // What is refused counts as such, and the next one is asked.
    (void)co_await as_result(collect(
        of.stream(asking(std::string(400 + rt.random() % 6000, 'x')), {.max_tokens = 200})));
  }
}

constexpr int minutes = 90;

struct utilisation {
  std::size_t refused;
  double requests;
  double tokens;
};

// Many who ask all the time, for an hour and a half. What was used, from the second minute on: in
// the first one, a bucket holds more than a minute's.
utilisation ninety_minutes(const published_limits& limits, limiter_options options, bool says,
                           std::uint64_t seed) {
  simulated_runtime rt(seed);
  metered provider(rt, limits);
  provider.says = says;
  limiter by(options);
  limited layer(provider, by);
  std::int64_t requests = 0;
  std::int64_t tokens = 0;
  sync_wait(rt,
            [](chat_client& of, simulated_runtime& on, metered& from, std::int64_t& requests_to,
               std::int64_t& tokens_to) -> task<> {
              const auto until = on.now() + 1min * (minutes + 1);
              task_group group;
              for (int i = 0; i < 60; ++i) group.spawn(keep_asking(of, on, until));
              co_await sleep_for(1min);
              const auto requests_before = from.requests_served;
              const auto tokens_before = from.tokens_counted;
              co_await sleep_for(1min * minutes);
              requests_to = from.requests_served - requests_before;
              tokens_to = from.tokens_counted - tokens_before;
              group.cancel();
              co_await group.join();
            }(layer, rt, provider, requests, tokens));
  EXPECT_EQ(by.running(), 0u);
  EXPECT_EQ(by.waiting(), 0u);
  return {provider.refused,
          static_cast<double>(requests) / static_cast<double>(limits.requests * minutes),
          static_cast<double>(tokens) / static_cast<double>(limits.tokens * minutes)};
}

class Limiter : public ::testing::TestWithParam<published_limits> {};

TEST_P(Limiter, NoLimitErrorAndNothingWasted) {
  const auto& limits = GetParam();
  for (const bool says : {false, true}) {
    limiter_options options{.counting = limits.tokens_are};
    if (!says) {
      options.requests_per_minute = limits.requests;
      options.tokens_per_minute = limits.tokens;
    }
    const auto came = ninety_minutes(limits, options, says, says ? 3 : 4);
    std::printf("%-33s limits %-7s %zu limit errors, %.1f %% of requests, %.1f %% of tokens\n",
                limits.name, says ? "learned" : "set", came.refused, 100 * came.requests,
                100 * came.tokens);
    EXPECT_EQ(came.refused, 0u);
    EXPECT_GE(std::max(came.requests, came.tokens), 0.95);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Published, Limiter,
    ::testing::Values(
        published_limits{"tokens asked, last sixty seconds", counts::the_last_sixty_seconds,
                         token_counting::as_asked, 10'000, 100'000},
        published_limits{"tokens asked, each minute", counts::each_minute, token_counting::as_asked,
                         10'000, 100'000},
        published_limits{"tokens asked, bucket", counts::a_bucket, token_counting::as_asked, 10'000,
                         100'000},
        published_limits{"tokens used, last sixty seconds", counts::the_last_sixty_seconds,
                         token_counting::as_used, 10'000, 100'000},
        published_limits{"tokens used, each minute", counts::each_minute, token_counting::as_used,
                         10'000, 100'000},
        published_limits{"tokens used, bucket", counts::a_bucket, token_counting::as_used, 10'000,
                         100'000},
        published_limits{"requests, last sixty seconds", counts::the_last_sixty_seconds,
                         token_counting::as_asked, 120, 10'000'000},
        published_limits{"requests, bucket", counts::a_bucket, token_counting::as_asked, 120,
                         10'000'000}),
    [](const auto& p) {
      std::string name = p.param.name;
      std::erase_if(name, [](char c) { return c == ' ' || c == ','; });
      return name;
    });

// ---- one by one

turn answer_in(runtime::duration d) { return turn().identity("r", "m").delay(d).text({"ok"}); }

TEST(Limits, AWaitIsTold) {
  scripted::client model({answer_in(1s), answer_in(1s), answer_in(1s)});
  limiter by({.requests_per_minute = 2});
  limited layer(model, by);
  EXPECT_TRUE(run_through(layer, {&model}).events("skein.limit.wait").empty());
}

TEST(Limits, TheQueueIsInOrderAndSeen) {
  simulated_runtime rt(5);
  scripted::client model([](const chat_request&, const chat_options&) { return answer_in(1s); });
  limiter by({.concurrent = 2});
  limited layer(model, by);
  std::vector<int> order;
  std::vector<std::pair<std::size_t, std::size_t>> seen;
  sync_wait(rt,
            [](chat_client& of, limiter& l, std::vector<int>& to,
               std::vector<std::pair<std::size_t, std::size_t>>& states) -> task<> {
              const auto ask = [](chat_client& from, int i, std::vector<int>& done) -> task<> {
                co_await sleep_for(i * 1ms);
                (void)co_await collect(from.stream(asking("hi")));
                done.push_back(i);
              };
              task_group group;
              for (int i = 0; i < 5; ++i) group.spawn(ask(of, i, to));
              for (int i = 0; i < 3; ++i) {
                co_await sleep_for(900ms);
                states.emplace_back(l.running(), l.waiting());
              }
              co_await group.join();
            }(layer, by, order, seen));
  // Nothing is known of the limits before the first answer has begun, but concurrency is.
  EXPECT_EQ(order, (std::vector<int>{0, 1, 2, 3, 4}));
  EXPECT_EQ(seen, (std::vector<std::pair<std::size_t, std::size_t>>{{2, 3}, {2, 1}, {1, 0}}));
}

TEST(Limits, WhoIsStoppedLeavesTheQueue) {
  simulated_runtime rt(5);
  scripted::client model([](const chat_request&, const chat_options&) { return answer_in(10s); });
  limiter by({.requests_per_minute = 100, .concurrent = 1});
  limited layer(model, by);
  sync_wait(rt, [](chat_client& of, limiter& l) -> task<> {
    const auto began = runtime::current()->now();
    const auto ask = [](chat_client& from) -> task<> {
      (void)co_await collect(from.stream(asking("hi")));
    };
    const auto give_up = [](chat_client& from) -> task<> {
      co_await sleep_for(1s);
      (void)co_await as_result(with_deadline(2s, collect(from.stream(asking("hi")))));
    };
    const auto last = [](chat_client& from) -> task<> {
      co_await sleep_for(2s);
      (void)co_await collect(from.stream(asking("hi")));
    };
    co_await when_all(ask(of), give_up(of), last(of));
    EXPECT_EQ(runtime::current()->now() - began, 20s) << "the second one was not sent";
    EXPECT_EQ(l.waiting() + l.running(), 0u);
  }(layer, by));
}

TEST(Limits, AMinuteIsNotExceeded) {
  simulated_runtime rt(5);
  std::vector<runtime::time_point> sent;
  scripted::client model([&](const chat_request&, const chat_options&) {
    sent.push_back(rt.now());
    return answer_in(2s);
  });
  limiter by({.requests_per_minute = 2});
  limited layer(model, by);
  telemetry::span_ledger ledger;
  telemetry::scoped_provider provider(ledger);
  agent a(layer, {.name = "bot"});
  const auto began = rt.now();
  sync_wait(rt, [](agent& of) -> task<> {
    for (int i = 0; i < 3; ++i) (void)co_await of.run("hi");
  }(a));
  ASSERT_EQ(sent.size(), 3u);
  EXPECT_EQ(sent[1] - began, 2s);
  EXPECT_EQ(sent[2] - began, 60s) << "the answer to the first had begun at once";
  std::vector<telemetry::span_event> waits;
  for (const auto& s : ledger.records()) {
    for (const auto& e : s.events) {
      if (e.name != "skein.limit.wait") continue;
      EXPECT_EQ(s.name, "invoke_agent bot");
      waits.push_back(e);
    }
  }
  ASSERT_EQ(waits.size(), 1u);
  EXPECT_EQ(waits[0].attributes.at("skein.limit.duration"), 56.0);
  EXPECT_EQ(waits[0].attributes.at("skein.limit.ahead"), 0);
}

TEST(Limits, HeadersAreBelieved) {
  simulated_runtime rt(5);
  const auto says = [](rate_limits limits) {
    return turn()
        .update(response_started{.id = "r", .model = "m", .limits = limits})
        .text({"ok"})
        .usage(5, 5);
  };
  scripted::client model({says({.requests = 10, .requests_left = 9, .tokens = 5000}),
                          says({.requests = 10, .requests_left = 0}), turn().text({"ok"})});
  limiter by({.tokens_per_minute = 1000});
  limited layer(model, by);
  sync_wait(rt, [](chat_client& of, limiter& l) -> task<> {
    const auto began = runtime::current()->now();
    (void)co_await collect(of.stream(asking("hi")));
    EXPECT_EQ(l.requests_per_minute(), 10);
    EXPECT_EQ(l.tokens_per_minute(), 1000) << "the smaller one holds";
    (void)co_await collect(of.stream(asking("hi")));
    EXPECT_EQ(runtime::current()->now(), began);
    (void)co_await collect(of.stream(asking("hi")));
    EXPECT_EQ(runtime::current()->now() - began, 60s) << "others have used it up";
  }(layer, by));
}

TEST(Limits, WhatOthersUsedIsThereAgainAtTheReset) {
  struct {
    std::chrono::milliseconds reset;
    runtime::duration waits;
  } const rows[] = {{7s, 7s}, {0ms, 0s}, {5min, 60s}};
  for (const auto& row : rows) {
    simulated_runtime rt(5);
    const rate_limits used_up{.requests = 10, .requests_left = 0, .requests_reset = row.reset};
    scripted::client model(
        {turn().update(response_started{.id = "r", .model = "m", .limits = used_up}).text({"ok"}),
         turn().text({"ok"})});
    limiter by({});
    limited layer(model, by);
    sync_wait(rt, [](chat_client& of, runtime::duration waits) -> task<> {
      const auto began = runtime::current()->now();
      (void)co_await collect(of.stream(asking("hi")));
      (void)co_await collect(of.stream(asking("hi")));
      EXPECT_EQ(runtime::current()->now() - began, waits);
    }(layer, row.waits));
  }
}

// Whatever the provider says of the reset: a minute's limit is kept for what was asked here.
TEST(Limits, AResetBringsBackNothingOfOurs) {
  simulated_runtime rt(5);
  const rate_limits used_up{.requests = 1, .requests_left = 0, .requests_reset = 7s};
  scripted::client model(
      {turn().update(response_started{.id = "r", .model = "m", .limits = used_up}).text({"ok"}),
       turn().text({"ok"})});
  limiter by({});
  limited layer(model, by);
  sync_wait(rt, [](chat_client& of) -> task<> {
    const auto began = runtime::current()->now();
    (void)co_await collect(of.stream(asking("hi")));
    (void)co_await collect(of.stream(asking("hi")));
    EXPECT_EQ(runtime::current()->now() - began, 60s);
  }(layer));
}

TEST(Limits, WhileNothingIsKnownOneIsAsked) {
  simulated_runtime rt(5);
  scripted::client model([](const chat_request&, const chat_options&) {
    return turn().delay(5s).update(response_started{"r", "m"}).delay(5s).text({"ok"});
  });
  limiter by({});
  limited layer(model, by);
  sync_wait(rt, [](chat_client& of, limiter& l) -> task<> {
    const auto began = runtime::current()->now();
    std::vector<task<chat_response>> all;
    for (int i = 0; i < 4; ++i) all.push_back(collect(of.stream(asking("hi"))));
    const auto look = [](limiter& at) -> task<chat_response> {
      co_await sleep_for(4s);
      EXPECT_EQ(at.running(), 1u);
      EXPECT_EQ(at.waiting(), 3u);
      co_return chat_response{};
    };
    all.push_back(look(l));
    (void)co_await when_all(std::move(all));
    EXPECT_EQ(runtime::current()->now() - began, 15s);
  }(layer, by));
}

TEST(Limits, EverybodyWaitsWhenTheProviderSaysSo) {
  simulated_runtime rt(5);
  scripted::client model({turn().refuse(provider_error("no", {.status = 429, .retry_after = 20s})),
                          turn().text({"ok"}), turn().text({"ok"})});
  limiter by({.requests_per_minute = 100});
  limited layer(model, by);
  sync_wait(rt, [](chat_client& of) -> task<> {
    const auto began = runtime::current()->now();
    auto refused = co_await as_result(collect(of.stream(asking("hi"))));
    EXPECT_FALSE(refused);
    (void)co_await collect(of.stream(asking("hi")));
    EXPECT_EQ(runtime::current()->now() - began, 20s);
  }(layer));
}

// What was never sent takes nothing; what was sent and failed does.
TEST(Limits, WhatWasNotSentIsGivenBack) {
  for (const bool sent : {false, true}) {
    simulated_runtime rt(5);
    scripted::client model(
        {turn().fail(transport_error("no", sent ? "connection_closed" : "connect_failed")),
         turn().text({"ok"})});
    limiter by({.requests_per_minute = 1});
    limited layer(model, by);
    sync_wait(rt, [](chat_client& of, bool counts) -> task<> {
      const auto began = runtime::current()->now();
      (void)co_await as_result(collect(of.stream(asking("hi"))));
      (void)co_await collect(of.stream(asking("hi")));
      EXPECT_EQ(runtime::current()->now() - began, counts ? 60s : 0s);
    }(layer, sent));
  }
}

TEST(Limits, ARequestLargerThanAMinuteIsSentAlone) {
  simulated_runtime rt(5);
  scripted::client model(
      [](const chat_request&, const chat_options&) { return turn().text({"ok"}).usage(10, 10); });
  limiter by({.tokens_per_minute = 100, .counting = token_counting::as_used});
  limited layer(model, by);
  sync_wait(rt, [](chat_client& of) -> task<> {
    const auto began = runtime::current()->now();
    (void)co_await collect(of.stream(asking("hi")));
    (void)co_await collect(of.stream(asking(std::string(4000, 'x'))));
    EXPECT_EQ(runtime::current()->now() - began, 60s);
  }(layer));
}

TEST(Limits, ZeroIsNoLimit) {
  EXPECT_THROW(limiter({.concurrent = 0}), usage_error);
  EXPECT_THROW(limiter({.tokens_per_minute = 0}), usage_error);
}

TEST(Limits, LeftAnywhereNothingIsHeld) {
  struct world {
    scripted::client model{std::vector<turn>{
        turn().delay(1s).refuse(provider_error("no", {.status = 503, .retry_after = 2s})),
        answer_in(2s)}};
    limiter by{{.requests_per_minute = 1, .concurrent = 1}};
    limited within{model, by};
    retrying layer{within};
    chat_client& front() { return layer; }
    std::vector<scripted::client*> models() { return {&model}; }
    void check() { EXPECT_EQ(by.running() + by.waiting(), 0u); }
  };
  leave_everywhere<world>(5s);
}

TEST(Limits, AreTheSameEverywhere) {
  scenario s{
      .turns = {hello(), hello(), hello()},
      .play = [](stage& st) -> task<> {
        limiter by({.requests_per_minute = 100, .tokens_per_minute = 100'000, .concurrent = 1});
        limited layer(st.model, by);
        skein::agent a(layer, {.name = "bot"});
        std::vector<task<agent_response>> all;
        for (int i = 0; i < 3; ++i) all.push_back(a.run("hi"));
        for (const auto& r : co_await when_all(std::move(all))) st.result += show(r) + '\n';
        EXPECT_EQ(by.running() + by.waiting(), 0u);
      },
      .updates = scenario::order::free,
  };
  play(s);
}

}  // namespace
}  // namespace skein::test
