// Failures: their type always, their text only when content may be captured.
#include <exception>
#include <stdexcept>
#include <string>

#include <gtest/gtest.h>

#include <skein/core/error.hpp>

#include "support.hpp"

namespace skein::test {
namespace {

using telemetry::capture;
using telemetry::operation;
using telemetry::span_status;

struct strange {};

struct failing {
  const char* name;
  std::exception_ptr what;
  const char* type;
};
void PrintTo(const failing& f, std::ostream* out) { *out << f.name; }

class OperationFailure : public ::testing::TestWithParam<failing> {
 protected:
  span_record failed(const std::exception_ptr& e, capture c,
                     operation::event v = operation::event::record) const {
    operation op("op", operation::kind::internal, {}, {});
    op.fail(e, c, v);
    return ledger_.records().at(0);
  }
  telemetry::span_ledger ledger_;
  telemetry::scoped_provider provider_{ledger_};
};

TEST_P(OperationFailure, HasItsType) {
  auto r = failed(GetParam().what, capture::off);
  EXPECT_EQ(r.status, span_status::error);
  EXPECT_EQ(r.attributes.at("error.type"), GetParam().type);
  ASSERT_EQ(r.events.size(), 1U);
  EXPECT_EQ(r.events[0].name, "exception");
  EXPECT_EQ(r.events[0].attributes, (json::object{{"exception.type", GetParam().type}}));
}

TEST_P(OperationFailure, IsOneErrorTypeForSpansAndMetrics) {
  EXPECT_EQ(telemetry::error_type_of(GetParam().what), GetParam().type);
}

INSTANTIATE_TEST_SUITE_P(
    All, OperationFailure,
    ::testing::Values(
        failing{"tool", std::make_exception_ptr(tool_error("no such city")), "tool_error"},
        failing{"provider",
                std::make_exception_ptr(provider_error("busy", {.status = 429, .code = "slow"})),
                "429"},
        failing{"provider_code",
                std::make_exception_ptr(provider_error("busy", {.code = "overloaded"})),
                "overloaded"},
        failing{"transport", std::make_exception_ptr(transport_error("slow", "timeout")),
                "timeout"},
        failing{"standard", std::make_exception_ptr(std::out_of_range("at")), "std::out_of_range"},
        failing{"no_exception", std::make_exception_ptr(7), "int"},
        failing{"own", std::make_exception_ptr(strange{}),
                "skein::test::(anonymous namespace)::strange"}),
    [](const auto& i) { return std::string(i.param.name); });

class OperationFailureText : public OperationFailure {};

TEST_F(OperationFailureText, IsContent) {
  auto secret = std::make_exception_ptr(tool_error("the patient is Bob"));
  auto r = failed(secret, capture::off);
  EXPECT_EQ(r.status_message, "");
  EXPECT_FALSE(r.events.at(0).attributes.contains("exception.message"));
}

TEST_F(OperationFailureText, IsRecordedWhenContentMayBe) {
  auto r = failed(std::make_exception_ptr(tool_error("the patient is Bob")), capture::on);
  EXPECT_EQ(r.status_message, "the patient is Bob");
  EXPECT_EQ(r.events.at(0).attributes.at("exception.message"), "the patient is Bob");
}

TEST_F(OperationFailureText, IsRecordedOnceWhenAChildHasIt) {
  auto r =
      failed(std::make_exception_ptr(tool_error("x")), capture::on, operation::event::recorded);
  EXPECT_TRUE(r.events.empty());
  EXPECT_EQ(r.attributes.at("error.type"), "tool_error");
}

TEST_F(OperationFailureText, OfAValueIsContentToo) {
  for (auto c : {capture::off, capture::on}) {
    ledger_.clear();
    operation op("op", operation::kind::internal, {}, {});
    op.fail("tool_error", content<std::string_view>("the patient is Bob"), c);
    auto r = ledger_.records().at(0);
    EXPECT_EQ(r.attributes.at("error.type"), "tool_error");
    EXPECT_EQ(r.status, span_status::error);
    EXPECT_EQ(r.status_message, c == capture::on ? "the patient is Bob" : "");
    EXPECT_EQ(r.events.at(0).attributes.contains("exception.message"), c == capture::on);
  }
}

TEST_F(OperationFailureText, CancellationIsNoFailure) {
  struct row {
    cancel_reason reason;
    const char* outcome;
  };
  for (auto row :
       {row{cancel_reason::cancelled, "cancelled"}, row{cancel_reason::deadline, "deadline"}}) {
    ledger_.clear();
    auto r = failed(std::make_exception_ptr(cancelled(row.reason)), capture::on);
    EXPECT_EQ(r.status, span_status::unset);
    EXPECT_EQ(r.attributes, (json::object{{"skein.outcome", row.outcome}}));
    EXPECT_TRUE(r.events.empty());
  }
}

TEST(Capture, IsWhatTheEnvironmentSays) {
  struct row {
    const char* value;
    capture expected;
  };
  for (auto row :
       {row{"", capture::off}, row{"NO_CONTENT", capture::off}, row{"EVENT_ONLY", capture::events},
        row{"SPAN_ONLY", capture::spans}, row{"span_and_event", capture::on},
        row{"True", capture::on}, row{"false", capture::off}, row{"yes", capture::off}}) {
    with_environment e({{"OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT", row.value}});
    EXPECT_EQ(telemetry::capture_from_environment(), row.expected) << row.value;
  }
}

}  // namespace
}  // namespace skein::test
