#include "telemetry/lines_exporter.hpp"

#include <cerrno>
#include <exception>
#include <format>
#include <fstream>
#include <iostream>
#include <ostream>
#include <system_error>
#include <vector>

#include <opentelemetry/sdk/common/global_log_handler.h>

#include <skein/core/error.hpp>
#include <skein/telemetry/otlp_json.hpp>

#include "telemetry/recorder.hpp"

namespace skein::telemetry {

namespace sdk = opentelemetry::sdk;
namespace nostd = opentelemetry::nostd;

namespace {

class lines_exporter final : public sdk::trace::SpanExporter {
 public:
  lines_exporter(std::unique_ptr<std::ofstream> file, std::ostream& out)
      : file_(std::move(file)), out_(out) {}

  std::unique_ptr<sdk::trace::Recordable> MakeRecordable() noexcept override {
    return std::make_unique<recorder>();
  }
  sdk::common::ExportResult Export(
      const nostd::span<std::unique_ptr<sdk::trace::Recordable>>& spans) noexcept override {
    try {
      std::vector<span_record> records;
      records.reserve(spans.size());
      for (const auto& s : spans) records.push_back(static_cast<const recorder&>(*s).record());
      out_ << to_otlp_json_line(records) << std::endl;
      if (out_) return sdk::common::ExportResult::kSuccess;
      OTEL_INTERNAL_LOG_ERROR("[Skein] " << spans.size() << " spans could not be written");
      out_.clear();
    } catch (const std::exception& e) {
      OTEL_INTERNAL_LOG_ERROR("[Skein] spans could not be written: " << e.what());
    }
    return sdk::common::ExportResult::kFailure;
  }
  bool ForceFlush(std::chrono::microseconds) noexcept override { return true; }
  bool Shutdown(std::chrono::microseconds) noexcept override { return true; }

 private:
  std::unique_ptr<std::ofstream> file_;
  std::ostream& out_;
};

}  // namespace

std::unique_ptr<sdk::trace::SpanExporter> make_lines_exporter(const std::string& path) {
  if (path == "-") return std::make_unique<lines_exporter>(nullptr, std::cout);
  auto file = std::make_unique<std::ofstream>(path, std::ios::app);
  if (!*file) {
    throw usage_error(std::format("telemetry::setup: cannot write spans to {}: {}", path,
                                  std::generic_category().message(errno)));
  }
  auto& out = *file;
  return std::make_unique<lines_exporter>(std::move(file), out);
}

}  // namespace skein::telemetry
