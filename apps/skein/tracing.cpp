#include "tracing.hpp"

#include <cstdio>
#include <cstdlib>
#include <format>
#include <initializer_list>
#include <utility>

#include <skein/telemetry/otlp_json.hpp>
#include <skein/telemetry/tree.hpp>
#include <skein/trace/exporter.hpp>
#include <skein/trace/store.hpp>

#include "otlp.hpp"

namespace skein::cli {

namespace {

bool any_is_set(std::initializer_list<const char*> names) {
  for (const char* name : names) {
    const char* value = std::getenv(name);
    if (value != nullptr && *value != '\0') return true;
  }
  return false;
}

telemetry::setup_options with_exporters(telemetry::span_destinations exporters) {
  return {
      .service_name = service_name(), .exporters = std::move(exporters), .otlp = otlp_exporters()};
}

}  // namespace

std::optional<std::string> service_name() {
  if (any_is_set({"OTEL_SERVICE_NAME", "OTEL_RESOURCE_ATTRIBUTES"})) return std::nullopt;
  return "skein";
}

std::optional<std::string> named_store(std::string_view where) {
  constexpr std::string_view prefix = "store:";
  if (where == "store") return trace::default_store_path();
  if (where.starts_with(prefix)) return std::string(where.substr(prefix.size()));
  return std::nullopt;
}

tracing::tracing(const std::string& where) {
  if (where == "tree" || where == "json") {
    printed_ = where == "tree" ? form::tree : form::json;
    pipeline_ = telemetry::setup(with_exporters({ledger_}));
  } else if (auto file = named_store(where)) {
    auto options = with_exporters({trace::make_exporter(trace::store(*file))});
    options.metrics = trace::make_metric_exporter(trace::store(*file));
    pipeline_ = telemetry::setup(std::move(options));
  } else if (!where.empty()) {
    pipeline_ = telemetry::setup(with_exporters({telemetry::otlp_lines{.path = where}}));
  } else if (any_is_set({"OTEL_TRACES_EXPORTER", "OTEL_EXPORTER_OTLP_ENDPOINT",
                         "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"})) {
    pipeline_ = telemetry::setup(with_exporters({}));
  }
}

tracing::~tracing() {
  if (!pipeline_) return;
  auto sent = pipeline_->flush();
  auto why = log_.first_error();
  if (const auto waiting = sent.spooled + sent.logs.spooled; sent.ok() && waiting > 0) {
    std::fputs(std::format("note: {} of the spans and log records wait in the spool for the next "
                           "start{}{}\n",
                           waiting, why.empty() ? "" : ": ", why)
                   .c_str(),
               stderr);
    return;
  }
  if (sent.ok() && why.empty()) return;
  if (why.empty()) why = "no answer in time";
  auto line = std::format("warning: {} could not be exported: {}\n",
                          sent.in_time && !sent.ok() && sent.failed + sent.dropped == 0
                              ? "metrics or log records"
                              : "spans",
                          why);
  std::fputs(line.c_str(), stderr);
}

void tracing::report() {
  if (printed_ == form::none) return;
  auto spans = ledger_.records();
  ledger_.clear();
  if (spans.empty()) return;
  auto text = printed_ == form::tree ? telemetry::render_tree(spans, telemetry::style_of_terminal())
                                     : telemetry::to_otlp_json_line(spans);
  if (!text.ends_with('\n')) text += '\n';
  std::fputs(text.c_str(), stderr);
}

}  // namespace skein::cli
