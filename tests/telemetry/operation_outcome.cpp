// Every operation ends once, and says how.
#include <chrono>
#include <utility>

#include <gtest/gtest.h>

#include <skein/async/cancel.hpp>
#include <skein/async/run.hpp>
#include <skein/async/simulated_runtime.hpp>
#include <skein/async/task.hpp>
#include <skein/async/time.hpp>

#include "law_watch.hpp"
#include "support.hpp"

namespace skein::test {
namespace {

using telemetry::operation;
using telemetry::outcome;
using telemetry::span_status;
using namespace std::chrono_literals;

class OperationOutcome : public ::testing::Test {
 protected:
  static operation begin(const char* name = "op") {
    return {name, operation::kind::internal, {}, {}};
  }
  // "" for ok and errors.
  std::string recorded(const char* name = "op") const {
    auto r = named(ledger_.records(), name);
    const auto* o = r.attributes.if_contains("skein.outcome");
    return o != nullptr ? std::string(o->as_string()) : "";
  }
  telemetry::span_ledger ledger_;
  telemetry::scoped_provider provider_{ledger_};
};

struct ending {
  outcome how;
  const char* recorded;
};
class OperationEnd : public OperationOutcome, public ::testing::WithParamInterface<ending> {};
TEST_P(OperationEnd, IsRecorded) {
  begin().end(GetParam().how);
  EXPECT_EQ(recorded(), GetParam().recorded);
  EXPECT_EQ(ledger_.records().at(0).status, span_status::unset);
}
INSTANTIATE_TEST_SUITE_P(All, OperationEnd,
                         ::testing::Values(ending{outcome::ok, ""},
                                           ending{outcome::cancelled, "cancelled"},
                                           ending{outcome::deadline, "deadline"},
                                           ending{outcome::abandoned, "abandoned"}));

TEST_F(OperationOutcome, IsAbandonedWhenTheOwnerJustGoes) {
  { auto op = begin(); }
  EXPECT_EQ(recorded(), "abandoned");
}

task<> work_for_a_day() {
  operation op("op", operation::kind::internal, {}, {});
  co_await sleep_for(24h);
  op.end(outcome::ok);
}

task<> work_that_stops(cancel_source source) {
  operation op("op", operation::kind::internal, {}, {});
  source.cancel();
  co_await sleep_for(24h);
  op.end(outcome::ok);
}

TEST_F(OperationOutcome, IsCancelledWhenItsStrandWas) {
  simulated_runtime rt(1);
  cancel_source source;
  EXPECT_THROW(sync_wait(rt, with_cancel(source, work_that_stops(source))), cancelled);
  EXPECT_EQ(recorded(), "cancelled");
  EXPECT_EQ(ledger_.ended(), 1U);
}

TEST_F(OperationOutcome, IsDeadlineWhenTheTimeOfItsStrandWasUp) {
  simulated_runtime rt(1);
  EXPECT_THROW(sync_wait(rt, with_deadline(1s, work_for_a_day())), cancelled);
  EXPECT_EQ(recorded(), "deadline");
}

TEST_F(OperationOutcome, IsAbandonedInACancellableRunThatNobodyStopped) {
  simulated_runtime rt(1);
  auto run = []() -> task<> {
    cancel_scope scope;
    { auto op = begin(); }
    co_await reschedule();
    auto second = begin("second");
    scope.cancel();
  };
  sync_wait(rt, run());
  EXPECT_EQ(recorded(), "abandoned");
  EXPECT_EQ(recorded("second"), "cancelled");
}

TEST_F(OperationOutcome, TheFirstEndCounts) {
  expect_violations(3);
  auto op = begin();
  op.end(outcome::deadline);
  op.end(outcome::ok);
  op.fail("timeout", content<std::string_view>("late"), telemetry::capture::on);
  op.fail(std::make_exception_ptr(tool_error("late")), telemetry::capture::on);
  EXPECT_TRUE(op.ended());
  EXPECT_EQ(recorded(), "deadline");
  EXPECT_EQ(ledger_.ended(), 1U);
  EXPECT_EQ(ledger_.records().at(0).status, span_status::unset);
  EXPECT_TRUE(ledger_.records().at(0).events.empty());
}

TEST_F(OperationOutcome, MovesWithItsOwner) {
  auto first = begin();
  operation second = std::move(first);
  EXPECT_TRUE(first.ended());  // NOLINT(bugprone-use-after-move)
  EXPECT_FALSE(second.ended());
  first.end(outcome::cancelled);
  EXPECT_EQ(ledger_.ended(), 0U);
  second.end(outcome::ok);
  EXPECT_EQ(recorded(), "");
  EXPECT_EQ(ledger_.ended(), 1U);
}

TEST_F(OperationOutcome, AnAssignedOverOneIsAbandoned) {
  auto op = begin("old");
  op = begin("new");
  EXPECT_EQ(recorded("old"), "abandoned");
  op.end(outcome::ok);
  EXPECT_EQ(recorded("new"), "");
}

TEST_F(OperationOutcome, AnEmptyOneIsEndedAndDoesNothing) {
  operation op;
  EXPECT_TRUE(op.ended());
  EXPECT_FALSE(op.recording());
  op.set("key", 1);
  op.end(outcome::ok);
  EXPECT_EQ(ledger_.started(), 0U);
}

TEST_F(OperationOutcome, NothingIsWrittenAfterTheEnd) {
  auto op = begin();
  op.end(outcome::ok);
  op.set("late", true);
  op.rename("late");
  EXPECT_EQ(ledger_.records().at(0).name, "op");
  EXPECT_FALSE(ledger_.records().at(0).attributes.contains("late"));
}

}  // namespace
}  // namespace skein::test
