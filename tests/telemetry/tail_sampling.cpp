// Tail sampling: all of a trace or none of it, whatever the order, and never more in memory than
// was agreed.
#include <map>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <opentelemetry/sdk/trace/span_data.h>

#include <skein/core/error.hpp>
#include <skein/telemetry/setup.hpp>

#include "signals.hpp"
#include "support.hpp"
#include "telemetry/tail_buffer.hpp"

namespace skein::test {
namespace {

using namespace telemetry;
using rule = tail_sampling::rule;

operation span_in(const context& parent, const char* name) {
  return {name, operation::kind::internal, parent, {}};
}
void a_trace(const char* root, std::size_t children = 2, bool fails = false) {
  auto top = span_in({}, root);
  for (std::size_t i = 0; i < children; ++i) {
    auto child = span_in(top.inside(), "child");
    if (fails && i == 0) {
      child.fail(std::make_exception_ptr(tool_error("x")), capture::off);
    } else {
      child.end(outcome::ok);
    }
  }
  top.end(outcome::ok);
}
std::map<std::string, std::size_t> spans_by_root(const span_ledger& ledger) {
  std::map<std::string, std::string> root_of;
  std::map<std::string, std::size_t> count;
  for (const auto& r : ledger.records()) {
    if (r.parent_span_id.empty()) root_of[r.trace_id] = r.name;
  }
  for (const auto& r : ledger.records()) ++count[root_of[r.trace_id]];
  return count;
}
using counts = std::map<std::string, std::size_t>;

tail_sampling nothing() { return {.errors = rule::off, .new_shapes = rule::off}; }

TEST(TailSampling, KeepsWhatARuleAsksForAsAWhole) {
  span_ledger ledger;
  auto rules = nothing();
  rules.errors = rule::keep;
  rules.also = [](const trace_summary& s) { return s.root == "wanted" && s.spans == 3; };
  {
    auto p = setup({.exporters = {ledger}, .tail = rules});
    a_trace("dull");
    a_trace("failing", 2, true);
    a_trace("wanted");
    a_trace("dull");
    EXPECT_EQ(p.flush().unsampled, 6u);
  }
  EXPECT_EQ(spans_by_root(ledger), (counts{{"failing", 3}, {"wanted", 3}}));
  EXPECT_EQ(ledger.started(), ledger.ended()) << "nobody hears of those that are not kept";
}

TEST(TailSampling, KeepsSlowAndExpensiveOnes) {
  span_ledger ledger;
  auto rules = nothing();
  rules.more_tokens_than = 100;
  auto p = setup({.exporters = {ledger}, .tail = rules});
  for (std::int64_t tokens : {60, 30}) {
    operation agent(semconv::spans::invoke_agent, tokens == 60 ? "dear" : "cheap", {},
                    {{"gen_ai.operation.name", "invoke_agent"}});
    for (int i = 0; i < 2; ++i) {
      operation chat(semconv::spans::inference, "chat", agent.inside(),
                     {{"gen_ai.operation.name", "chat"}});
      chat.set(semconv::usage_input_tokens, tokens - 1);
      chat.set(semconv::usage_output_tokens, std::int64_t{1});
      chat.end(outcome::ok);
    }
    agent.set(semconv::usage_input_tokens, 2 * tokens);  // a sum, not to be counted again
    agent.end(outcome::ok);
  }
  EXPECT_EQ(spans_by_root(ledger), (counts{{"dear", 3}}));
}

TEST(TailSampling, KeepsTheFirstOfAShape) {
  span_ledger ledger;
  auto rules = nothing();
  rules.new_shapes = rule::keep;
  auto p = setup({.exporters = {ledger}, .tail = rules});
  a_trace("a", 2);
  a_trace("a", 5);  // the same, with more turns
  a_trace("a", 0);
  a_trace("a", 2, true);
  a_trace("a", 4, true);
  EXPECT_EQ(spans_by_root(ledger), (counts{{"a", 3 + 1 + 3}}));
}

TEST(TailSampling, TakesTheRatioOfTheRest) {
  span_ledger ledger;
  auto rules = nothing();
  rules.ratio = 0.25;
  auto p = setup({.exporters = {ledger}, .tail = rules});
  for (int i = 0; i < 2000; ++i) a_trace("a", 1);
  EXPECT_NEAR(static_cast<double>(ledger.ended()) / 4000, 0.25, 0.05);
}

TEST(TailSampling, WaitsForWhatOutlivesTheRoot) {
  span_ledger ledger;
  auto rules = nothing();
  rules.errors = rule::keep;
  auto p = setup({.exporters = {ledger}, .tail = rules});
  auto top = span_in({}, "top");
  auto background = span_in(top.inside(), "background");
  top.end(outcome::ok);
  EXPECT_EQ(ledger.ended(), 0u);
  background.fail(std::make_exception_ptr(tool_error("x")), capture::off);
  EXPECT_EQ(ledger.ended(), 2u);
}

TEST(TailSampling, WhatStartsInATraceThatWasOverGoesTheSameWay) {
  span_ledger ledger;
  auto rules = nothing();
  rules.also = [](const trace_summary& s) { return s.root == "kept"; };
  auto p = setup({.exporters = {ledger}, .tail = rules});
  for (const char* name : {"kept", "dropped"}) {
    auto top = span_in({}, name);
    auto inside = top.inside();
    top.end(outcome::ok);
    auto late = span_in(inside, "late");
    late.fail(std::make_exception_ptr(tool_error("x")), capture::off);
  }
  EXPECT_EQ(spans_by_root(ledger), (counts{{"kept", 2}}));
}

TEST(TailSampling, AnUnfinishedTraceIsDecidedAtTheEnd) {
  span_ledger ledger;
  auto rules = nothing();
  rules.errors = rule::keep;
  auto p = std::make_unique<pipeline>(setup({.exporters = {ledger}, .tail = rules}));
  auto top = span_in({}, "top");
  auto child = span_in(top.inside(), "child");
  child.fail(std::make_exception_ptr(tool_error("x")), capture::off);
  p.reset();
  EXPECT_EQ(ledger.ended(), 1u);
  top.end(outcome::ok);
}

TEST(TailSampling, MetricsDoNotKnowOfIt) {
  metric_book book;
  log_book logs;
  span_ledger ledger;
  auto p = setup({.exporters = {ledger}, .tail = nothing()});
  scoped_signals here(book, logs);
  for (int i = 0; i < 10; ++i) {
    operation chat(semconv::spans::inference, "chat", {}, {{"gen_ai.operation.name", "chat"}});
    chat.measure(semconv::metrics::input_tokens, 7, "unknown");
    chat.end(outcome::ok);
  }
  EXPECT_EQ(ledger.ended(), 0u);
  EXPECT_EQ(book.sum(semconv::metrics::input_tokens.name), 70);
}

TEST(TailSampling, AQueueHasRoomForATraceThatComesAllAtOnce) {
  struct counting final : opentelemetry::sdk::trace::SpanExporter {
    explicit counting(std::size_t& n) : count(n) {}
    std::unique_ptr<opentelemetry::sdk::trace::Recordable> MakeRecordable() noexcept override {
      return std::make_unique<opentelemetry::sdk::trace::SpanData>();
    }
    opentelemetry::sdk::common::ExportResult Export(
        const opentelemetry::nostd::span<std::unique_ptr<opentelemetry::sdk::trace::Recordable>>&
            some) noexcept override {
      count += some.size();
      return opentelemetry::sdk::common::ExportResult::kSuccess;
    }
    bool ForceFlush(std::chrono::microseconds) noexcept override { return true; }
    bool Shutdown(std::chrono::microseconds) noexcept override { return true; }
    std::size_t& count;
  };
  std::size_t count = 0;
  auto p = setup({.exporters = {std::make_unique<counting>(count)},
                  .batch = batch_options{.max_queue_size = 10, .max_batch_size = 5},
                  .tail = tail_sampling{}});
  a_trace("long", 5000);
  auto sent = p.flush();
  EXPECT_EQ(sent.delivered, 5001u);
  EXPECT_EQ(sent.dropped, 0u);
  EXPECT_EQ(count, 5001u);
}

// Any order of starts and ends, of any number of traces at once: each goes as a whole.
TEST(TailBuffer, IsAllOrNothingInAnyOrderAndStaysInItsBounds) {
  for (unsigned seed = 0; seed < 300; ++seed) {
    std::mt19937 random(seed);
    auto below = [&](std::size_t n) { return static_cast<std::size_t>(random() % n); };
    auto rules = nothing();
    rules.errors = rule::keep;
    rules.ratio = 0.3;
    rules.max_spans = below(2) == 0 ? 20 : 1000;
    tail_buffer buffer(rules);
    std::map<std::size_t, std::size_t> ended;
    std::map<std::size_t, std::size_t> exported;
    std::vector<std::size_t> running;  // traces, once for each open span
    std::size_t to_start = 200;
    auto take = [&](std::vector<tail_buffer::span_ptr> out) {
      for (auto& s : out) {
        const auto name = static_cast<opentelemetry::sdk::trace::SpanData&>(*s).GetName();
        ++exported[std::stoul(std::string(name))];
      }
    };
    auto key = [](std::size_t t) {
      span_facts::trace_key k{};
      std::mt19937_64 bits(t);
      for (auto& byte : k) byte = static_cast<std::uint8_t>(bits());
      return k;
    };
    std::uint64_t id = 0;
    while (to_start > 0 || !running.empty()) {
      if (to_start > 0 && (running.empty() || below(2) == 0)) {
        running.push_back(below(12));
        buffer.started(key(running.back()));
        --to_start;
        continue;
      }
      const auto at = below(running.size());
      const auto trace = running[at];
      running.erase(running.begin() + static_cast<std::ptrdiff_t>(at));
      auto span = std::make_unique<opentelemetry::sdk::trace::SpanData>();
      span->SetName(std::to_string(trace));
      ++ended[trace];
      take(buffer.ended({.trace = key(trace), .span = ++id, .name = "s", .failed = below(15) == 0},
                        std::move(span)));
      ASSERT_LE(buffer.waiting(), rules.max_spans) << "seed " << seed;
    }
    take(buffer.finish());
    std::size_t dropped = 0;
    for (auto [trace, n] : ended) {
      ASSERT_TRUE(exported[trace] == n || exported[trace] == 0)
          << "seed " << seed << ": " << exported[trace] << " of " << n;
      if (exported[trace] == 0) dropped += n;
    }
    ASSERT_EQ(buffer.take_dropped(), dropped) << "seed " << seed;
    ASSERT_EQ(buffer.waiting(), 0u);
  }
}

TEST(TailSampling, ManyThreadsMayEndSpans) {
  span_ledger ledger;
  auto rules = nothing();
  rules.ratio = 0.5;
  auto p = setup({.exporters = {ledger}, .tail = rules});
  std::vector<std::jthread> all;
  for (int t = 0; t < 4; ++t) {
    all.emplace_back([] {
      for (int i = 0; i < 200; ++i) a_trace("a", 3);
    });
  }
  all.clear();
  std::map<std::string, std::size_t> spans;
  for (const auto& r : ledger.records()) ++spans[r.trace_id];
  for (const auto& [id, n] : spans) EXPECT_EQ(n, 4u);
  EXPECT_EQ(ledger.ended() + p.flush().unsampled, 4u * 200 * 4);
}

}  // namespace
}  // namespace skein::test
