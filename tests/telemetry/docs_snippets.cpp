// The code of docs/telemetry.md.
#include <iostream>
#include <memory>
#include <string>

#include <gtest/gtest.h>
#include <opentelemetry/trace/provider.h>
#include <opentelemetry/trace/scope.h>

#include <skein/otlp/exporter.hpp>
#include <skein/telemetry/evaluation.hpp>
#include <skein/telemetry/install.hpp>
#include <skein/telemetry/setup.hpp>
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

void after_the_work(telemetry::pipeline& pipeline) {
  if (auto sent = pipeline.flush(std::chrono::seconds(2)); !sent.ok()) {
    std::cerr << sent.failed + sent.dropped << " spans lost\n";
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
  int (*const snippets[])() = {&console_main, &service_main, &both_main, &own_provider_main};
  EXPECT_EQ(std::size(snippets), 4U);
  EXPECT_NE(&after_the_work, nullptr);
  EXPECT_NE(&views_for, nullptr);
  opinion({false, false});
  EXPECT_EQ(lookup("Oslo"), "rain");
}

}  // namespace
