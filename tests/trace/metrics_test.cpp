// Metrics: read in both forms, kept in the store, exported from this process.
#include <cmath>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <opentelemetry/metrics/provider.h>

#include <skein/telemetry/setup.hpp>
#include <skein/trace/exporter.hpp>
#include <skein/trace/metrics.hpp>
#include <skein/trace/store.hpp>

#include "support.hpp"

namespace skein::test {
namespace {

using form = trace::metric_point::form;
using since = trace::metric_point::since;
using trace::metric_point;
using trace::read_metrics_json;
using trace::read_metrics_protobuf;

// Each form that opentelemetry-proto has, by hand.
std::string every_form() {
  auto point = [](protozero::pbf_tag_type attributes, auto more) {
    std::string bytes;
    {
      pbf_writer p(bytes);
      add_text_attribute(p, attributes, "k", "v");
      p.add_fixed64(2, 1'000);
      p.add_fixed64(3, 2'000);
      more(p);
    }
    return bytes;
  };
  auto metric = [](const char* name, protozero::pbf_tag_type tag, const std::string& p,
                   int temporality) {
    std::string bytes;
    {
      pbf_writer m(bytes);
      {
        pbf_writer data(m, tag);
        data.add_message(1, p);
        if (temporality != 0) data.add_enum(2, temporality);
      }
      m.add_string(1, name);  // after its points
      m.add_string(2, "about it");
    }
    return bytes;
  };
  auto distribution = [](pbf_writer& p) {
    p.add_fixed64(4, 3);
    p.add_double(5, 1.5);
  };
  return proto_metrics(
      {metric("gauge", 5, point(7, [](pbf_writer& p) { p.add_double(4, 0.5); }), 0),
       metric("up", 7, point(7, [](pbf_writer& p) { p.add_sfixed64(6, -4); }), 2),
       metric("histogram", 9, point(9, distribution), 1),
       metric("exponential", 10, point(1, distribution), 2),
       metric("summary", 11, point(7, distribution), 0),
       metric("nothing recorded", 5, point(7, [](pbf_writer& p) { p.add_uint32(8, 1); }), 0)});
}

TEST(TraceMetrics, EveryFormIsRead) {
  auto read = read_metrics_protobuf(every_form());
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->rejected, 0U);
  ASSERT_EQ(read->points.size(), 5U);
  auto base = metric_point{.start = 1'000,
                           .time = 2'000,
                           .attributes = {{"k", "v"}},
                           .scope_name = "tester",
                           .resource = {{"service.name", "test"}}};
  auto expect = [&](std::size_t i, const char* name, form kind, since sums, std::int64_t count,
                    double sum) {
    auto p = base;
    p.name = name;
    p.kind = kind;
    p.temporality = sums;
    p.count = count;
    p.sum = sum;
    EXPECT_EQ(read->points[i], p) << name;
  };
  expect(0, "gauge", form::gauge, since::unspecified, 0, 0.5);
  expect(1, "up", form::up_down_counter, since::start, 0, -4);
  expect(2, "histogram", form::histogram, since::last, 3, 1.5);
  expect(3, "exponential", form::histogram, since::start, 3, 1.5);
  expect(4, "summary", form::summary, since::unspecified, 3, 1.5);
  auto counter = read_metrics_protobuf(proto_metrics({proto_counter("c", 7)}));
  ASSERT_TRUE(counter);
  EXPECT_EQ(counter->points.at(0).kind, form::counter);
  EXPECT_EQ(counter->points.at(0).sum, 7);
}

TEST(TraceMetrics, AreTheSameInJson) {
  auto read = read_metrics_protobuf(every_form());
  ASSERT_TRUE(read);
  auto points = read->points;
  auto again = points.front();
  again.time += 1;
  points.insert(points.begin() + 1, again);
  auto other = again;
  other.scope_name = "other";
  points.push_back(other);
  auto line = trace::to_otlp_json_line(points);
  EXPECT_FALSE(line.contains('\n'));
  auto back = read_metrics_json(line + "\n" + telemetry::to_otlp_json_line(make_all({{.id = 1}})));
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(back->points, points);
}

// As collectors write them: numbers as text or not, enumerations by name or number.
TEST(TraceMetrics, JsonOfOthers) {
  auto read = read_metrics_json(R"({"resourceMetrics":[{"scopeMetrics":[{"metrics":[
    {"name":"a","sum":{"aggregationTemporality":"AGGREGATION_TEMPORALITY_DELTA","isMonotonic":true,
      "dataPoints":[{"startTimeUnixNano":"1","timeUnixNano":2,"asInt":"3"}]}},
    {"name":"b","exponentialHistogram":{"aggregationTemporality":2,
      "dataPoints":[{"count":"4","sum":"Infinity"},{"count":-1},{"flags":1,"count":"9"}]}},
    {"name":"c"}]}]}]})");
  ASSERT_TRUE(read) << read.error().message;
  ASSERT_EQ(read->points.size(), 2U);
  EXPECT_EQ(read->points[0].temporality, since::last);
  EXPECT_EQ(read->points[0].kind, form::counter);
  EXPECT_EQ(read->points[0].sum, 3);
  EXPECT_EQ(read->points[1].count, 4);
  EXPECT_TRUE(std::isinf(read->points[1].sum));
  EXPECT_EQ(read->rejected, 1U);
  EXPECT_EQ(read->first_rejection,
            "line 1: $.resourceMetrics[0].scopeMetrics[0].metrics[1].exponentialHistogram."
            "dataPoints[1] has a negative count");
  EXPECT_FALSE(read_metrics_json("{"));
  EXPECT_FALSE(read_metrics_json(R"({"resourceMetrics":3})"));
}

