#include <opentelemetry/exporters/otlp/otlp_http_exporter_factory.h>
#include <opentelemetry/exporters/otlp/otlp_http_exporter_options.h>
#include <opentelemetry/sdk/common/global_log_handler.h>

#include <skein/otlp/exporter.hpp>

#include "otlp/headers.hpp"

namespace skein::otlp {

namespace api = opentelemetry::exporter::otlp;
using telemetry::otlp_config;

std::unique_ptr<opentelemetry::sdk::trace::SpanExporter> make_exporter(const otlp_config& config) {
  return config.protocol == telemetry::otlp_protocol::grpc ? make_grpc_exporter(config)
                                                           : make_http_exporter(config);
}

std::unique_ptr<opentelemetry::sdk::trace::SpanExporter> make_http_exporter(
    const otlp_config& config) {
  // The constructor reads the environment by rules of its own: every field it sets is set again.
  api::OtlpHttpExporterOptions options;
  options.url = config.url;
  options.content_type = config.protocol == telemetry::otlp_protocol::http_json
                             ? api::HttpRequestContentType::kJson
                             : api::HttpRequestContentType::kBinary;
  options.timeout = config.timeout;
  options.http_headers.clear();
  for (const auto& [key, value] : config.headers) {
    options.http_headers.emplace(key, encoded_again(value));
  }
  options.ssl_ca_cert_path = config.certificate_file;
  options.ssl_client_key_path = config.client_key_file;
  options.ssl_client_cert_path = config.client_certificate_file;
  options.compression = "none";
  if (config.compressed == otlp_config::compression::gzip) {
    OTEL_INTERNAL_LOG_WARN(
        "[Skein] OTLP over HTTP is sent uncompressed: this exporter cannot compress it");
  }
  return api::OtlpHttpExporterFactory::Create(options);
}

}  // namespace skein::otlp
