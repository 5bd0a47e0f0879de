// The code of docs/telemetry.md and docs/content.md.
#include <iostream>
#include <memory>
#include <string>

#include <gtest/gtest.h>
#include <opentelemetry/trace/provider.h>
#include <opentelemetry/trace/scope.h>

#include <skein/core/secret.hpp>
#include <skein/json/text.hpp>
#include <skein/otlp/exporter.hpp>
#include <skein/telemetry/evaluation.hpp>
#include <skein/telemetry/install.hpp>
#include <skein/telemetry/setup.hpp>
#include <skein/telemetry/switch.hpp>
#include <skein/telemetry/tree.hpp>
#include <skein/telemetry/views.hpp>

#include "support.hpp"

namespace telemetry = skein::telemetry;
namespace otel = opentelemetry::trace;

namespace {

void run_agents() {
  telemetry::operation("op", telemetry::operation::kind::internal, {}, {})
      .end(telemetry::outcome::ok);
}

int console_main() {
  auto pipeline = telemetry::setup({.exporters = {telemetry::console_tree{}}});
  run_agents();
  return 0;
}

int service_main() {
  auto pipeline =
      telemetry::setup({.service_name = "weather-desk", .otlp = skein::otlp::make_exporter});
  run_agents();
  return 0;
}

int both_main() {
  auto pipeline = telemetry::setup({
      .exporters = {telemetry::otlp_collector{.endpoint = "http://localhost:4318"},
                    telemetry::otlp_lines{.path = "trace.jsonl"}},
      .otlp = skein::otlp::make_exporter,
  });
  run_agents();
  return 0;
}

int sampled_main() {
  auto pipeline = telemetry::setup({
      .otlp = skein::otlp::make_exporter,
      .tail = telemetry::tail_sampling{.more_tokens_than = 50'000, .ratio = 0.01},
  });
  run_agents();
  return 0;
}

int spooling_main() {
  auto pipeline = telemetry::setup({
      .otlp = skein::otlp::make_exporter,
      .spool = telemetry::spool_options{.file = "spool.db", .max_bytes = 64U << 20U},
  });
  run_agents();
  return 0;
}

// Numbers of more than eight digits are nobody's business.
void without_numbers(std::string_view, skein::json::value& value) {
  auto text = skein::json::write_text(value);
  for (std::size_t i = 0, digits = 0; i < text.size(); ++i) {
    digits = text[i] >= '0' && text[i] <= '9' ? digits + 1 : 0;
    if (digits > 8) text[i] = '0';
  }
  value = skein::json::parse_text(text).value();
}

telemetry::content_policy redacted() {
  return {telemetry::capture::spans, {.redact = without_numbers, .max_attribute_bytes = 16'384}};
}

telemetry::content_policy stored() {
  return {telemetry::capture::off, {.store = telemetry::content_directory("/var/lib/desk/genai")}};
}

void note(telemetry::operation& span, skein::content<std::string> complaint) {
  span.set("desk.complaint", skein::content<skein::json::value>(std::move(complaint).reveal()),
           telemetry::content_policy_from_environment());
}

void after_the_work(telemetry::pipeline& pipeline) {
  auto sent = pipeline.flush(std::chrono::seconds(2));
  for (const auto& lost : sent.losses) {
    std::cerr << lost.count << " spans lost, " << name_of(lost.why) << ": " << lost.first << '\n';
  }
}

int own_provider_main() {
  // ... your own TracerProvider is set up here, as always ...
  telemetry::install();
  run_agents();
  return 0;
}

void views_for(const std::unique_ptr<opentelemetry::sdk::metrics::MeterProvider>& meter_provider) {
  telemetry::add_views(*meter_provider);
}

void opinion(const opentelemetry::trace::SpanContext& span) {
  telemetry::emit({.name = "relevance", .score = 0.9, .label = "pass"}, span);
}

std::string lookup(const std::string& city) {
  auto tracer = otel::Provider::GetTracerProvider()->GetTracer("weather");
  auto span = tracer->StartSpan("lookup " + city);
  otel::Scope scope(span);
  return "rain";  // whatever is traced here is below `lookup`, and `lookup` below its tool
}

TEST(TelemetryDocs, CheckInATest) {
  telemetry::span_ledger ledger;
  telemetry::scoped_provider provider(ledger);
  run_agents();
  std::cout << telemetry::render_tree(ledger.records());
  for (const auto& problem : telemetry::check_tree(ledger)) std::cout << problem << '\n';
}

TEST(TelemetryDocs, Compile) {
  int (*const snippets[])() = {&console_main, &service_main,  &both_main,
                               &sampled_main, &spooling_main, &own_provider_main};
  EXPECT_EQ(std::size(snippets), 6U);
  EXPECT_NE(&stored, nullptr);
  EXPECT_NE(&after_the_work, nullptr);
  EXPECT_NE(&views_for, nullptr);
  opinion({false, false});
  EXPECT_EQ(lookup("Oslo"), "rain");
}

TEST(ContentDocs, RedactedPolicyRedacts) {
  skein::json::value said("my card is 4111111111111111");
  redacted().rules().redact("gen_ai.tool.call.result", said);
  EXPECT_EQ(said, "my card is 4111111100000000");
  telemetry::operation span;
  note(span, skein::content<std::string>("loud"));
}

}  // namespace
