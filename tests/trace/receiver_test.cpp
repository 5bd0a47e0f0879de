// What the collector answers, without sockets.
#include "trace/receiver.hpp"

#include <protozero/pbf_reader.hpp>
#include <string>
#include <zlib.h>

#include <gtest/gtest.h>

#include <skein/core/error.hpp>
#include <skein/telemetry/otlp_json.hpp>
#include <skein/trace/store.hpp>

#include "support.hpp"
#include "trace/gzip.hpp"

namespace skein::test {
namespace {

using trace::receiver_reply;
using trace::receiver_request;

constexpr std::size_t limit = 1 << 20;

std::string gzipped(const std::string& text) {
  std::string out(compressBound(text.size()) + 64, '\0');
  z_stream z{};
  deflateInit2(&z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
  z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  z.avail_in = static_cast<uInt>(text.size());
  z.next_out = reinterpret_cast<Bytef*>(out.data());
  z.avail_out = static_cast<uInt>(out.size());
  deflate(&z, Z_FINISH);
  out.resize(out.size() - z.avail_out);
  deflateEnd(&z);
  return out;
}

struct received {
  receiver_reply reply;
  std::vector<span_record> spans;
  std::vector<trace::metric_point> points;
};
received send(receiver_request request) {
  if (request.method.empty()) request.method = "POST";
  if (request.target.empty()) request.target = "/v1/traces";
  received r;
  r.reply = trace::answer(
      request, limit,
      {.spans = [&](auto spans) { r.spans.assign(spans.begin(), spans.end()); },
       .metrics = [&](auto points) { r.points.assign(points.begin(), points.end()); }});
  return r;
}

const std::string protobuf = proto_request({proto_span(raw_id(1, 16), raw_id(2, 8))});
const std::string json_text = telemetry::to_otlp_json_line(std::vector{make({.id = 2})});

TEST(TraceReceiver, StoresBothForms) {
  for (bool zipped : {false, true}) {
    auto encoding = zipped ? "gzip" : "";
    auto body = zipped ? gzipped(protobuf) : protobuf;
    auto p = send(
        {.content_type = "application/x-protobuf", .content_encoding = encoding, .body = body});
    EXPECT_EQ(p.reply.status, 200);
    EXPECT_EQ(p.reply.content_type, "application/x-protobuf");
    EXPECT_EQ(p.reply.body, "");
    EXPECT_EQ(p.spans.size(), 1U);
    auto text = zipped ? gzipped(json_text) : json_text;
    auto j = send({.content_type = "Application/JSON; charset=utf-8",
                   .content_encoding = encoding,
                   .body = text});
    EXPECT_EQ(j.reply.status, 200);
    EXPECT_EQ(j.reply.content_type, "application/json");
    EXPECT_EQ(j.reply.body, "{}");
    EXPECT_EQ(j.spans.size(), 1U);
  }
}

// Metrics are kept, log records counted.
TEST(TraceReceiver, TakesTheOtherSignals) {
  const std::vector points{metric("tokens", 3)};
  auto json = send({.target = "/v1/metrics",
                    .content_type = "application/json",
                    .body = trace::to_otlp_json_line(points)});
  EXPECT_EQ(json.reply.status, 200);
  EXPECT_EQ(json.reply.body, "{}");
  EXPECT_EQ(json.reply.points, 1U);
  EXPECT_EQ(json.points, points);
  auto binary = send({.target = "/v1/metrics",
                      .content_type = "application/x-protobuf",
                      .body = proto_metrics({proto_counter("tokens", 3)})});
  EXPECT_EQ(binary.reply.status, 200);
  EXPECT_EQ(binary.reply.body, "");
  EXPECT_EQ(binary.points.size(), 1U);

  auto logs = send({.target = "/v1/logs",
                    .content_type = "application/json",
                    .body = R"({"resourceLogs":[{"scopeLogs":[{"logRecords":[{},{}]}]}]})"});
  EXPECT_EQ(logs.reply.status, 200);
  EXPECT_EQ(logs.reply.log_records, 2U);
  // The same in Protobuf.
  auto bytes = send({.target = "/v1/logs",
                     .content_type = "application/x-protobuf",
                     .body = std::string_view("\x0A\x06\x12\x04\x12\x00\x12\x00", 8)});
  EXPECT_EQ(bytes.reply.status, 200);
  EXPECT_EQ(bytes.reply.log_records, 2U);
  for (const char* path : {"/v1/metrics", "/v1/logs"}) {
    auto bad = send({.target = path, .content_type = "application/x-protobuf", .body = "anything"});
    EXPECT_EQ(bad.reply.status, 400) << path;
    EXPECT_TRUE(bad.points.empty());
  }
}

TEST(TraceReceiver, DamagedPointsAreToldAndTheOthersKept) {
  auto whole = proto_counter("tokens", 3);
  auto r = send({.target = "/v1/metrics",
                 .content_type = "application/x-protobuf",
                 .body = proto_metrics({whole, proto_metric_of("tokens", "\x11\x01")})});
  EXPECT_EQ(r.reply.status, 200);
  EXPECT_EQ(r.points.size(), 1U);
  EXPECT_EQ(r.reply.rejected, 1U);
  EXPECT_FALSE(r.reply.body.empty());
}

TEST(TraceReceiver, PartialSuccessSaysHowManyAndWhy) {
  auto body = proto_request(
      {proto_span(raw_id(1, 16), raw_id(2, 8)), proto_span(raw_id(1, 3), raw_id(2, 8))});
  auto r = send({.content_type = "application/x-protobuf", .body = body});
  EXPECT_EQ(r.reply.status, 200);
  EXPECT_EQ(r.spans.size(), 1U);
  EXPECT_EQ(r.reply.rejected, 1U);
  protozero::pbf_reader response(r.reply.body);
  ASSERT_TRUE(response.next(1));
  auto partial = response.get_message();
  ASSERT_TRUE(partial.next(1));
  EXPECT_EQ(partial.get_int64(), 1);
  ASSERT_TRUE(partial.next(2));
  EXPECT_TRUE(partial.get_string().contains("spans[1]"));

  auto text = json_text;
  text.replace(text.find(digits(2, 16)), 16, "0123456789abcdeg");
  auto j = send({.content_type = "application/json", .body = text});
  EXPECT_EQ(j.reply.status, 200);
  EXPECT_TRUE(j.reply.body.starts_with(R"({"partialSuccess":{"rejectedSpans":"1",)"))
      << j.reply.body;
}

TEST(TraceReceiver, RefusesWhatItCannotTake) {
  struct wrong {
    receiver_request request;
    int status;
  };
  auto bomb = gzipped(std::string(limit + 1, ' '));
  const std::string_view json = "application/json";
  const std::vector<wrong> all{
      {{.target = "/", .content_type = json}, 404},
      {{.target = "/v1/traces/", .content_type = json}, 404},
      {{.method = "GET", .content_type = json}, 405},
      {{.content_type = "text/plain"}, 415},
      {{.content_type = ""}, 415},
      {{.content_type = json, .content_encoding = "br"}, 415},
      {{.content_type = json, .content_encoding = "gzip", .body = "no gzip"}, 400},
      {{.content_type = json,
        .content_encoding = "gzip",
        .body = std::string_view(bomb).substr(0, bomb.size() / 2)},
       400},
      {{.content_type = json, .content_encoding = "gzip", .body = bomb}, 413},
      {{.content_type = json, .body = "{"}, 400},
      {{.content_type = "application/x-protobuf", .body = "\x0A\x7F"}, 400},
  };
  for (const auto& w : all) {
    auto r = send(w.request);
    EXPECT_EQ(r.reply.status, w.status) << w.request.target << ' ' << w.request.content_type;
    EXPECT_FALSE(r.reply.retry);
    EXPECT_FALSE(r.reply.body.empty());
    EXPECT_TRUE(r.spans.empty());
  }
}

TEST(TraceReceiver, AStoreThatFailsMakesTheSenderTryAgain) {
  receiver_request request{.method = "POST",
                           .target = "/v1/traces",
                           .content_type = "application/json",
                           .body = json_text};
  auto full = [](auto) { throw trace::store_error("disk full"); };
  auto reply = trace::answer(request, limit, {.spans = full, .metrics = full});
  EXPECT_EQ(reply.status, 503);
  EXPECT_TRUE(reply.retry);
  EXPECT_EQ(reply.failure, "disk full");
}

TEST(TraceGzip, MembersOneAfterTheOther) {
  EXPECT_EQ(trace::gunzip(gzipped("hello ") + gzipped("world"), limit), "hello world");
  EXPECT_EQ(trace::gunzip(gzipped(""), limit), "");
  EXPECT_EQ(trace::gunzip(gzipped(std::string(limit, 'x')), limit)->size(), limit);
  EXPECT_FALSE(trace::gunzip("", limit));
}

}  // namespace
}  // namespace skein::test
