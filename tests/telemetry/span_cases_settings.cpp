// Settings and providers: cases 115 to 125 of the black-box scenarios. What endpoints, headers and
// resources mean (120 to 122) is in environment.cpp.
#include <string>

#include <gtest/gtest.h>
#include <opentelemetry/metrics/provider.h>
#include <opentelemetry/trace/provider.h>

#include <skein/core/error.hpp>
#include <skein/otlp/exporter.hpp>
#include <skein/telemetry/content.hpp>
#include <skein/telemetry/setup.hpp>
#include <skein/telemetry/switch.hpp>

#include "support.hpp"

namespace skein::test {
namespace {

using namespace telemetry;
namespace trace = opentelemetry::trace;

constexpr const char* capture_variable = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT";

void a_span() { operation("op", operation::kind::internal, {}, {}).end(outcome::ok); }
// What reaches standard error meanwhile.
template <class F>
std::string on_console(F&& f) {
  testing::internal::CaptureStderr();
  f();
  return testing::internal::GetCapturedStderr();
}

TEST(SpanCases, G115_ByDefaultThereAreSpansWithoutContentAndNoConsole) {
  with_environment clean({{capture_variable, ""}});
  EXPECT_EQ(content_policy_from_environment().where(), capture::off);
  span_ledger ledger;
  scoped_provider provider(ledger);
  EXPECT_EQ(on_console(a_span), "");
  EXPECT_EQ(ledger.ended(), 1U);
}

TEST(SpanCases, G116_TheEnvironmentIsReadWhenItIsAskedAndCodeWins) {
  with_environment set({{capture_variable, "true"}});
  EXPECT_EQ(content_policy_from_environment().where(), capture::on);
  {
    with_environment later({{capture_variable, "false"}});
    EXPECT_EQ(content_policy_from_environment().where(), capture::off);
  }
  EXPECT_EQ(content_policy(capture::off).where(), capture::off);
}

TEST(SpanCases, G117_ContentAddsNoConsole) {
  with_environment set({{capture_variable, "true"}, {"OTEL_TRACES_EXPORTER", "none"}});
  EXPECT_EQ(on_console([] {
              auto p = setup();
              a_span();
            }),
            "");
}

TEST(SpanCases, G118_OptionsWinOverVariablesThatAreSetAfterTheStart) {
  with_environment set({{"OTEL_SERVICE_NAME", "from the environment"}});
  span_ledger ledger;
  {
    auto p = setup({.exporters = {ledger}});
    a_span();
  }
  {
    auto p = setup({.service_name = "from the code", .exporters = {ledger}});
    a_span();
  }
  EXPECT_EQ(ledger.records().at(0).resource.at("service.name"), "from the environment");
  EXPECT_EQ(ledger.records().at(1).resource.at("service.name"), "from the code");
}

// Cancelled by nothing but enable(); whatever asks for spans or content meanwhile.
TEST(SpanCases, G119_DisabledIsDisabledUntilItIsEnabled) {
  span_ledger ledger;
  scoped_provider provider(ledger);
  for (int again = 0; again < 2; ++again) {
    disable();
    {
      with_environment set({{capture_variable, "true"}, {"OTEL_SDK_DISABLED", "false"}});
      auto p = setup({.exporters = {ledger}});
      a_span();
      EXPECT_FALSE(enabled());
    }
    a_span();
    EXPECT_EQ(ledger.started(), static_cast<std::size_t>(again));
    enable();
    a_span();
    EXPECT_EQ(ledger.started(), static_cast<std::size_t>(again) + 1);
  }
}

TEST(SpanCases, G120_WithoutAnExporterLibraryItIsSaidWhatToDo) {
  caught_log log;
  with_environment set({{"OTEL_TRACES_EXPORTER", "otlp"}});
  auto p = setup();
  EXPECT_TRUE(log.text().contains("pass setup({.otlp = skein::otlp::make_exporter})"))
      << log.text();
  EXPECT_THROW((void)setup({.exporters = {otlp_collector{}}}), usage_error);
}

TEST(SpanCases, G123_TheConsoleIsForWhoAsks) {
  with_environment set({{"OTEL_TRACES_EXPORTER", "console"}});
  EXPECT_TRUE(on_console([] {
                auto p = setup();
                a_span();
              }).contains("op"));
}

TEST(SpanCases, G124_ProvidersAreMadeOnlyForWhatIsSentAndASecondSetUpNests) {
  const auto meters = opentelemetry::metrics::Provider::GetMeterProvider();
  span_ledger outer;
  span_ledger inner;
  auto first = setup({.exporters = {outer}});
  EXPECT_EQ(opentelemetry::metrics::Provider::GetMeterProvider().get(), meters.get())
      << "spans in memory bring no metrics along";
  {
    auto second = setup({.exporters = {inner}});
    a_span();
  }
  a_span();
  EXPECT_EQ(inner.ended(), 1U);
  EXPECT_EQ(outer.ended(), 1U);
}

TEST(SpanCases, G125_TracersOfOthersKeepTheirNames) {
  span_ledger ledger;
  auto p = setup({.exporters = {ledger}});
  trace::Provider::GetTracerProvider()->GetTracer("weather", "2")->StartSpan("look")->End();
  a_span();
  EXPECT_EQ(ledger.records().at(0).scope_name, "weather");
  EXPECT_EQ(ledger.records().at(1).scope_name, "skein");
}

}  // namespace
}  // namespace skein::test
