// Spans arrive at a collector.
#include <cstdlib>
#include <string>

#include <gtest/gtest.h>

#include <skein/json/text.hpp>
#include <skein/otlp/exporter.hpp>
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

TEST(OtlpExport, WhatThisBuildCannotDoIsSaid) {
  caught_log log;
  otlp_config c{.url = "http://localhost:1/v1/traces",
                .compressed = otlp_config::compression::gzip,
                .client_key_file = "k.pem"};
  EXPECT_NE(skein::otlp::make_http_exporter(c), nullptr);
  EXPECT_TRUE(log.text().contains("uncompressed")) << log.text();
  c.url = "http://localhost:1";
  EXPECT_NE(skein::otlp::make_grpc_exporter(c), nullptr);
  EXPECT_TRUE(log.text().contains("client certificate")) << log.text();
}

}  // namespace
}  // namespace skein::test
