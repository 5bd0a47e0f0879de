#include "trace/log_count.hpp"

#include <format>
#include <protozero/pbf_reader.hpp>
#include <string>
#include <utility>

#include "telemetry/otlp_document.hpp"
#include "trace/otlp_bytes.hpp"

namespace skein::trace {

namespace {

using protozero::pbf_reader;

// Field numbers of opentelemetry-proto: logs/v1, collector/logs/v1.
constexpr protozero::pbf_tag_type resource_logs = 1;
constexpr protozero::pbf_tag_type scope_logs = 2;
constexpr protozero::pbf_tag_type log_records = 2;

template <class Use>
void each(pbf_reader m, protozero::pbf_tag_type field, Use use) {
  while (m.next()) {
    if (m.tag() == field) {
      use(message_of(m));
    } else {
      m.skip();
    }
  }
}

}  // namespace

std::expected<std::size_t, read_error> count_log_records_protobuf(std::string_view bytes) {
  std::size_t n = 0;
  try {
    each({bytes.data(), bytes.size()}, resource_logs, [&](pbf_reader resource) {
      each(resource, scope_logs,
           [&](pbf_reader scope) { each(scope, log_records, [&](pbf_reader) { ++n; }); });
    });
  } catch (const protozero::exception& e) {
    return std::unexpected(read_error{std::format("resource_logs: {}", e.what())});
  }
  return n;
}

std::expected<std::size_t, read_error> count_log_records_json(std::string_view text) {
  std::size_t n = 0;
  auto complaint =
      telemetry::each_document(text, [&](const telemetry::place& request, std::size_t) {
        auto resources = request.at("resourceLogs");
        for (std::size_t r = 0, rs = resources.size(); r < rs; ++r) {
          auto resource = resources[r];
          auto scopes = resource.at("scopeLogs");
          for (std::size_t c = 0, cs = scopes.size(); c < cs; ++c) {
            n += scopes[c].at("logRecords").size();
          }
        }
      });
  if (!complaint.empty()) return std::unexpected(read_error{std::move(complaint)});
  return n;
}

}  // namespace skein::trace
