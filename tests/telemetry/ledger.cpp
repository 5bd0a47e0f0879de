// What the ledger keeps of spans.
#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <opentelemetry/trace/propagation/http_trace_context.h>
#include <opentelemetry/trace/provider.h>

#include "support.hpp"

namespace skein::test {
namespace {

namespace trace = opentelemetry::trace;
namespace nostd = opentelemetry::nostd;
using telemetry::operation;
using telemetry::outcome;

class Ledger : public ::testing::Test {
 protected:
  static nostd::shared_ptr<trace::Tracer> tracer() {
    return trace::Provider::GetTracerProvider()->GetTracer("theirs", "1.2");
  }
  telemetry::span_ledger ledger_;
  telemetry::scoped_provider provider_{ledger_};
};

TEST_F(Ledger, KeepsTheOrderOfEnds) {
  auto a = tracer()->StartSpan("a");
  auto b = tracer()->StartSpan("b");
  EXPECT_EQ(ledger_.started(), 2U);
  EXPECT_EQ(ledger_.ended(), 0U);
  ASSERT_EQ(ledger_.open().size(), 2U);
  EXPECT_EQ(ledger_.open()[0].name, "a");
  b->End();
  a->End();
  ASSERT_EQ(ledger_.records().size(), 2U);
  EXPECT_EQ(ledger_.records()[0].name, "b");
  EXPECT_TRUE(ledger_.open().empty());
  EXPECT_TRUE(ledger_.ended_twice().empty());
}

TEST_F(Ledger, KeepsAllOfASpan) {
  const std::array<double, 2> doubles{1.5, 2};
  const std::array<nostd::string_view, 2> strings{"x", "y"};
  trace::StartSpanOptions options;
  options.kind = trace::SpanKind::kProducer;
  auto linked = tracer()->StartSpan("linked");
  auto span = tracer()->StartSpan(
      "all",
      {{"text", "t"},
       {"flag", true},
       {"int", std::int64_t{-3}},
       {"big", std::uint64_t{1} << 63U},
       {"double", 0.5},
       {"doubles", nostd::span<const double>(doubles.data(), doubles.size())},
       {"strings", nostd::span<const nostd::string_view>(strings.data(), strings.size())}},
      {{linked->GetContext(), {{"why", "fan-in"}}}}, options);
  span->AddEvent("event", {{"key", "value"}});
  span->SetStatus(trace::StatusCode::kError, "why");
  span->End();
  auto r = named(ledger_.records(), "all");
  json::object expected{{"big", std::uint64_t{1} << 63U},
                        {"double", 0.5},
                        {"doubles", {1.5, 2.0}},
                        {"flag", true},
                        {"int", -3},
                        {"strings", {"x", "y"}},
                        {"text", "t"}};
  EXPECT_EQ(r.attributes, expected);
  EXPECT_EQ(json::serialize(r.attributes), json::serialize(expected)) << "sorted by key";
  EXPECT_EQ(r.kind, telemetry::span_kind::producer);
  EXPECT_EQ(r.status, telemetry::span_status::error);
  EXPECT_EQ(r.status_message, "why");
  EXPECT_EQ(r.scope_name, "theirs");
  EXPECT_EQ(r.scope_version, "1.2");
  EXPECT_EQ(r.resource.at("telemetry.sdk.language"), "cpp");
  ASSERT_EQ(r.events.size(), 1U);
  EXPECT_EQ(r.events[0].name, "event");
  EXPECT_GE(r.events[0].time, r.start);
  EXPECT_EQ(r.events[0].attributes, (json::object{{"key", "value"}}));
  ASSERT_EQ(r.links.size(), 1U);
  EXPECT_EQ(r.links[0].attributes, (json::object{{"why", "fan-in"}}));
  EXPECT_EQ(r.links[0].span_id, ledger_.open().at(0).span_id);
  EXPECT_LE(r.start, r.end);
  // Of this year, in nanoseconds.
  EXPECT_GT(r.start, 1'700'000'000'000'000'000);
}

TEST_F(Ledger, KnowsARemoteParent) {
  const std::uint8_t t[16] = {1};
  const std::uint8_t s[8] = {2};
  trace::StartSpanOptions options;
  options.parent =
      trace::SpanContext(trace::TraceId(t), trace::SpanId(s), trace::TraceFlags(1), true);
  tracer()->StartSpan("served", options)->End();
  auto served = named(ledger_.records(), "served");
  EXPECT_TRUE(served.parent_is_remote);
  EXPECT_EQ(served.parent_span_id, "0200000000000000");
  tracer()->StartSpan("root")->End();
  EXPECT_FALSE(named(ledger_.records(), "root").parent_is_remote);
}

TEST_F(Ledger, ForgetsWhatItIsTold) {
  auto open = tracer()->StartSpan("open");
  ledger_.clear();
  EXPECT_EQ(ledger_.started(), 0U);
  open->End();
  EXPECT_THAT(ledger_.ended_twice(), ::testing::ElementsAre("open"));
}

TEST_F(Ledger, ReplacesInvalidUtf8OfAttributes) {
  tracer()->StartSpan("span", {{"text", "a\xFF"}})->End();
  EXPECT_EQ(ledger_.records().at(0).attributes.at("text"), "a\xEF\xBF\xBD");
}

TEST(ScopedProvider, PutsTheOneFromBeforeBack) {
  auto before = trace::Provider::GetTracerProvider();
  telemetry::span_ledger outer;
  telemetry::span_ledger inner;
  {
    telemetry::scoped_provider first(outer);
    { telemetry::scoped_provider second(inner); }
    operation("op", operation::kind::internal, {}, {}).end(outcome::ok);
  }
  EXPECT_EQ(trace::Provider::GetTracerProvider().get(), before.get());
  EXPECT_EQ(outer.ended(), 1U);
  EXPECT_EQ(inner.ended(), 0U);
}

TEST(ScopedProvider, MayDieBeforeItsSpansAndTheLedgerBeforeBoth) {
  nostd::shared_ptr<trace::Span> span;
  {
    telemetry::span_ledger ledger;
    telemetry::scoped_provider provider(ledger);
    span = trace::Provider::GetTracerProvider()->GetTracer("t")->StartSpan("late");
  }
  span->End();
}

}  // namespace
}  // namespace skein::test
