// Spans as OTLP JSON lines and back.
#include <cmath>
#include <limits>
#include <string>

#include <gtest/gtest.h>

#include <skein/telemetry/otlp_json.hpp>

#include "support.hpp"

namespace skein::test {
namespace {

using telemetry::from_otlp_json;
using telemetry::span_kind;
using telemetry::span_status;
using telemetry::to_otlp_json_line;

span_record rich() {
  auto s = make(made{.id = 2, .parent = 1, .name = "chat \"gpt\"\n", .start = 5, .end = 9});
  s.start = 1'795'552'012'095'463'673;
  s.end = s.start + 1;
  s.parent_is_remote = true;
  s.kind = span_kind::client;
  s.status = span_status::error;
  s.status_message = "busy";
  s.attributes = {{"text", "ü"},
                  {"flag", false},
                  {"int", std::numeric_limits<std::int64_t>::max()},
                  {"double", 2.0},
                  {"list", {"a", 1, true}},
                  {"nested", json::object{{"k", json::object{{"deep", nullptr}}}}},
                  {"infinite", std::numeric_limits<double>::infinity()}};
  s.events = {{.name = "exception", .time = s.start, .attributes = {{"exception.type", "429"}}}};
  s.links = {{.trace_id = digits(7, 32), .span_id = digits(8, 16), .attributes = {{"why", "x"}}}};
  s.scope_name = "skein";
  s.scope_version = "0.1.0";
  s.resource = {{"service.name", "test"}};
  return s;
}

TEST(OtlpJson, RoundTrip) {
  auto other = make(made{.id = 3, .trace = 2});
  other.resource = {{"service.name", "another"}};
  std::vector<span_record> spans{rich(), other, make(made{.id = 4})};
  for (auto kind : {span_kind::internal, span_kind::server, span_kind::client, span_kind::producer,
                    span_kind::consumer}) {
    spans.push_back(rich());
    spans.back().kind = kind;
  }
  auto line = to_otlp_json_line(spans);
  EXPECT_FALSE(line.contains('\n'));
  auto back = from_otlp_json(line);
  ASSERT_TRUE(back) << back.error();
  // Spans of one resource and scope come together.
  ASSERT_EQ(back->size(), spans.size());
  for (const auto& s : spans) EXPECT_NE(std::ranges::find(*back, s), back->end()) << s.name;
}

TEST(OtlpJson, IsWhatTheSpecificationSays) {
  auto s = make(made{.id = 2, .parent = 1, .name = "n"});
  s.attributes = {{"i", 5}, {"d", 0.5}, {"b", true}, {"s", "x"}, {"a", {1}}};
  s.kind = span_kind::client;
  s.status = span_status::error;
  s.scope_name = "skein";
  EXPECT_EQ(
      to_otlp_json_line({&s, 1}),
      R"({"resourceSpans":[{"resource":{"attributes":[]},"scopeSpans":[{"scope":{"name":"skein"},)"
      R"("spans":[{"traceId":"00000000000000000000000000000001","spanId":"0000000000000002",)"
      R"("parentSpanId":"0000000000000001","flags":257,"name":"n","kind":3,)"
      R"("startTimeUnixNano":"0","endTimeUnixNano":"10000000","attributes":[)"
      R"({"key":"i","value":{"intValue":"5"}},{"key":"d","value":{"doubleValue":0.5}},)"
      R"({"key":"b","value":{"boolValue":true}},{"key":"s","value":{"stringValue":"x"}},)"
      R"({"key":"a","value":{"arrayValue":{"values":[{"intValue":"1"}]}}}],)"
      R"("status":{"code":2}}]}]}]})");
}

TEST(OtlpJson, AFileOfOthersIsRead) {
  auto spans = from_otlp_json(
      "\n"
      R"({"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"ABCDEF00000000000000000000000001",)"
      R"("spanId":"0000000000000001","parentSpanId":"","name":"a","kind":0,)"
      R"("startTimeUnixNano":7,"traceState":"x=y","attributes":[)"
      R"({"key":"none","value":{}},{"key":"i","value":{"intValue":-3}},)"
      R"({"key":"nan","value":{"doubleValue":"NaN"}}]}]}]}]})"
      "\r\n  \n"
      R"({"resourceSpans":[]})");
  ASSERT_TRUE(spans) << spans.error();
  ASSERT_EQ(spans->size(), 1U);
  const auto& s = spans->front();
  EXPECT_EQ(s.trace_id, "abcdef00000000000000000000000001");
  EXPECT_EQ(s.kind, span_kind::internal);
  EXPECT_EQ(s.start, 7);
  EXPECT_EQ(s.attributes.at("i"), -3);
  EXPECT_EQ(s.attributes.at("none"), nullptr);
  EXPECT_TRUE(std::isnan(s.attributes.at("nan").as_double()));
}

constexpr auto one_span =
    R"({"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"00000000000000000000000000000001",)"
    R"("spanId":"0000000000000001","name":"}\"{","kind":"SPAN_KIND_CLIENT",)"
    R"("status":{"code":"STATUS_CODE_ERROR"}}]}]}]})";

