// Metrics and log records: what an operation records, and where they go.
#include "signals.hpp"

#include <chrono>
#include <memory>
#include <string>
#include <thread>

#include <gtest/gtest.h>
#include <opentelemetry/sdk/trace/samplers/always_off.h>
#include <opentelemetry/sdk/trace/simple_processor.h>
#include <opentelemetry/sdk/trace/tracer_provider.h>
#include <opentelemetry/trace/context.h>
#include <opentelemetry/trace/provider.h>

#include <skein/core/error.hpp>
#include <skein/otlp_grpc/exporter.hpp>
#include <skein/telemetry/evaluation.hpp>
#include <skein/telemetry/setup.hpp>

#include "collector.hpp"
#include "law_watch.hpp"
#include "support.hpp"
#include "telemetry/environment.hpp"

namespace skein::test {
namespace {

using namespace telemetry;
using namespace std::chrono_literals;
namespace metrics = semconv::metrics;

operation a_chat(dialect d = {}) {
  return operation(semconv::spans::inference, "chat m", {},
                   {{otel(semconv::operation_name), otel("chat")},
                    {otel(semconv::provider_name), otel("openai")},
                    {otel(semconv::request_model), otel("m")},
                    {otel(semconv::response_id), otel("id-1")}},
                   d);
}

TEST(Measures, LastAsLongAsTheSpan) {
  span_ledger ledger;
  scoped_provider provider(ledger);
  metric_book book;
  log_book logs;
  scoped_signals here(book, logs);
  a_chat().end(outcome::ok);
  auto point = book.all(metrics::inference_duration.name).at(0);
  EXPECT_EQ(point.count, 1U);
  EXPECT_DOUBLE_EQ(point.sum,
                   std::chrono::duration<double>(ledger.records().at(0).duration()).count());
}

TEST(Measures, AreTakenOnceHoweverItEnds) {
  expect_violations(1);  // it is ended twice
  metric_book book;
  log_book logs;
  scoped_signals here(book, logs);
  {
    auto op = a_chat();
    op.measure(metrics::input_tokens, 0, "unknown");
    op.fail(std::make_exception_ptr(tool_error("x")), capture::off);
    op.end(outcome::ok);
    op.measure(metrics::input_tokens, 5, "unknown");
  }
  { auto dropped = a_chat(); }
  {
    auto first = a_chat();
    auto moved = std::move(first);
    moved = operation();
  }
  EXPECT_EQ(book.count(metrics::inference_duration.name), 3U);
  auto zero = book.all(metrics::input_tokens.name);
  ASSERT_EQ(zero.size(), 1U) << "a zero is a value";
  EXPECT_EQ(zero[0].sum, 0);
}

TEST(Measures, GoToTheProviderOfTheMoment) {
  log_book logs;
  for (int i = 0; i < 3; ++i) {
    metric_book book;
    scoped_signals here(book, logs);
    a_chat().end(outcome::ok);
    a_chat().end(outcome::ok);
    EXPECT_EQ(book.count(metrics::inference_duration.name), 2U) << "provider " << i;
  }
  a_chat().end(outcome::ok);  // to nobody
}

TEST(Measures, OutliveTheProviderTheyBeganWith) {
  auto book = std::make_unique<metric_book>();
  log_book logs;
  auto here = std::make_unique<scoped_signals>(*book, logs);
  auto op = a_chat();
  here.reset();
  book.reset();
  op.end(outcome::ok);
}

TEST(Measures, AreOfTheChosenConventions) {
  using semconv::names;
  for (auto version : {names::current, names::v1_41, names::both}) {
    metric_book book;
    log_book logs;
    scoped_signals here(book, logs);
    auto op = a_chat({.names = version});
    op.measure(metrics::input_tokens, 7, "unknown");
    op.measure(metrics::token_usage_1_41, 7, "input");
    op.measure(metrics::token_usage_1_41, 9, "output");
    op.end(outcome::ok);
    EXPECT_EQ(book.sum(metrics::input_tokens.name), include(version, names::current) ? 7 : 0);
    auto parts = book.all(metrics::token_usage_1_41.name);
    ASSERT_EQ(parts.size(), include(version, names::v1_41) ? 2U : 0U);
    for (const auto& p : parts) {
      EXPECT_EQ(p.sum, p.at(semconv::token_type) == "input" ? 7 : 9);
    }
  }
}

TEST(Measures, HaveTheBoundariesOfTheTable) {
  metric_book book;
  log_book logs;
  scoped_signals here(book, logs);
  a_chat().end(outcome::ok);
  auto point = book.all(metrics::inference_duration.name).at(0);
  EXPECT_TRUE(std::ranges::equal(point.boundaries, semconv::boundaries::duration));
  EXPECT_EQ(point.unit, "s");
}

TEST(Events, AreOfTheirSpanAndNotOfTheCurrentOne) {
  span_ledger ledger;
  scoped_provider provider(ledger);
  metric_book book;
  log_book logs;
  scoped_signals here(book, logs);
  auto op = a_chat();
  auto span = opentelemetry::trace::GetSpan(op.inside())->GetContext();
  operation other("other", operation::kind::internal, {}, {});
  emit(evaluation{.name = "relevance", .score = 0.9, .label = "pass", .response_id = "id-1"}, span);
  op.fail(std::make_exception_ptr(tool_error("the patient is Bob")), capture::events);
  auto record = named(ledger.records(), "chat m");
  for (const auto& r : logs.all()) {
    EXPECT_EQ(r.span_id, record.span_id) << r.name;
    EXPECT_EQ(r.trace_id, record.trace_id) << r.name;
    EXPECT_GT(r.time, 0);
  }
  auto opinion = logs.all("gen_ai.evaluation.result").at(0);
  EXPECT_EQ(opinion.attributes, (json::object{{"event.name", "gen_ai.evaluation.result"},
                                              {"gen_ai.evaluation.name", "relevance"},
                                              {"gen_ai.evaluation.score.value", 0.9},
                                              {"gen_ai.evaluation.score.label", "pass"},
                                              {"gen_ai.response.id", "id-1"}}));
  auto exception = logs.all("gen_ai.client.operation.exception").at(0);
  EXPECT_EQ(exception.severity, 13);
  EXPECT_EQ(exception.attributes.at("exception.message"), "the patient is Bob");
  EXPECT_EQ(record.status_message, "") << "only where it may be";
  EXPECT_FALSE(record.events.at(0).attributes.contains("exception.message"));
  auto details = logs.all("gen_ai.client.inference.operation.details").at(0);
  EXPECT_EQ(details.severity, 5);
  EXPECT_EQ(details.attributes.at("error.type"), "tool_error");
  EXPECT_EQ(details.attributes.at("gen_ai.response.id"), "id-1");
}

TEST(Events, OfAnEvaluationNeedNoProvider) {
  emit(evaluation{.name = "relevance"}, {false, false});
}

// ---- set-up

answering_collector::request find(answering_collector& at, const std::string& target) {
  for (auto& r : at.requests()) {
    if (r.target == target) return r;
  }
  ADD_FAILURE() << "no request to " << target;
  return {};
}

TEST(SignalSetup, SendsAllThreeOverHttp) {
  for (const char* protocol : {"http/protobuf", "http/json"}) {
    answering_collector collector;
    with_environment e({{"OTEL_EXPORTER_OTLP_ENDPOINT", collector.url() + "/"},
                        {"OTEL_EXPORTER_OTLP_PROTOCOL", protocol},
                        {"OTEL_EXPORTER_OTLP_METRICS_HEADERS", "x-for=metrics%20only"}});
    auto p = setup({.service_name = "s", .otlp = skein::otlp_grpc::make_exporter});
    a_chat().end(outcome::ok);
    auto r = p.flush();
    EXPECT_TRUE(r.ok());
    EXPECT_EQ(r.delivered, 1U);
    EXPECT_EQ(r.metrics.delivered, 1U);
    EXPECT_EQ(r.logs.delivered, 1U);
    find(collector, "/v1/traces");
    auto sent = find(collector, "/v1/metrics");
    EXPECT_TRUE(sent.body.contains("gen_ai.client.inference.duration"));
    EXPECT_EQ(sent.headers["x-for"], "metrics only");
    auto told = find(collector, "/v1/logs");
    EXPECT_TRUE(told.body.contains("gen_ai.client.inference.operation.details"));
    EXPECT_FALSE(told.headers.contains("x-for"));
  }
}

TEST(SignalSetup, FollowsTheSpansToTheirCollector) {
  answering_collector collector;
  {
    auto p = setup({.exporters = {otlp_collector{.endpoint = collector.url()}},
                    .otlp = skein::otlp_grpc::make_exporter});
    a_chat().end(outcome::ok);
  }
  find(collector, "/v1/metrics");
  find(collector, "/v1/logs");
}

TEST(SignalSetup, AddressesOfASignalAreWhole) {
  answering_collector collector;
  with_environment e({{"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", collector.url() + "/m"},
                      {"OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", collector.url() + "/l"},
                      {"OTEL_TRACES_EXPORTER", "none"}});
  // Set, or they would follow the spans to nowhere.
  with_environment also({{"OTEL_METRICS_EXPORTER", "otlp"}, {"OTEL_LOGS_EXPORTER", "otlp"}});
  auto p = setup({.otlp = skein::otlp_grpc::make_exporter});
  a_chat().end(outcome::ok);
  EXPECT_TRUE(p.flush().ok());
  find(collector, "/m");
  find(collector, "/l");
}

TEST(SignalSetup, NoneIsNone) {
  for (const char* which : {"OTEL_METRICS_EXPORTER", "OTEL_LOGS_EXPORTER"}) {
    answering_collector collector;
    with_environment e({{"OTEL_EXPORTER_OTLP_ENDPOINT", collector.url()}, {which, "none"}});
    auto p = setup({.otlp = skein::otlp_grpc::make_exporter});
    a_chat().end(outcome::ok);
    EXPECT_TRUE(p.flush().ok());
    EXPECT_EQ(collector.requests().size(), 2U);
  }
}

TEST(SignalSetup, ExportsAtTheIntervalOfTheEnvironment) {
  answering_collector collector;
  // The default timeout of 30 seconds is longer: opentelemetry-cpp would fall back to 60.
  with_environment e({{"OTEL_METRIC_EXPORT_INTERVAL", "20"}});
  auto p = setup({.exporters = {otlp_collector{.endpoint = collector.url()}},
                  .otlp = skein::otlp_grpc::make_exporter});
  a_chat().end(outcome::ok);
  auto patience = std::chrono::steady_clock::now() + 20s;
  auto sent = [&] {
    return std::ranges::count(collector.requests(), std::string("/v1/metrics"),
                              &answering_collector::request::target);
  };
  while (sent() < 2 && std::chrono::steady_clock::now() < patience) {
    std::this_thread::sleep_for(5ms);
  }
  EXPECT_GE(sent(), 2);
}

TEST(SignalSetup, PutsBackWhatWasThere) {
  metric_book book;
  log_book logs;
  scoped_signals here(book, logs);
  {
    answering_collector collector;
    auto p = setup({.exporters = {otlp_collector{.endpoint = collector.url()}},
                    .otlp = skein::otlp_grpc::make_exporter});
    a_chat().end(outcome::ok);
  }
  EXPECT_TRUE(book.all().empty());
  a_chat().end(outcome::ok);
  EXPECT_EQ(book.count(metrics::inference_duration.name), 1U);
  EXPECT_EQ(logs.all().size(), 1U);
}

TEST(SignalSetup, LeavesTheProvidersAloneWithoutADestination) {
  metric_book book;
  log_book logs;
  scoped_signals here(book, logs);
  span_ledger ledger;
  auto p = setup({.exporters = {ledger}});
  a_chat().end(outcome::ok);
  EXPECT_EQ(book.count(metrics::inference_duration.name), 1U) << "the program's own";
  EXPECT_EQ(logs.all().size(), 1U);
}

TEST(SignalSetup, ADeadCollectorIsGivenUpInTime) {
  for (auto protocol : {otlp_protocol::http_protobuf, otlp_protocol::grpc}) {
    stalled_collector stalled;
    caught_log log;
    auto begin = std::chrono::steady_clock::now();
    {
      auto p =
          setup({.exporters = {otlp_collector{.protocol = protocol, .endpoint = stalled.url()}},
                 .otlp = skein::otlp_grpc::make_exporter,
                 .flush_deadline = 800ms});
      a_chat().end(outcome::ok);
    }
    EXPECT_LT(std::chrono::steady_clock::now() - begin, 800ms + 2500ms) << "all at the same time";
  }
}

TEST(SignalSetup, AFactoryOfSpansOnlyIsSaidWhenMoreIsAskedFor) {
  caught_log log;
  with_environment e({{"OTEL_METRICS_EXPORTER", "otlp"}, {"OTEL_TRACES_EXPORTER", "none"}});
  auto p = setup({.otlp = [](const otlp_config& c) { return skein::otlp_grpc::make_exporter(c); }});
  EXPECT_TRUE(log.text().contains("OTEL_METRICS_EXPORTER=otlp")) << log.text();
}

TEST(SignalSetup, WrongNamesAreReported) {
  caught_log log;
  with_environment e({{"OTEL_LOGS_EXPORTER", "pigeon"}, {"OTEL_TRACES_EXPORTER", "none"}});
  auto p = setup();
  EXPECT_TRUE(log.text().contains("OTEL_LOGS_EXPORTER=pigeon: is none of otlp, console and none"))
      << log.text();
}

// ---- the switch

struct words {
  std::map<std::string, std::string> set;
  std::string warned = {};
  environment env{[this](const char* name) -> const char* {
                    auto found = set.find(name);
                    return found == set.end() ? nullptr : found->second.c_str();
                  },
                  [this](const std::string& m) { warned += m + '\n'; }};
};

TEST(Dialect, IsWhatTheEnvironmentSays) {
  using semconv::names;
  struct row {
    const char* value;
    names expected;
    bool warns = false;
  };
  for (auto r : {row{"", names::current}, row{"gen_ai_latest_experimental", names::current},
                 row{"http/dup, gen_ai/dup", names::both}, row{"GEN_AI/1.41", names::v1_41},
                 row{"gen_ai_latest_experimental,gen_ai/1.41", names::v1_41},
                 row{"gen_ai/1.41,gen_ai/dup", names::both}, row{"database", names::current},
                 row{"gen_ai/2.0", names::current, true}}) {
    words w{.set = {{"OTEL_SEMCONV_STABILITY_OPT_IN", r.value}}};
    EXPECT_EQ(dialect_from(w.env).names, r.expected) << r.value;
    EXPECT_EQ(w.warned.contains("OTEL_SEMCONV_STABILITY_OPT_IN=gen_ai/2.0"), r.warns) << w.warned;
    EXPECT_EQ(w.warned.empty(), !r.warns) << w.warned;
  }
  words w{.set = {{"SKEIN_TELEMETRY_BACKENDS", "langfuse,openinference,pigeon"}}};
  EXPECT_EQ(dialect_from(w.env).also_for, backends::both);
  EXPECT_TRUE(w.warned.contains("SKEIN_TELEMETRY_BACKENDS=pigeon"));
  EXPECT_EQ(dialect_from(words{}.env), dialect{});
}

TEST(MetricSettings, AreWhatTheEnvironmentSays) {
  words w{.set = {{"OTEL_METRIC_EXPORT_INTERVAL", "5000"},
                  {"OTEL_BLRP_SCHEDULE_DELAY", "7"},
                  {"OTEL_BLRP_MAX_QUEUE_SIZE", "3"},
                  {"OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", "Delta"}}};
  EXPECT_EQ(metering_from(w.env).interval, 5s);
  EXPECT_EQ(metering_from(w.env).export_timeout, 30s);
  EXPECT_EQ(log_batch_from(w.env).schedule_delay, 7ms);
  EXPECT_EQ(log_batch_from(w.env).max_batch_size, 3U);
  EXPECT_EQ(log_batch_from(words{}.env).schedule_delay, 1s);
  EXPECT_EQ(otlp_from(w.env, {}, otlp_signal::metrics).sums, otlp_config::temporality::delta);
  EXPECT_EQ(otlp_from(w.env, {}, otlp_signal::metrics).url, "http://localhost:4318/v1/metrics");
  EXPECT_EQ(otlp_from(w.env, {}, otlp_signal::logs).url, "http://localhost:4318/v1/logs");
}

}  // namespace
}  // namespace skein::test
