// Spans arrive at a collector.
#include <chrono>
#include <cstdlib>
#include <format>
#include <map>
#include <protozero/pbf_reader.hpp>
#include <string>
#include <string_view>
#include <vector>
#include <zlib.h>

#include <gtest/gtest.h>

#include <skein/core/error.hpp>
#include <skein/json/text.hpp>
#include <skein/otlp/exporter.hpp>
#include <skein/otlp_grpc/exporter.hpp>
#include <skein/telemetry/otlp_json.hpp>
#include <skein/telemetry/setup.hpp>

#include "collector.hpp"
#include "support.hpp"

namespace skein::test {
namespace {

using namespace telemetry;

flush_result send_a_span(const setup_options& base, answering_collector& to) {
  setup_options options;
  options.service_name = base.service_name;
  options.otlp = skein::otlp::make_exporter;
  options.exporters = {otlp_collector{.endpoint = to.url()}};
  auto p = setup(std::move(options));
  operation("a span of ours", operation::kind::internal, {}, {}).end(outcome::ok);
  return p.flush();
}

TEST(OtlpExport, OverHttpWithProtobuf) {
  answering_collector collector;
  with_environment e(
      {{"OTEL_EXPORTER_OTLP_HEADERS", "Authorization=Basic%20YQ%3D%3D,x-rate=50%25"}});
  auto r = send_a_span({.service_name = "otlp test"}, collector);
  EXPECT_TRUE(r.ok());
  EXPECT_EQ(r.delivered, 1U);
  auto got = collector.requests();
  ASSERT_EQ(got.size(), 1U);
  EXPECT_EQ(got[0].target, "/v1/traces");
  EXPECT_EQ(got[0].headers.at("Content-Type"), "application/x-protobuf");
  EXPECT_EQ(got[0].headers.at("Authorization"), "Basic YQ==") << "decoded";
  EXPECT_EQ(got[0].headers.at("x-rate"), "50%") << "decoded once";
  // Strings are themselves in Protobuf.
  EXPECT_TRUE(got[0].body.contains("a span of ours"));
  EXPECT_TRUE(got[0].body.contains("otlp test"));
  // Field 1 of the request, length-delimited.
  EXPECT_EQ(got[0].body.at(0), '\x0A');
}

TEST(OtlpExport, OverHttpWithJson) {
  answering_collector collector;
  with_environment e({{"OTEL_EXPORTER_OTLP_PROTOCOL", "http/json"}});
  EXPECT_TRUE(send_a_span({}, collector).ok());
  auto got = collector.requests();
  ASSERT_EQ(got.size(), 1U);
  EXPECT_EQ(got[0].target, "/v1/traces");
  EXPECT_TRUE(got[0].headers.at("Content-Type").starts_with("application/json"));
  auto body = json::parse_text(got[0].body);
  ASSERT_TRUE(body);
  EXPECT_TRUE(got[0].body.contains("a span of ours"));
}

TEST(OtlpExport, ByDefault) {
  answering_collector collector;
  with_environment e({{"OTEL_EXPORTER_OTLP_ENDPOINT", collector.url() + "/"}});
  {
    auto p = setup({.otlp = skein::otlp::make_exporter});
    operation("op", operation::kind::internal, {}, {}).end(outcome::ok);
  }
  auto got = collector.requests();
  ASSERT_EQ(got.size(), 1U) << "the destructor sends";
  EXPECT_EQ(got[0].target, "/v1/traces") << "one slash";
}

TEST(OtlpExport, WhatGrpcCannotDoHereIsSaid) {
  caught_log log;
  otlp_config c{
      .protocol = otlp_protocol::grpc, .url = "http://localhost:1", .client_key_file = "k.pem"};
  EXPECT_NE(skein::otlp_grpc::make_exporter(c), nullptr);
  EXPECT_TRUE(log.text().contains("client certificate")) << log.text();
  EXPECT_THROW((void)skein::otlp::make_exporter(c), usage_error);
}

std::string unpacked(const std::string& gzipped) {
  z_stream z{};
  EXPECT_EQ(inflateInit2(&z, 15 + 16), Z_OK);
  std::string out(100'000, '\0');
  auto in = gzipped;
  z.next_in = reinterpret_cast<Bytef*>(in.data());
  z.avail_in = static_cast<uInt>(in.size());
  z.next_out = reinterpret_cast<Bytef*>(out.data());
  z.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(inflate(&z, Z_FINISH), Z_STREAM_END);
  out.resize(z.total_out);
  inflateEnd(&z);
  return out;
}

TEST(OtlpExport, Compressed) {
  answering_collector collector;
  with_environment e({{"OTEL_EXPORTER_OTLP_COMPRESSION", "gzip"}});
  EXPECT_TRUE(send_a_span({}, collector).ok());
  auto got = collector.requests();
  ASSERT_EQ(got.size(), 1U);
  EXPECT_EQ(got[0].headers.at("Content-Encoding"), "gzip");
  EXPECT_TRUE(unpacked(got[0].body).contains("a span of ours"));
}

// Through one exporter, in one batch.
flush_result send_spans(const std::vector<std::string>& names, answering_collector& to,
                        std::chrono::milliseconds within = std::chrono::seconds(20)) {
  auto p = setup({.exporters = {otlp_collector{.endpoint = to.url()}},
                  .otlp = skein::otlp::make_exporter,
                  .batch = batch_options{.schedule_delay = std::chrono::hours(1)},
                  .flush_deadline = within});
  for (const auto& name : names)
    operation(name, operation::kind::internal, {}, {}).end(outcome::ok);
  return p.flush(within);
}

TEST(OtlpExport, ACollectorThatIsBusyIsAskedAgain) {
  for (unsigned status : {429U, 502U, 503U, 504U}) {
    int times = 0;
    answering_collector collector([&](const auto&) {
      return answering_collector::answer{.status = ++times < 3 ? status : 200U};
    });
    auto r = send_spans({"op"}, collector);
    EXPECT_TRUE(r.ok()) << status;
    EXPECT_EQ(r.delivered, 1U);
    EXPECT_EQ(collector.requests().size(), 3U);
  }
}

TEST(OtlpExport, RetryAfterCountsAndTheDeadlineMore) {
  answering_collector collector([](const auto&) {
    return answering_collector::answer{.status = 503, .headers = {{"Retry-After", "3600"}}};
  });
  caught_log log;
  auto begin = std::chrono::steady_clock::now();
  auto r = send_spans({"op"}, collector, std::chrono::seconds(20));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(15))
      << "a wait beyond the deadline is not begun";
  EXPECT_EQ(r.failed, 1U);
  EXPECT_EQ(r.losses.at(0).why, loss::no_answer);
  EXPECT_EQ(collector.requests().size(), 1U);
  EXPECT_TRUE(log.text().contains("503")) << log.text();
}

TEST(OtlpExport, WhatIsRefusedIsNotSentAgain) {
  for (unsigned status : {401U, 404U, 500U}) {
    answering_collector collector(
        [&](const auto&) { return answering_collector::answer{.status = status}; });
    caught_log log;
    auto r = send_spans({"one", "two"}, collector);
    EXPECT_EQ(r.failed, 2U);
    EXPECT_EQ(collector.requests().size(), 1U) << status;
    EXPECT_TRUE(log.text().contains(std::to_string(status))) << log.text();
  }
}

TEST(OtlpExport, ABadSpanDoesNotTakeTheOthersAlong) {
  std::string accepted;
  answering_collector collector([&](const answering_collector::request& r) {
    if (r.body.contains("poison")) return answering_collector::answer{.status = 400};
    accepted += r.body;
    return answering_collector::answer();
  });
  caught_log log;
  auto r = send_spans({"op-1", "op-2", "op-3", "poison", "op-4", "op-5", "op-6"}, collector);
  EXPECT_EQ(r.delivered, 6U);
  EXPECT_EQ(r.failed, 1U);
  for (int i = 1; i <= 6; ++i) {
    EXPECT_TRUE(accepted.contains("op-" + std::to_string(i))) << i;
  }
}

TEST(OtlpExport, PartialSuccessIsCountedAndSaid) {
  answering_collector collector([](const auto&) {
    // partial_success { rejected_spans: 2, error_message: "too old" }
    return answering_collector::answer{.body = std::string("\x0a\x0b\x08\x02\x12\x07too old", 13)};
  });
  caught_log log;
  auto r = send_spans({"one", "two", "three"}, collector);
  EXPECT_EQ(r.delivered, 1U);
  EXPECT_EQ(r.failed, 2U);
  EXPECT_TRUE(log.text().contains("rejected 2 of 3 spans: too old")) << log.text();
}

// partial_success { rejected: n, error_message: text }
std::string partial_success(char n, const std::string& text) {
  const std::string inner = std::string{'\x08', n, '\x12', static_cast<char>(text.size())} + text;
  return std::string{'\x0a', static_cast<char>(inner.size())} + inner;
}

TEST(OtlpExport, PartialSuccessIsCountedForEverySignal) {
  answering_collector collector([](const answering_collector::request& r) {
    if (r.target == "/v1/logs") return answering_collector::answer{.body = partial_success(1, "l")};
    if (r.target == "/v1/metrics") {
      return answering_collector::answer{.body = partial_success(1, "m")};
    }
    return answering_collector::answer();
  });
  caught_log log;
  auto p = setup({.exporters = {otlp_collector{.endpoint = collector.url()}},
                  .otlp = skein::otlp::make_exporter});
  operation op(semconv::spans::inference, "chat m", {}, {});
  op.end(outcome::ok);
  auto r = p.flush();
  EXPECT_EQ(r.delivered, 1U);
  EXPECT_EQ(r.logs.delivered, 0U);
  EXPECT_EQ(r.logs.failed, 1U);
  EXPECT_EQ(r.logs.losses.at(0).first, "l");
  EXPECT_EQ(r.metrics.failed, 1U);
  EXPECT_EQ(r.metrics.losses.at(0).first, "m");
  EXPECT_EQ(r.metrics.losses.at(0).why, loss::refused);
  EXPECT_TRUE(log.text().contains("rejected 1 of 1 log records: l")) << log.text();
}

TEST(OtlpExport, ABadLogRecordDoesNotTakeTheOthersAlong) {
  answering_collector collector([](const answering_collector::request& r) {
    const bool bad = r.target == "/v1/logs" && r.body.contains("poison");
    return answering_collector::answer{.status = bad ? 400U : 200U};
  });
  caught_log log;
  auto p = setup({.exporters = {otlp_collector{.endpoint = collector.url()}},
                  .otlp = skein::otlp::make_exporter});
  for (const auto* name : {"a", "b", "poison", "c"}) {
    operation op(semconv::spans::inference, name, {}, {{"gen_ai.request.model", name}});
    op.end(outcome::ok);
  }
  auto r = p.flush();
  EXPECT_EQ(r.logs.delivered, 3U);
  EXPECT_EQ(r.logs.failed, 1U);
}

TEST(OtlpExport, TheReasonsAreTheCollectorsOwn) {
  // google.rpc.Status { code: 3, message: "no such tenant" }
  answering_collector refusing([](const auto&) {
    return answering_collector::answer{.status = 403, .body = "\x08\x03\x12\x0eno such tenant"};
  });
  caught_log log;
  auto r = send_spans({"one", "two"}, refusing);
  ASSERT_EQ(r.losses.size(), 1U);
  EXPECT_EQ(r.losses[0].why, loss::refused);
  EXPECT_EQ(r.losses[0].count, 2U);
  EXPECT_EQ(r.losses[0].first, "the collector answered 403: no such tenant");

  with_environment json({{"OTEL_EXPORTER_OTLP_PROTOCOL", "http/json"}});
  answering_collector page([](const auto&) {
    return answering_collector::answer{.status = 404, .body = R"({"message":"gone\naway"})"};
  });
  r = send_spans({"one"}, page);
  EXPECT_EQ(r.losses.at(0).first, "the collector answered 404: gone away") << "one line";

  for (const auto* body : {"<html>no</html>", "\x12", "\x10\x01", ""}) {
    answering_collector odd(
        [&](const auto&) { return answering_collector::answer{.status = 404, .body = body}; });
    with_environment protobuf({{"OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"}});
    EXPECT_EQ(send_spans({"one"}, odd).losses.at(0).first, "the collector answered 404");
  }
}

// The first span of the first scope of the first resource, as the bytes of a Span message.
std::string first_span(const std::string& request) {
  auto at = [](std::string_view message, protozero::pbf_tag_type field) {
    protozero::pbf_reader r(message.data(), message.size());
    EXPECT_TRUE(r.next(field)) << field;
    auto v = r.get_view();
    return std::string(v.data(), v.size());
  };
  return at(at(at(request, 1), 2), 2);
}

TEST(OtlpExport, EveryKindOfAttributeIsWritten) {
  answering_collector collector;
  {
    auto p = setup({.exporters = {otlp_collector{.endpoint = collector.url()}},
                    .otlp = skein::otlp::make_exporter});
    operation op("typed", operation::kind::client, {}, {{"text", "first"}});
    const bool flags[] = {true, false};
    const double reals[] = {0.5, -2};
    const std::int64_t integers[] = {-1, 7};
    const opentelemetry::nostd::string_view texts[] = {"a", "b"};
    op.set("flag", true);
    op.set("integer", std::int64_t{-5});
    op.set("real", 1.5);
    op.set("flags", opentelemetry::nostd::span<const bool>(flags));
    op.set("reals", opentelemetry::nostd::span<const double>(reals));
    op.set("integers", opentelemetry::nostd::span<const std::int64_t>(integers));
    op.set("texts", opentelemetry::nostd::span<const opentelemetry::nostd::string_view>(texts));
    op.set("text", "second");  // replaces
    op.end(outcome::ok);
  }
  ASSERT_EQ(collector.requests().size(), 1U);
  std::map<std::string, std::string> seen;
  const auto span = first_span(collector.requests()[0].body);
  for (protozero::pbf_reader r(span); r.next();) {
    if (r.tag() != 9) {
      if (r.tag() == 5) {
        EXPECT_EQ(r.get_string(), "typed");
      } else if (r.tag() == 6) {
        EXPECT_EQ(r.get_enum(), 3) << "SPAN_KIND_CLIENT";
      } else {
        r.skip();
      }
      continue;
    }
    auto pair = r.get_message();
    ASSERT_TRUE(pair.next(1));
    auto key = pair.get_string();
    ASSERT_TRUE(pair.next(2));
    EXPECT_FALSE(seen.contains(key)) << key << " twice";
    auto show = [](auto& self, protozero::pbf_reader v) -> std::string {
      std::string out;
      while (v.next()) {
        switch (v.tag()) {
          case 1:
            out += v.get_string();
            break;
          case 2:
            out += v.get_bool() ? "true" : "false";
            break;
          case 3:
            out += std::to_string(v.get_int64());
            break;
          case 4:
            out += std::format("{}", v.get_double());
            break;
          case 5: {
            auto array = v.get_message();
            while (array.next(1)) out += self(self, array.get_message()) + ",";
            break;
          }
          default:
            ADD_FAILURE() << "field " << v.tag();
            v.skip();
        }
      }
      return out;
    };
    seen[key] = show(show, pair.get_message());
  }
  EXPECT_EQ(seen, (std::map<std::string, std::string>{{"text", "second"},
                                                      {"flag", "true"},
                                                      {"integer", "-5"},
                                                      {"real", "1.5"},
                                                      {"flags", "true,false,"},
                                                      {"reals", "0.5,-2,"},
                                                      {"integers", "-1,7,"},
                                                      {"texts", "a,b,"}}));
}

}  // namespace
}  // namespace skein::test
