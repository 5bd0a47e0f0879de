// The standard variables: what they mean, and what is said about values that mean nothing.
#include "telemetry/environment.hpp"

#include <chrono>
#include <map>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace skein::test {
namespace {

using namespace telemetry;
using namespace std::chrono_literals;
using variables = std::map<std::string, std::string>;

// An environment of its own; `warnings` collects what is said.
struct world {
  variables set;
  std::string warnings = {};
  environment env{[this](const char* name) -> const char* {
                    auto at = set.find(name);
                    return at != set.end() ? at->second.c_str() : nullptr;
                  },
                  [this](const std::string& w) { warnings += w + '\n'; }};
};

std::string text_of(const otlp_config& c) {
  std::string out = c.protocol == otlp_protocol::grpc        ? "grpc "
                    : c.protocol == otlp_protocol::http_json ? "json "
                                                             : "protobuf ";
  out += c.url + " " + std::to_string(c.timeout.count());
  for (const auto& [k, v] : c.headers) out += " " + k + "=" + v;
  if (c.compressed == otlp_config::compression::gzip) out += " gzip";
  if (c.transport == otlp_config::security::plain) out += " plain";
  if (!c.certificate_file.empty()) out += " ca:" + c.certificate_file;
  if (!c.client_key_file.empty()) out += " key:" + c.client_key_file;
  if (!c.client_certificate_file.empty()) out += " cert:" + c.client_certificate_file;
  return out;
}

struct row {
  const char* name;
  variables set;
  const char* expected;
  const char* warning = "";
};
void PrintTo(const row& r, std::ostream* out) { *out << r.name; }

// Cases 120 and 121 of the black-box scenarios.
class OtlpEnvironment : public ::testing::TestWithParam<row> {};
TEST_P(OtlpEnvironment, Means) {
  world w{GetParam().set};
  EXPECT_EQ(text_of(otlp_from(w.env, {})), GetParam().expected);
  EXPECT_EQ(w.warnings.empty(), *GetParam().warning == '\0') << w.warnings;
  EXPECT_TRUE(w.warnings.contains(GetParam().warning)) << w.warnings;
}

const std::vector<row> otlp_rows{
    {"nothing", {}, "protobuf http://localhost:4318/v1/traces 10000"},
    {"empty_is_unset",
     {{"OTEL_EXPORTER_OTLP_ENDPOINT", ""}, {"OTEL_EXPORTER_OTLP_TIMEOUT", " "}},
     "protobuf http://localhost:4318/v1/traces 10000"},
    {"grpc", {{"OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"}}, "grpc http://localhost:4317 10000"},
    {"json",
     {{"OTEL_EXPORTER_OTLP_PROTOCOL", "HTTP/JSON"}},
     "json http://localhost:4318/v1/traces 10000"},
    {"traces_over_general_protocol",
     {{"OTEL_EXPORTER_OTLP_PROTOCOL", "http/json"}, {"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "grpc"}},
     "grpc http://localhost:4317 10000"},
    {"no_such_protocol",
     {{"OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuff"}},
     "protobuf http://localhost:4318/v1/traces 10000",
     "OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuff: "},
    {"base_without_slash",
     {{"OTEL_EXPORTER_OTLP_ENDPOINT", "https://c:1/x"}},
     "protobuf https://c:1/x/v1/traces 10000"},
    {"base_with_slash",
     {{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:1/"}},
     "protobuf http://c:1/v1/traces 10000"},
    {"traces_address_as_it_is",
     {{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://c:1/t"},
      {"OTEL_EXPORTER_OTLP_ENDPOINT", "http://d"}},
     "protobuf http://c:1/t 10000"},
    {"traces_address_without_path",
     {{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://c:1"}},
     "protobuf http://c:1/ 10000"},
    {"grpc_address",
     {{"OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"}, {"OTEL_EXPORTER_OTLP_ENDPOINT", "https://c:1"}},
     "grpc https://c:1 10000"},
    {"grpc_address_without_scheme",
     {{"OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"},
      {"OTEL_EXPORTER_OTLP_ENDPOINT", "c:1"},
      {"OTEL_EXPORTER_OTLP_INSECURE", "true"}},
     "grpc c:1 10000 plain"},
    {"no_address",
     {{"OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4318"}},
     "protobuf http://localhost:4318/v1/traces 10000",
     "OTEL_EXPORTER_OTLP_ENDPOINT=collector:4318: "},
    {"milliseconds",
     {{"OTEL_EXPORTER_OTLP_TIMEOUT", "250"}},
     "protobuf http://localhost:4318/v1/traces 250"},
    {"traces_over_general_timeout",
     {{"OTEL_EXPORTER_OTLP_TIMEOUT", "250"}, {"OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "7"}},
     "protobuf http://localhost:4318/v1/traces 7"},
    {"zero_is_for_ever",
     {{"OTEL_EXPORTER_OTLP_TIMEOUT", "0"}},
     "protobuf http://localhost:4318/v1/traces 9223372036854775807"},
    {"no_unit",
     {{"OTEL_EXPORTER_OTLP_TIMEOUT", "10s"}},
     "protobuf http://localhost:4318/v1/traces 10000",
     "OTEL_EXPORTER_OTLP_TIMEOUT=10s: is not a whole number"},
    {"negative",
     {{"OTEL_EXPORTER_OTLP_TIMEOUT", "-1"}},
     "protobuf http://localhost:4318/v1/traces 10000",
     "OTEL_EXPORTER_OTLP_TIMEOUT=-1"},
    {"headers_are_decoded",
     {{"OTEL_EXPORTER_OTLP_HEADERS", " Authorization = Basic%20a%3D%3D , b=1%2C2,"}},
     "protobuf http://localhost:4318/v1/traces 10000 Authorization=Basic a== b=1,2"},
    {"traces_over_general_headers",
     {{"OTEL_EXPORTER_OTLP_HEADERS", "a=1,b=2"}, {"OTEL_EXPORTER_OTLP_TRACES_HEADERS", "A=3"}},
     "protobuf http://localhost:4318/v1/traces 10000 b=2 A=3"},
    {"broken_headers",
     {{"OTEL_EXPORTER_OTLP_HEADERS", "a=1,secret"}},
     "protobuf http://localhost:4318/v1/traces 10000",
     "OTEL_EXPORTER_OTLP_HEADERS=(10 bytes): entry 2 is not key=value"},
    {"broken_escape",
     {{"OTEL_EXPORTER_OTLP_HEADERS", "a=%2"}},
     "protobuf http://localhost:4318/v1/traces 10000",
     "OTEL_EXPORTER_OTLP_HEADERS"},
    {"compression_and_files",
     {{"OTEL_EXPORTER_OTLP_COMPRESSION", "gzip"},
      {"OTEL_EXPORTER_OTLP_CERTIFICATE", "ca.pem"},
      {"OTEL_EXPORTER_OTLP_CLIENT_KEY", "k.pem"},
      {"OTEL_EXPORTER_OTLP_TRACES_CLIENT_CERTIFICATE", "c.pem"}},
     "protobuf http://localhost:4318/v1/traces 10000 gzip ca:ca.pem key:k.pem cert:c.pem"},
    {"no_such_compression",
     {{"OTEL_EXPORTER_OTLP_COMPRESSION", "zip"}},
     "protobuf http://localhost:4318/v1/traces 10000",
     "OTEL_EXPORTER_OTLP_COMPRESSION=zip"},
};
INSTANTIATE_TEST_SUITE_P(All, OtlpEnvironment, ::testing::ValuesIn(otlp_rows),
                         [](const auto& i) { return std::string(i.param.name); });

TEST(OtlpOptions, WinOverTheEnvironment) {
  world w{{{"OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"},
           {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://c:1/t"},
           {"OTEL_EXPORTER_OTLP_HEADERS", "a=1,b=2"},
           {"OTEL_EXPORTER_OTLP_TIMEOUT", "5"}}};
  auto c = otlp_from(w.env, {.protocol = otlp_protocol::http_protobuf,
                             .endpoint = "http://d:2/",
                             .headers = {{"b", "100%"}},
                             .timeout = 8ms});
  EXPECT_EQ(text_of(c), "protobuf http://d:2/v1/traces 8 a=1 b=100%");
}

std::string text_of(const sampler_choice& c) {
  using kind = sampler_choice::kind;
  std::string out = c.parent_based ? "parent " : "";
  out += c.root == kind::always_on ? "on" : c.root == kind::always_off ? "off" : "ratio ";
  if (c.root == kind::ratio) out += std::to_string(c.ratio).substr(0, 4);
  return out;
}
class SamplerEnvironment : public ::testing::TestWithParam<row> {};
TEST_P(SamplerEnvironment, Means) {
  world w{GetParam().set};
  EXPECT_EQ(text_of(sampler_from(w.env)), GetParam().expected);
  EXPECT_EQ(w.warnings.empty(), *GetParam().warning == '\0') << w.warnings;
  EXPECT_TRUE(w.warnings.contains(GetParam().warning)) << w.warnings;
}
row sampler(const char* name, const char* value, const char* arg, const char* expected,
            const char* warning = "") {
  return {
      name, {{"OTEL_TRACES_SAMPLER", value}, {"OTEL_TRACES_SAMPLER_ARG", arg}}, expected, warning};
}
INSTANTIATE_TEST_SUITE_P(
    All, SamplerEnvironment,
    ::testing::Values(
        sampler("nothing", "", "", "parent on"), sampler("on", "always_on", "", "on"),
        sampler("off", "ALWAYS_OFF", "", "off"),
        sampler("ratio", "traceidratio", "0.25", "ratio 0.25"),
        sampler("ratio_without", "traceidratio", "", "ratio 1.00"),
        sampler("parent_on", "parentbased_always_on", "0.3", "parent on"),
        sampler("parent_off", "parentbased_always_off", "", "parent off"),
        sampler("parent_ratio", "parentbased_traceidratio", "0", "parent ratio 0.00"),
        sampler("unknown", "jaeger_remote", "", "parent on", "OTEL_TRACES_SAMPLER=jaeger_remote: "),
        sampler("too_much", "traceidratio", "1.5", "ratio 1.00", "OTEL_TRACES_SAMPLER_ARG=1.5: "),
        sampler("no_number", "traceidratio", "half", "ratio 1.00",
                "OTEL_TRACES_SAMPLER_ARG=half: ")),
    [](const auto& i) { return std::string(i.param.name); });

TEST(BatchEnvironment, IsClampedAndChecked) {
  world nothing{{}};
  auto b = batch_from(nothing.env);
  EXPECT_EQ(b.max_queue_size, 2048U);
  EXPECT_EQ(b.max_batch_size, 512U);
  EXPECT_EQ(b.schedule_delay, 5s);
  EXPECT_EQ(b.export_timeout, 30s);

  world set{{{"OTEL_BSP_MAX_QUEUE_SIZE", "100"},
             {"OTEL_BSP_SCHEDULE_DELAY", "20"},
             {"OTEL_BSP_EXPORT_TIMEOUT", "30"}}};
  b = batch_from(set.env);
  EXPECT_EQ(b.max_queue_size, 100U);
  EXPECT_EQ(b.max_batch_size, 100U) << "the default does not fit the queue";
  EXPECT_EQ(b.schedule_delay, 20ms);
  EXPECT_EQ(b.export_timeout, 30ms);
  EXPECT_EQ(set.warnings, "");

  world bad{{{"OTEL_BSP_MAX_QUEUE_SIZE", "0"}, {"OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "4096"}}};
  b = batch_from(bad.env);
  EXPECT_EQ(b.max_queue_size, 2048U);
  EXPECT_EQ(b.max_batch_size, 2048U);
  EXPECT_TRUE(bad.warnings.contains("OTEL_BSP_MAX_QUEUE_SIZE=0: ")) << bad.warnings;
  EXPECT_TRUE(bad.warnings.contains("OTEL_BSP_MAX_EXPORT_BATCH_SIZE=4096: ")) << bad.warnings;
}

// Case 122: what the code says wins.
TEST(ResourceEnvironment, OptionsOverServiceNameOverAttributes) {
  world w{{{"OTEL_RESOURCE_ATTRIBUTES", "service.name=a,region=eu%2Dwest, x = %C3%BC "},
           {"OTEL_SERVICE_NAME", "b"}}};
  EXPECT_EQ(resource_from(w.env, {}),
            (json::object{{"service.name", "b"}, {"region", "eu-west"}, {"x", "ü"}}));
  setup_options options;
  options.service_name = "c";
  options.service_version = "1";
  options.resource = {{"x", 5}, {"service.name", "d"}};
  EXPECT_EQ(resource_from(w.env, options),
            (json::object{
                {"service.name", "c"}, {"region", "eu-west"}, {"x", 5}, {"service.version", "1"}}));
}

TEST(ResourceEnvironment, ABrokenListCountsAsNone) {
  world w{{{"OTEL_RESOURCE_ATTRIBUTES", "a=1,b"}}};
  EXPECT_EQ(resource_from(w.env, {}), (json::object{{"service.name", "unknown_service"}}));
  EXPECT_TRUE(w.warnings.contains("OTEL_RESOURCE_ATTRIBUTES")) << w.warnings;
}

TEST(PropagatorEnvironment, Names) {
  using names = std::vector<std::string>;
  EXPECT_EQ(propagators_from(world{{}}.env), (names{"tracecontext", "baggage"}));
  world some{{{"OTEL_PROPAGATORS", "B3, tracecontext,b3,xray"}}};
  EXPECT_EQ(propagators_from(some.env), (names{"b3", "tracecontext"}));
  EXPECT_TRUE(some.warnings.contains("OTEL_PROPAGATORS=xray: ")) << some.warnings;
  EXPECT_EQ(propagators_from(world{{{"OTEL_PROPAGATORS", "none"}}}.env), names{});
}

TEST(BooleanEnvironment, OnlyTrueIsTrue) {
  struct boolean {
    const char* value;
    bool expected;
    bool warns;
  };
  for (auto b :
       {boolean{"", false, false}, boolean{"true", true, false}, boolean{"TRUE", true, false},
        boolean{"False", false, false}, boolean{"1", false, true}, boolean{"yes", false, true}}) {
    world w{{{"OTEL_SDK_DISABLED", b.value}}};
    EXPECT_EQ(w.env.is_true("OTEL_SDK_DISABLED"), b.expected) << b.value;
    EXPECT_EQ(!w.warnings.empty(), b.warns) << b.value;
  }
}

}  // namespace
}  // namespace skein::test
