#include <algorithm>
#include <string>
#include <string_view>

#include <opentelemetry/exporters/otlp/otlp_grpc_exporter_factory.h>
#include <opentelemetry/exporters/otlp/otlp_grpc_exporter_options.h>
#include <opentelemetry/exporters/otlp/otlp_grpc_log_record_exporter_factory.h>
#include <opentelemetry/exporters/otlp/otlp_grpc_log_record_exporter_options.h>
#include <opentelemetry/exporters/otlp/otlp_grpc_metric_exporter_factory.h>
#include <opentelemetry/exporters/otlp/otlp_grpc_metric_exporter_options.h>
#include <opentelemetry/sdk/common/global_log_handler.h>

#include <skein/otlp_grpc/exporter.hpp>

namespace skein::otlp_grpc {

namespace api = opentelemetry::exporter::otlp;
using telemetry::otlp_config;

namespace {

// opentelemetry-cpp percent-decodes header values when it sends them, wherever they come from.
std::string encoded_again(std::string_view value) {
  std::string out;
  for (char c : value) {
    if (c == '%') {
      out += "%25";
    } else {
      out += c;
    }
  }
  return out;
}

api::PreferredAggregationTemporality temporality_of(const otlp_config& config) {
  using enum otlp_config::temporality;
  return config.sums == delta        ? api::PreferredAggregationTemporality::kDelta
         : config.sums == low_memory ? api::PreferredAggregationTemporality::kLowMemory
                                     : api::PreferredAggregationTemporality::kCumulative;
}

// The constructors of options read the environment by rules of their own: every field they set is
// set again.
template <class Options>
Options options_from(const otlp_config& config) {
  Options options;
  options.endpoint = config.url;
  bool has_scheme = config.url.contains("://");
  options.use_ssl_credentials = has_scheme ? config.url.starts_with("https://")
                                           : config.transport != otlp_config::security::plain;
  options.ssl_credentials_cacert_path = config.certificate_file;
  options.ssl_credentials_cacert_as_string.clear();
  options.timeout = config.timeout;
  options.metadata.clear();
  for (const auto& [key, value] : config.headers) {
    // gRPC refuses upper-case keys by ending the program.
    std::string name = key;
    std::ranges::transform(name, name.begin(), [](char c) {
      return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    options.metadata.emplace(name, encoded_again(value));
  }
  options.compression = config.compressed == otlp_config::compression::gzip ? "gzip" : "none";
  if (!config.client_key_file.empty() || !config.client_certificate_file.empty()) {
    OTEL_INTERNAL_LOG_WARN(
        "[Skein] OTLP over gRPC is sent without a client certificate: this exporter has no support "
        "for one; use OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf");
  }
  return options;
}

}  // namespace

std::unique_ptr<opentelemetry::sdk::trace::SpanExporter> make_grpc_exporter(
    const otlp_config& config) {
  return api::OtlpGrpcExporterFactory::Create(options_from<api::OtlpGrpcExporterOptions>(config));
}

std::unique_ptr<opentelemetry::sdk::metrics::PushMetricExporter> make_grpc_metric_exporter(
    const otlp_config& config) {
  auto options = options_from<api::OtlpGrpcMetricExporterOptions>(config);
  options.aggregation_temporality = temporality_of(config);
  return api::OtlpGrpcMetricExporterFactory::Create(options);
}

std::unique_ptr<opentelemetry::sdk::logs::LogRecordExporter> make_grpc_log_exporter(
    const otlp_config& config) {
  return api::OtlpGrpcLogRecordExporterFactory::Create(
      options_from<api::OtlpGrpcLogRecordExporterOptions>(config));
}

}  // namespace skein::otlp_grpc
