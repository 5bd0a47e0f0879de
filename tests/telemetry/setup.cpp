// What setup() installs, and what goes when the pipeline goes.
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <opentelemetry/context/propagation/global_propagator.h>
#include <opentelemetry/context/propagation/text_map_propagator.h>
#include <opentelemetry/trace/provider.h>

#include <skein/core/error.hpp>
#include <skein/telemetry/install.hpp>
#include <skein/telemetry/otlp_json.hpp>
#include <skein/telemetry/setup.hpp>

#include "support.hpp"

namespace skein::test {
namespace {

using namespace telemetry;
using namespace std::chrono_literals;
namespace trace = opentelemetry::trace;
namespace nostd = opentelemetry::nostd;
namespace sdk = opentelemetry::sdk;

std::map<std::string, std::string> injected(const context& c) {
  carrier out;
  opentelemetry::context::propagation::GlobalTextMapPropagator::GetGlobalPropagator()->Inject(out,
                                                                                              c);
  return out.values;
}

TEST(Setup, InstallsAndRestores) {
  auto before = trace::Provider::GetTracerProvider();
  span_ledger ledger;
  {
    auto p = setup({.service_name = "me", .service_version = "2", .exporters = {ledger}});
    EXPECT_EQ(installed_storage(), storage::skein);
    operation op("op", operation::kind::internal, {}, {});
    EXPECT_TRUE(injected(op.inside()).contains("traceparent"));
    op.end(outcome::ok);
  }
  EXPECT_EQ(trace::Provider::GetTracerProvider().get(), before.get());
  make_a_span("late");
  ASSERT_EQ(ledger.ended(), 1U);
  const auto resource = ledger.records()[0].resource;
  EXPECT_EQ(resource.at("service.name"), "me");
  EXPECT_EQ(resource.at("service.version"), "2");
  EXPECT_EQ(resource.at("telemetry.sdk.name"), "opentelemetry");
  EXPECT_TRUE(injected({}).empty());
}

TEST(Setup, NamesTheProcessUnlessItHasAName) {
  const auto instance = [](setup_options options) {
    span_ledger ledger;
    options.exporters = {ledger};
    auto p = setup(std::move(options));
    make_a_span();
    return std::string(ledger.records().at(0).resource.at("service.instance.id").as_string());
  };
  const auto random = instance({});
  EXPECT_EQ(random.size(), 36U) << random;
  EXPECT_EQ(instance({}), random) << "the process is the same";
  EXPECT_EQ(instance({.resource = {{"service.instance.id", "pod-1"}}}), "pod-1");
}

TEST(Setup, LeavesAProviderThatCameLater) {
  span_ledger ledger;
  span_ledger later;
  auto before = trace::Provider::GetTracerProvider();
  {
    auto p = std::make_unique<pipeline>(setup({.exporters = {ledger}}));
    scoped_provider theirs(later);
    p.reset();
    make_a_span();
    EXPECT_EQ(later.ended(), 1U);
    trace::Provider::SetTracerProvider(before);
  }
  trace::Provider::SetTracerProvider(before);
}

TEST(Setup, ReadsTheResourceFromTheEnvironmentEachTime) {
  for (const auto* name : {"first", "second"}) {
    with_environment e({{"OTEL_SERVICE_NAME", name}});
    span_ledger ledger;
    auto p = setup({.exporters = {ledger}});
    make_a_span();
    EXPECT_EQ(ledger.records().at(0).resource.at("service.name"), name);
  }
}

TEST(Setup, CanBeDisabled) {
  with_environment e({{"OTEL_SDK_DISABLED", "true"}});
  span_ledger ledger;
  auto p = setup({.exporters = {ledger}});
  make_a_span();
  EXPECT_EQ(ledger.started(), 0U);
  EXPECT_TRUE(p.flush().ok());
}

TEST(Setup, Samples) {
  with_environment e({{"OTEL_TRACES_SAMPLER", "always_off"}});
  span_ledger ledger;
  auto p = setup({.exporters = {ledger}});
  operation op("op", operation::kind::internal, {}, {});
  EXPECT_FALSE(op.recording());
  EXPECT_TRUE(injected(op.inside()).contains("traceparent")) << "the others may sample";
}

TEST(Setup, UsesThePropagatorsAskedFor) {
  with_environment e({{"OTEL_PROPAGATORS", "b3"}});
  span_ledger ledger;
  auto p = setup({.exporters = {ledger}});
  operation op("op", operation::kind::internal, {}, {});
  EXPECT_THAT(injected(op.inside()), ::testing::ElementsAre(::testing::Key("b3")));
}

TEST(Setup, ByDefaultSaysThatItCannotSendOtlp) {
  struct row {
    const char* exporters;
    const char* said;
  };
  for (auto row : {row{"", "the default of OTEL_TRACES_EXPORTER is otlp"},
                   row{"otlp", "OTEL_TRACES_EXPORTER asks for otlp"},
                   row{"zipkin", "OTEL_TRACES_EXPORTER=zipkin: "}, row{"none", ""}}) {
    with_environment e({{"OTEL_TRACES_EXPORTER", row.exporters}});
    caught_log log;
    {
      auto p = setup();
      operation op("op", operation::kind::internal, {}, {});
      EXPECT_TRUE(op.recording()) << "propagation works without an exporter";
    }
    EXPECT_EQ(log.text().empty(), *row.said == '\0') << log.text();
    EXPECT_TRUE(log.text().contains(row.said)) << log.text();
  }
}

TEST(Setup, OptionsThatCannotBeMetAreErrors) {
  auto message = [](setup_options options) -> std::string {
    try {
      auto p = setup(std::move(options));
    } catch (const usage_error& e) {
      return e.what();
    }
    return "";
  };
  EXPECT_TRUE(message({.exporters = {otlp_collector{}}}).contains("skein::otlp::make_exporter"));
  EXPECT_TRUE(message({.exporters = {otlp_lines{"/no/such/folder/x"}}})
                  .contains("cannot write spans to /no/such/folder/x"));
  EXPECT_TRUE(message({.exporters = {std::unique_ptr<sdk::trace::SpanExporter>()}})
                  .contains("an exporter is null"));
}

TEST(Setup, TheFactoryGetsOptionsAndEnvironment) {
  with_environment e(
      {{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:1/"}, {"OTEL_EXPORTER_OTLP_TIMEOUT", "60000"}});
  otlp_config seen;
  auto factory = [&](const otlp_config& c) -> std::unique_ptr<sdk::trace::SpanExporter> {
    seen = c;
    return nullptr;
  };
  EXPECT_THROW((void)setup({.otlp = factory, .flush_deadline = 700ms}), usage_error);
  EXPECT_EQ(seen.url, "http://c:1/v1/traces");
  EXPECT_EQ(seen.timeout, 700ms) << "no export takes longer than the pipeline's end may";
}

TEST(Setup, WritesLines) {
  auto path = std::filesystem::temp_directory_path() / "skein_setup_lines_test.jsonl";
  std::filesystem::remove(path);
  {
    auto p = setup({.service_name = "lines", .exporters = {otlp_lines{path.string()}}});
    make_a_span("first");
    auto r = p.flush();
    EXPECT_TRUE(r.ok());
    EXPECT_EQ(r.delivered, 1U);
    EXPECT_EQ(p.flush().delivered, 0U) << "counted once";
    make_a_span("second");
  }
  std::ifstream file(path);
  std::string text{std::istreambuf_iterator<char>(file), {}};
  auto spans = from_otlp_json(text);
  std::filesystem::remove(path);
  ASSERT_TRUE(spans) << spans.error();
  ASSERT_EQ(spans->size(), 2U);
  EXPECT_EQ((*spans)[0].name, "first");
  EXPECT_EQ((*spans)[1].name, "second") << "the destructor flushes";
  EXPECT_EQ((*spans)[1].resource.at("service.name"), "lines");
}

TEST(Setup, TakesSeveralDestinations) {
  span_ledger ledger;
  std::ostringstream out;
  auto p = setup({.exporters = {ledger, console_tree{.style = golden_tree, .to = &out}}});
  make_a_span();
  EXPECT_EQ(ledger.ended(), 1U);
  EXPECT_EQ(out.str(), "op\n\n");
}

TEST(Setup, PipelinesMove) {
  span_ledger ledger;
  auto before = trace::Provider::GetTracerProvider();
  {
    auto p = setup({.exporters = {ledger}});
    auto q = std::move(p);
    EXPECT_TRUE(p.flush().ok());  // NOLINT(bugprone-use-after-move)
    make_a_span();
  }
  EXPECT_EQ(ledger.ended(), 1U);
  EXPECT_EQ(trace::Provider::GetTracerProvider().get(), before.get());
}

}  // namespace
}  // namespace skein::test