TEST(OtlpJson, EnumerationsMayBeNames) {
  auto spans = from_otlp_json(one_span);
  ASSERT_TRUE(spans) << spans.error();
  ASSERT_EQ(spans->size(), 1U);
  EXPECT_EQ(spans->front().kind, span_kind::client);
  EXPECT_EQ(spans->front().status, span_status::error);
}

TEST(OtlpJson, AnObjectOverSeveralLines) {
  std::string text;
  for (char c : std::string_view(one_span))
    text += c == ',' ? std::string(",\n  ") : std::string{c};
  auto spans = from_otlp_json(text + "\n" + one_span + "\n" + text);
  ASSERT_TRUE(spans) << spans.error();
  EXPECT_EQ(spans->size(), 3U);
  auto wrong = text;
  wrong.replace(wrong.find("\"name\""), 6, "name");
  auto failed = from_otlp_json(std::string(one_span) + "\n" + wrong);
  ASSERT_FALSE(failed);
  EXPECT_TRUE(failed.error().starts_with("line 4, byte ")) << failed.error();
}

TEST(OtlpJson, DamagedSpansAreLeftOutAndCounted) {
  std::string text = one_span;
  text.insert(text.find("{\"traceId\""), R"({"traceId":"00","spanId":"0000000000000001"},)");
  auto read = telemetry::read_otlp_json(text);
  ASSERT_TRUE(read) << read.error();
  EXPECT_EQ(read->spans.size(), 1U);
  EXPECT_EQ(read->rejected, 1U);
  EXPECT_TRUE(read->first_rejection.contains("spans[0].traceId is not an identifier"))
      << read->first_rejection;
  EXPECT_FALSE(from_otlp_json(text));
}

struct broken {
  const char* text;
  const char* complaint;
};
class OtlpJsonBroken : public ::testing::TestWithParam<broken> {};
TEST_P(OtlpJsonBroken, SaysWhereAndWhat) {
  auto spans = from_otlp_json(GetParam().text);
  ASSERT_FALSE(spans);
  EXPECT_TRUE(spans.error().contains(GetParam().complaint)) << spans.error();
  EXPECT_FALSE(spans.error().contains("secret")) << spans.error();
}
INSTANTIATE_TEST_SUITE_P(
    All, OtlpJsonBroken,
    ::testing::Values(
        broken{"{}\n{\"resourceSpans\":", "line 2, byte 17: "},
        broken{"[1]", "line 1: $ is not an object"},
        broken{R"({"resourceSpans":{}})", "$.resourceSpans is not an array"},
        broken{R"({"resourceSpans":[{"scopeSpans":[{"spans":[{"name":"a"}]}]}]})",
               "$.resourceSpans[0].scopeSpans[0].spans[0] has no traceId or no spanId"},
        broken{R"({"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"secret"}]}]}]})",
               "spans[0].traceId is not an identifier of 32 hex digits"},
        broken{
            R"({"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"00000000000000000000000000000001",)"
            R"("spanId":"0000000000000001","kind":9}]}]}]})",
            "spans[0].kind is a number without a meaning"},
        broken{R"({"resourceSpans":[{"resource":{"attributes":[{"key":1}]}}]})",
               "resource.attributes[0].key is not a string"},
        broken{
            R"({"resourceSpans":[{"resource":{"attributes":[{"key":"k","value":{"intValue":"secret"}}]}}]})",
            "value.intValue is not a 64-bit integer"}));

}  // namespace
}  // namespace skein::test
