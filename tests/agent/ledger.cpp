// What a run's ledger says of single requests, and what breaks its laws. Whole trees are in
// tests/laws/conservation_test.cpp.
#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <opentelemetry/sdk/common/global_log_handler.h>

#include <skein/agent/agent.hpp>
#include <skein/async/result.hpp>
#include <skein/async/run.hpp>
#include <skein/async/simulated_runtime.hpp>
#include <skein/async/time.hpp>
#include <skein/core/error.hpp>
#include <skein/providers/scripted.hpp>
#include <skein/telemetry/install.hpp>
#include <skein/telemetry/law.hpp>
#include <skein/telemetry/ledger.hpp>

#include "chat/book.hpp"
#include "law_watch.hpp"
#include "scripted_embedder.hpp"
#include "telemetry/signals.hpp"

namespace skein::test {
namespace {

using scripted::turn;
using namespace std::chrono_literals;
namespace semconv = telemetry::semconv;

price_table prices() {
  return price_table({{.provider = "scripted",
                       .model = "scripted-1",
                       .from = std::chrono::sys_days(std::chrono::days(0)),
                       .input = *usd::parse("1"),
                       .output = *usd::parse("2")}});
}

struct cut_at {
  ledger book;
  std::vector<telemetry::span_record> spans;
};

// A run that is dropped after so many updates.
cut_at dropped_after(std::size_t updates, std::vector<turn> turns) {
  telemetry::install();
  telemetry::span_ledger ledger;
  telemetry::scoped_provider provider(ledger);
  scripted::client model(std::move(turns));
  model.prices = prices();
  agent bot(model, {.name = "bot", .instructions = "12345678"});
  cut_at out;
  simulated_runtime rt(1);
  sync_wait(rt, [&]() -> task<> {
    auto run = bot.stream("1234");
    for (std::size_t i = 0; i < updates; ++i) {
      if (co_await run.next() == nullptr) break;
    }
    out.book = run.response().ledger;
  }());
  out.spans = ledger.records();
  return out;
}

TEST(Ledger, CountsWhatArrivedAtEveryCut) {
  // 12 bytes are asked, "ab", "cde" and "fghij" arrive, then the provider's count.
  auto script = [] { return std::vector{turn().text({"ab", "cde", "fghij"}).usage(5, 4)}; };
  struct {
    std::size_t updates;
    std::uint64_t bytes;
    token_estimate estimated;
    std::optional<std::int64_t> reported;
  } const expected[] = {{0, 0, {0, 0}, {}},  {1, 2, {3, 1}, {}}, {2, 5, {3, 2}, {}},
                        {3, 10, {3, 3}, {}}, {4, 10, {0, 0}, 4}, {5, 10, {0, 0}, 4}};
  std::int64_t before = 0;
  for (const auto& e : expected) {
    SCOPED_TRACE(e.updates);
    auto cut = dropped_after(e.updates, script());
    if (e.updates == 0) {
      EXPECT_TRUE(cut.book.calls.empty());
      continue;
    }
    ASSERT_EQ(cut.book.calls.size(), 1u);
    const auto& call = cut.book.calls[0];
    EXPECT_EQ(call.bytes, e.bytes);
    EXPECT_EQ(call.estimated, e.estimated);
    EXPECT_EQ(call.usage.output, e.reported);
    EXPECT_GE(call.tokens(), before);
    before = call.tokens();
    const auto& span = cut.spans.at(0);
    ASSERT_EQ(span.name, "chat scripted-1");
    EXPECT_EQ(span.attributes.contains(semconv::usage_estimated_output), e.estimated.output != 0);
    EXPECT_EQ(span.attributes.contains(semconv::usage_output_tokens), e.reported.has_value())
        << "an estimate is never what a provider reported";
    EXPECT_EQ(usd::from_dollars(span.attributes.at(semconv::usage_cost).as_double()), call.cost);
    EXPECT_EQ(cut.spans.at(1).attributes.at(semconv::usage_cost),
              span.attributes.at(semconv::usage_cost));
  }
}

TEST(Ledger, ACountSoFarIsFilledUp) {
  auto cut = dropped_after(2, {turn().usage(7, 1).text({std::string(40, 'x')})});
  const auto& call = cut.book.calls.at(0);
  EXPECT_EQ(call.usage, (usage{.input = 7, .output = 1}));
  EXPECT_EQ(call.estimated, (token_estimate{.input = 0, .output = 9}));
  EXPECT_EQ(call.cost, usd::parse("0.000027"));
}

TEST(Ledger, WhatWasRefusedUsedNothing) {
  telemetry::install();
  scripted::client model({turn().refuse(provider_error("busy", {.status = 429}))});
  agent bot(model, {.name = "bot"});
  simulated_runtime rt(1);
  sync_wait(rt, [&]() -> task<> {
    auto run = bot.stream("hello");
    auto next = [](agent_run& r) -> task<> { (void)co_await r.next(); };
    auto ended = co_await as_result(next(run));
    EXPECT_FALSE(ended);
    const auto& book = run.response().ledger;
    EXPECT_EQ(book.calls.size(), 1u);
    EXPECT_EQ(book.calls.at(0).end, telemetry::outcome::error);
    EXPECT_EQ(book.calls.at(0).tokens(), 0);
    EXPECT_EQ(book.total().cost(), usd()) << "though its price is not known";
  }());
}

TEST(Ledger, AnUnknownPriceIsUnknown) {
  telemetry::install();
  scripted::client known({turn().text({"a"}).usage(1'000'000, 0)});
  known.prices = prices();
  scripted::client unknown({turn().call("ask", "{}").usage(1, 1), turn().usage(1, 1)});
  unknown.prices = price_table();
  agent bot(unknown, {.name = "bot", .tools = {tool("ask", "Asks", [&]() -> task<std::string> {
                                       auto answer = co_await collect(
                                           known.stream({.messages = {user_message("hi")}}));
                                       co_return answer.text();
                                     })}});
  simulated_runtime rt(1);
  auto response = sync_wait(rt, bot.run("hi"));
  const auto& book = response.ledger;
  ASSERT_EQ(book.calls.size(), 3u);
  EXPECT_EQ(book.calls[1].tool, "ask");
  EXPECT_EQ(book.own().calls, 2u);
  EXPECT_EQ(book.own().cost(), std::nullopt);
  EXPECT_EQ(book.total().cost(), std::nullopt);
  EXPECT_EQ(book.total().known_cost, usd::parse("1"));
  EXPECT_EQ(response.usage.input, 2) << "what its tools ask is not the agent's own";
}

// ---- embeddings

price_table price_of_vectors() {
  return price_table({{.provider = "vectors",
                       .model = "v-1",
                       .from = std::chrono::sys_days(std::chrono::days(0)),
                       .input = *usd::parse("4"),
                       .output = usd()}});
}

struct embedded {
  ledger book;
  usage reported;
  std::string threw;
  std::vector<telemetry::span_record> spans;
  [[nodiscard]] const telemetry::span_record& span(std::string_view name, std::size_t n = 0) const {
    for (const auto& s : spans) {
      if (s.name == name && n-- == 0) return s;
    }
    throw std::out_of_range(std::string(name));
  }
};

// An agent whose tool embeds `text`, at most twice.
embedded embed_in_a_tool(scripted_embedder::work work, std::string text, run_options options = {}) {
  telemetry::install();
  telemetry::span_ledger ledger;
  telemetry::scoped_provider provider(ledger);
  scripted::client model({turn().call("look", "{}").usage(5, 1), turn().text({"ok"}).usage(7, 2)});
  model.prices = prices();
  scripted_embedder vectors(std::move(work));
  vectors.prices = price_of_vectors();
  agent bot(model, {.name = "bot", .tools = {tool("look", "Looks", [&]() -> task<std::string> {
                                     auto first = co_await as_result(vectors.embed({text}));
                                     if (!first) (void)co_await vectors.embed({text});
                                     co_return "seen";
                                   })}});
  embedded out;
  simulated_runtime rt(1);
  sync_wait(rt, [&]() -> task<> {
    auto run = bot.stream("1234", std::move(options));
    auto drain = [](agent_run& r) -> task<> {
      while (co_await r.next()) {}
    };
    auto ended = co_await as_result(drain(run));
    if (!ended) out.threw = telemetry::error_type_of(ended.error());
    out.book = run.response().ledger;
    out.reported = run.response().usage;
  }());
  out.spans = ledger.records();
  EXPECT_EQ(ledger.started(), ledger.ended());
  return out;
}

task<> answers(embeddings& to) {
  to.model = "v-1-2026";
  to.usage = {.input = 1000};
  co_return;
}

TEST(LedgerOfEmbeddings, OneIsALineAndNotTheAgentsOwn) {
  const auto r = embed_in_a_tool(answers, "abcd");
  ASSERT_EQ(r.book.calls.size(), 3u);
  const auto& line = r.book.calls[1];
  EXPECT_EQ(line, (model_call{.operation = model_operation::embeddings,
                              .provider = "vectors",
                              .model = "v-1-2026",
                              .tool = "look",
                              .usage = {.input = 1000},
                              .end = telemetry::outcome::ok,
                              .cost = usd::parse("0.004")}));
  EXPECT_EQ(r.book.own().usage, (usage{.input = 12, .output = 3}));
  EXPECT_EQ(r.reported, r.book.own().usage);
  EXPECT_EQ(r.book.total().usage, (usage{.input = 1012, .output = 3}));
  const auto& span = r.span("embeddings v-1").attributes;
  EXPECT_EQ(span.at(semconv::usage_input_tokens), 1000);
  EXPECT_EQ(usd::from_dollars(span.at(semconv::usage_cost).as_double()), line.cost);
  EXPECT_FALSE(span.contains(semconv::usage_estimated_input));
  EXPECT_EQ(r.span("invoke_agent bot").attributes.at(semconv::usage_input_tokens), 12);
}

TEST(LedgerOfEmbeddings, EachAttemptIsALine) {
  int asked = 0;
  const auto busy_once = [&](embeddings& to) -> task<> {
    if (asked++ == 0) {
      throw provider_error("busy", {.status = 503, .request_id = "req_7"});
    }
    co_await answers(to);
  };
  const auto r = embed_in_a_tool(busy_once, "abcd");
  ASSERT_EQ(r.book.calls.size(), 4u);
  EXPECT_EQ(r.book.calls[1].end, telemetry::outcome::error);
  EXPECT_EQ(r.book.calls[1].tokens(), 0) << "what was refused used nothing";
  EXPECT_EQ(r.book.calls[1].cost, usd());
  EXPECT_EQ(r.book.calls[2].usage.input, 1000);
  const auto& failed = r.span("embeddings v-1").attributes;
  EXPECT_EQ(failed.at("error.type"), "503");
  EXPECT_EQ(failed.at(semconv::provider_request_id), "req_7");
  EXPECT_FALSE(failed.contains(semconv::usage_input_tokens));
  EXPECT_FALSE(r.span("embeddings v-1", 1).attributes.contains(semconv::provider_request_id));
}

TEST(LedgerOfEmbeddings, WhatWasUsedBeforeAFailureCounts) {
  const auto half = [](embeddings& to) -> task<> {
    co_await answers(to);
    throw transport_error("gone", "connection_closed");
  };
  const auto r = embed_in_a_tool(half, "abcd");
  ASSERT_EQ(r.book.calls.size(), 4u);
  for (const auto i : {1U, 2U}) {
    EXPECT_EQ(r.book.calls[i].end, telemetry::outcome::error);
    EXPECT_EQ(r.book.calls[i].usage.input, 1000);
    EXPECT_EQ(r.span("embeddings v-1", i - 1).attributes.at(semconv::usage_input_tokens), 1000);
  }
}

TEST(LedgerOfEmbeddings, WhatWasStoppedIsEstimated) {
  const auto slow = [](embeddings& to) -> task<> {
    co_await sleep_for(10s);
    co_await answers(to);
  };
  const auto r = embed_in_a_tool(slow, "abcdefghi", {.deadline = 3s});
  EXPECT_EQ(r.threw, "skein::cancelled");
  ASSERT_EQ(r.book.calls.size(), 2u);
  const auto& line = r.book.calls[1];
  EXPECT_EQ(line.end, telemetry::outcome::deadline);
  EXPECT_EQ(line.estimated, (token_estimate{.input = 3}));
  EXPECT_EQ(line.cost, usd::parse("0.000012"));
  const auto& span = r.span("embeddings v-1").attributes;
  EXPECT_EQ(span.at(semconv::usage_estimated_input), 3);
  EXPECT_EQ(usd::from_dollars(span.at(semconv::usage_cost).as_double()), line.cost);
}

TEST(LedgerOfEmbeddings, WhatIsDroppedIsEstimated) {
  telemetry::install();
  telemetry::span_ledger ledger;
  telemetry::scoped_provider provider(ledger);
  scripted::client model({turn().call("look", "{}").call("wait", "{}")});
  scripted_embedder vectors([](embeddings& to) -> task<> {
    co_await answers(to);
    co_await sleep_for(10s);
  });
  vectors.prices = price_of_vectors();
  const tool look("look", "Looks", [&]() -> task<std::string> {
    (void)co_await vectors.embed({"abcdefghi"});
    co_return "seen";
  });
  const tool wait("wait", "Waits", []() -> task<std::string> {
    co_await sleep_for(1s);
    co_return "waited";
  });
  agent bot(model, {.name = "bot", .tools = {look, wait}});
  skein::ledger book;
  simulated_runtime rt(1);
  sync_wait(rt, [&]() -> task<> {
    auto run = bot.stream("1234");
    while (auto* update = co_await run.next()) {
      if (std::holds_alternative<tool_finished>(*update)) break;
    }
    book = run.response().ledger;
  }());
  ASSERT_EQ(book.calls.size(), 2u);
  const auto& line = book.calls[1];
  EXPECT_FALSE(line.end) << "it was read before the run was dropped";
  EXPECT_EQ(line.estimated, (token_estimate{.input = 3}));
  for (const auto& s : ledger.records()) {
    if (s.name != "embeddings v-1") continue;
    EXPECT_EQ(s.attributes.at(semconv::usage_estimated_input), 3) << "the span says the same";
    EXPECT_FALSE(s.attributes.contains(semconv::usage_input_tokens));
    EXPECT_EQ(usd::from_dollars(s.attributes.at(semconv::usage_cost).as_double()), line.cost);
  }
}

// ---- the laws are watched

struct watched {
  metric_book metrics;
  log_book logs;
  std::optional<scoped_signals> signals;
  watched() { signals.emplace(metrics, logs); }
  [[nodiscard]] double violations(std::string_view law) const {
    double sum = 0;
    for (const auto& p : metrics.all(semconv::metrics::law_violations.name)) {
      if (p.at(semconv::law) == law) sum += p.sum;
    }
    return sum;
  }
};

TEST(LawsAreWatched, WhatOutlivesItsTool) {
  telemetry::install();
  watched w;
  expect_violations(1);
  scripted::client model({turn().call("leak", "{}").usage(1, 1), turn().text({"a"}).usage(2, 2),
                          turn().text({"done"}).usage(3, 3)});
  std::optional<chat_stream> kept;
  agent bot(model, {.name = "bot", .tools = {tool("leak", "Leaks", [&]() -> task<> {
                                     kept.emplace(model.stream({.messages = {user_message("hi")}}));
                                     (void)co_await kept->next();
                                   })}});
  simulated_runtime rt(1);
  (void)sync_wait(rt, bot.run("hi"));
  EXPECT_EQ(w.violations("closure"), 1);
  kept.reset();
}

TEST(LawsAreWatched, AnAgentThatSaysMoreThanItsRequests) {
  watched w;
  expect_violations(1);
  detail::open_run run(context(), "bot");
  {
    detail::open_call call(run.inside(context()), {.provider = "p", .model = "m"});
    call.reported({.input = 3, .output = 4});
    call.close(telemetry::outcome::ok, {.input = 3, .output = 4});
  }
  run.check({.input = 3, .output = 4});
  EXPECT_EQ(w.violations("conservation"), 0);
  run.check({.input = 6, .output = 8});
  EXPECT_EQ(w.violations("conservation"), 1);
}

}  // namespace
}  // namespace skein::test