TEST(TraceMetrics, EveryCutAndEveryFlippedByteGetsAnAnswer) {
  auto whole = every_form();
  for (std::size_t n = 0; n < whole.size(); ++n) {
    auto cut = read_metrics_protobuf(std::string_view(whole).substr(0, n));
    if (cut) {
      EXPECT_LE(cut->points.size() + cut->rejected, 6U);
    }
    for (int mask : {0x01, 0x80, 0xFF, 0x07}) {
      auto changed = whole;
      changed[n] = static_cast<char>(changed[n] ^ static_cast<char>(mask));
      (void)read_metrics_protobuf(changed);
    }
  }
}

TEST(TraceMetrics, TheStoreKeepsTheLastOfASumAndEachOfADelta) {
  temporary_folder folder;
  auto first = metric("sum", 1, {{"k", "v"}});
  auto later = first;
  later.time += 1000;
  later.sum = 5;
  auto restarted = first;
  restarted.start += 500;
  auto delta = metric("delta", 1);
  delta.temporality = since::last;
  auto delta_later = delta;
  delta_later.start = delta.time;
  delta_later.time += 1000;
  auto other = first;
  other.scope_name = "other";
  auto odd = metric("nan", std::nan(""));
  {
    trace::store s(folder.file("s"));
    EXPECT_EQ(s.insert(std::vector{first, later, first, restarted, delta, delta, delta_later, other,
                                   odd}),
              6U);
    EXPECT_EQ(s.insert(std::vector{first}), 0U);
  }
  trace::store s(folder.file("s"), {.mode = trace::access::read});
  EXPECT_THAT(s.metrics(),
              ::testing::UnorderedElementsAre(later, restarted, delta, delta_later, other));
  auto rows = s.query("SELECT name, kind, temporality, sum FROM metrics WHERE sum = 5");
  ASSERT_EQ(rows.rows.size(), 1U);
  EXPECT_EQ(rows.rows[0][1], "counter");
  EXPECT_EQ(rows.rows[0][2], "cumulative");
  EXPECT_THROW(s.insert(std::vector{first}), usage_error);
}

TEST(TraceMetrics, GoWithTheSpansOfTheirTime) {
  temporary_folder folder;
  trace::store s(folder.file("s"), {.keep = {.max_bytes = 500'000, .max_age = {}}});
  auto old = metric("old", 1);
  auto now = metric("now", 1);
  now.time = 2'000'000'000;
  s.insert(std::vector{old, now});
  for (unsigned i = 1; i <= 60; ++i) {
    auto span = make({.id = i, .start = 1500, .end = 1600, .trace = i});
    span.attributes["text"] = std::string(10'000, 'x');
    s.insert(std::vector{span});
  }
  EXPECT_THAT(s.metrics(), ::testing::ElementsAre(now));
}

TEST(TraceMetrics, OfThisProcessGoIntoTheStore) {
  temporary_folder folder;
  auto path = folder.file("s");
  {
    telemetry::span_ledger spans;
    auto pipeline = telemetry::setup(
        {.exporters = {spans}, .metrics = trace::make_metric_exporter(trace::store(path))});
    auto meter = opentelemetry::metrics::Provider::GetMeterProvider()->GetMeter("tester", "1");
    auto counter = meter->CreateUInt64Counter("tokens");
    counter->Add(3, {{"k", "v"}});
    counter->Add(4, {{"k", "v"}});
    auto histogram = meter->CreateDoubleHistogram("time");
    histogram->Record(0.5, opentelemetry::context::Context{});
    EXPECT_TRUE(pipeline.flush().ok());
  }
  auto points = trace::store(path, {.mode = trace::access::read}).metrics();
  ASSERT_EQ(points.size(), 2U);
  EXPECT_EQ(points[0].name, "time");
  EXPECT_EQ(points[0].kind, form::histogram);
  EXPECT_EQ(points[0].count, 1);
  EXPECT_EQ(points[1].name, "tokens");
  EXPECT_EQ(points[1].kind, form::counter);
  EXPECT_EQ(points[1].temporality, since::start);
  EXPECT_EQ(points[1].sum, 7);
  EXPECT_EQ(points[1].scope_name, "tester");
  EXPECT_EQ(points[1].attributes, (json::object{{"k", "v"}}));
  EXPECT_GT(points[1].time, points[1].start);
}

}  // namespace
}  // namespace skein::test
