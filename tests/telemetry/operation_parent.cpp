// The parent of an operation is what its owner says, never what happens to be current.
#include <gtest/gtest.h>
#include <opentelemetry/trace/context.h>
#include <opentelemetry/trace/provider.h>
#include <opentelemetry/trace/scope.h>

#include <skein/async/strand.hpp>
#include <skein/telemetry/install.hpp>

#include "support.hpp"

namespace skein::test {
namespace {

using telemetry::operation;
using telemetry::outcome;
namespace trace = opentelemetry::trace;

class OperationParent : public ::testing::Test {
 protected:
  OperationParent() { telemetry::install(); }
  static auto start_ordinary(const char* name) {
    return trace::Provider::GetTracerProvider()->GetTracer("theirs")->StartSpan(name);
  }
  telemetry::span_ledger ledger_;
  telemetry::scoped_provider provider_{ledger_};
};

TEST_F(OperationParent, IsTheSpanInTheGivenContext) {
  operation outer("outer", operation::kind::internal, {}, {});
  operation inner("inner", operation::kind::client, outer.inside(), {});
  inner.end(outcome::ok);
  outer.end(outcome::ok);
  auto records = ledger_.records();
  EXPECT_EQ(named(records, "inner").parent_span_id, named(records, "outer").span_id);
  EXPECT_EQ(named(records, "inner").trace_id, named(records, "outer").trace_id);
  EXPECT_EQ(named(records, "inner").kind, telemetry::span_kind::client);
  EXPECT_EQ(named(records, "outer").kind, telemetry::span_kind::internal);
}

TEST_F(OperationParent, IsNobodyWithoutOneAlthoughASpanIsCurrent) {
  auto ambient = start_ordinary("ambient");
  trace::Scope scope(ambient);
  operation root("root", operation::kind::internal, {}, {});
  root.end(outcome::ok);
  auto root_record = named(ledger_.records(), "root");
  EXPECT_EQ(root_record.parent_span_id, "");
  EXPECT_NE(root_record.trace_id.substr(0, 32), std::string(32, '0'));
}

TEST_F(OperationParent, IsTheGivenOneAlthoughAnotherSpanIsCurrent) {
  operation outer("outer", operation::kind::internal, {}, {});
  auto ambient = start_ordinary("ambient");
  trace::Scope scope(ambient);
  operation inner("inner", operation::kind::internal, outer.inside(), {});
  inner.end(outcome::ok);
  outer.end(outcome::ok);
  auto records = ledger_.records();
  EXPECT_EQ(named(records, "inner").parent_span_id, named(records, "outer").span_id);
}

TEST_F(OperationParent, OfOrdinarySpansIsTheOperationWhoseContextIsCurrent) {
  operation tool("tool", operation::kind::internal, {}, {});
  {
    context_scope scope(tool.inside());
    auto http = start_ordinary("GET /");
    trace::Scope nested(http);
    start_ordinary("parse")->End();
    http->End();
  }
  start_ordinary("elsewhere")->End();
  tool.end(outcome::ok);
  auto records = ledger_.records();
  EXPECT_EQ(named(records, "GET /").parent_span_id, named(records, "tool").span_id);
  EXPECT_EQ(named(records, "parse").parent_span_id, named(records, "GET /").span_id);
  EXPECT_EQ(named(records, "elsewhere").parent_span_id, "");
}

TEST_F(OperationParent, KeepsWhatElseTheContextHolds) {
  context with_value = context{}.SetValue("tenant", std::int64_t{7});
  operation op("op", operation::kind::internal, with_value, {});
  EXPECT_EQ(opentelemetry::nostd::get<std::int64_t>(op.inside().GetValue("tenant")), 7);
}

TEST_F(OperationParent, CarriesScopeAndStartAttributes) {
  operation op("op", operation::kind::internal, {},
               {{otel(semconv::operation_name), otel("invoke_agent")}});
  EXPECT_EQ(ledger_.open().at(0).attributes,
            (json::object{{"gen_ai.operation.name", "invoke_agent"}}));
  op.end(outcome::ok);
  EXPECT_EQ(ledger_.records().at(0).scope_name, "skein");
  EXPECT_NE(ledger_.records().at(0).scope_version, "");
}

}  // namespace
}  // namespace skein::test
