// The limits of the specification, which opentelemetry-cpp 1.19 does not know.
#include "telemetry/limits.hpp"

#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <opentelemetry/common/key_value_iterable_view.h>
#include <opentelemetry/trace/provider.h>

#include <skein/core/error.hpp>
#include <skein/telemetry/setup.hpp>
#include <skein/telemetry/switch.hpp>

#include "support.hpp"

namespace skein::test {
namespace {

using namespace telemetry;
namespace trace = opentelemetry::trace;

span_record recorded(const std::map<std::string, std::string>& set,
                     const std::function<void(trace::Span&)>& use) {
  with_environment environment(set);
  span_ledger ledger;
  auto p = setup({.exporters = {ledger}});
  auto span = trace::Provider::GetTracerProvider()->GetTracer("t")->StartSpan("op");
  use(*span);
  span->End();
  return ledger.records().at(0);
}

TEST(Limits, OfAttributesByTheirNumber) {
  auto use = [](trace::Span& s) {
    for (int i = 0; i < 200; ++i) s.SetAttribute("key " + std::to_string(i), i);
    s.SetAttribute("key 1", "again");
  };
  EXPECT_EQ(recorded({}, use).attributes.size(), 128u);
  EXPECT_EQ(recorded({}, use).attributes.at("key 1"), "again");
  EXPECT_EQ(recorded({{"OTEL_ATTRIBUTE_COUNT_LIMIT", "3"}}, use).attributes.size(), 3u);
  EXPECT_EQ(
      recorded({{"OTEL_ATTRIBUTE_COUNT_LIMIT", "3"}, {"OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "5"}}, use)
          .attributes.size(),
      5u);
  EXPECT_EQ(recorded({{"OTEL_ATTRIBUTE_COUNT_LIMIT", "many"}}, use).attributes.size(), 128u);
}

TEST(Limits, OfTextsByTheirCharacters) {
  auto r = recorded({{"OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", "3"}}, [](trace::Span& s) {
    s.SetAttribute("short", "日本");
    s.SetAttribute("long", "日本語です");
    s.SetAttribute("number", 12345);
    std::vector<opentelemetry::nostd::string_view> all{"abcdef", "x"};
    s.SetAttribute("list", opentelemetry::nostd::span<const opentelemetry::nostd::string_view>(
                               all.data(), all.size()));
    s.AddEvent("event", {{"text", "abcdef"}});
  });
  EXPECT_EQ(r.attributes.at("short"), "日本");
  EXPECT_EQ(r.attributes.at("long"), "日本語");
  EXPECT_EQ(r.attributes.at("number"), 12345);
  EXPECT_EQ(r.attributes.at("list"), (json::array{"abc", "x"}));
  EXPECT_EQ(r.events.at(0).attributes.at("text"), "abc");
}

TEST(Limits, OfEventsAndTheirAttributes) {
  auto r =
      recorded({{"OTEL_SPAN_EVENT_COUNT_LIMIT", "2"}, {"OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT", "1"}},
               [](trace::Span& s) {
                 for (int i = 0; i < 5; ++i) s.AddEvent("event", {{"a", 1}, {"b", 2}});
               });
  EXPECT_EQ(r.events.size(), 2u);
  EXPECT_EQ(r.events.at(0).attributes, (json::object{{"a", 1}}));
}

TEST(Limits, OfLogRecordsAreTheirOwn) {
  auto read = [](const std::map<std::string, std::string>& set) {
    return log_limits_from(environment(
        [&](const char* name) {
          auto found = set.find(name);
          return found == set.end() ? nullptr : found->second.c_str();
        },
        [](const std::string&) {}));
  };
  EXPECT_EQ(read({}).count, 128u);
  EXPECT_EQ(read({}).value_length, attribute_limits::none);
  EXPECT_EQ(read({{"OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", "9"}}).value_length, 9u);
  EXPECT_EQ(read({{"OTEL_LOGRECORD_ATTRIBUTE_COUNT_LIMIT", "9"}}).count, 9u);
}

TEST(Setup, RefusesAConfigurationFileByName) {
  with_environment environment({{"OTEL_CONFIG_FILE", "otel.yaml"}});
  try {
    (void)setup({.exporters = {span_ledger()}});
    FAIL();
  } catch (const usage_error& e) {
    EXPECT_TRUE(std::string(e.what()).contains("OTEL_CONFIG_FILE is otel.yaml")) << e.what();
  }
}

TEST(Setup, SetsNothingUpWhileTelemetryIsDisabled) {
  disable();
  span_ledger ledger;
  {
    auto before = trace::Provider::GetTracerProvider();
    auto p = setup({.exporters = {ledger}});
    EXPECT_EQ(trace::Provider::GetTracerProvider().get(), before.get());
    EXPECT_FALSE(enabled()) << "setting up does not turn it on";
  }
  enable();
  EXPECT_EQ(ledger.started(), 0u);
}

}  // namespace
}  // namespace skein::test
