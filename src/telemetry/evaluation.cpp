#include <string_view>

#include <opentelemetry/logs/noop.h>
#include <opentelemetry/logs/provider.h>
#include <opentelemetry/sdk/common/global_log_handler.h>

#include <skein/telemetry/evaluation.hpp>

#include "telemetry/account.hpp"

namespace skein::telemetry {

namespace logs = opentelemetry::logs;
namespace nostd = opentelemetry::nostd;

void emit(const evaluation& result, const opentelemetry::trace::SpanContext& span) noexcept {
  try {
    auto provider = logs::Provider::GetLoggerProvider();
    if (dynamic_cast<logs::NoopLoggerProvider*>(provider.get()) != nullptr) return;
    attribute_list with;
    auto add = [&](std::string_view key, const std::string& text) {
      if (text.empty()) return;
      with.emplace_back(nostd::string_view(key.data(), key.size()),
                        nostd::string_view(text.data(), text.size()));
    };
    add(semconv::evaluation_name, result.name);
    if (result.score) {
      with.emplace_back(
          nostd::string_view(semconv::evaluation_score.data(), semconv::evaluation_score.size()),
          *result.score);
    }
    add(semconv::evaluation_label, result.label);
    add(semconv::evaluation_explanation, result.explanation);
    add(semconv::response_id, result.response_id);
    add(semconv::error_type, result.error_type);
    emit_event(*provider, semconv::events::evaluation_result, span, with);
  } catch (const std::exception& e) {
    OTEL_INTERNAL_LOG_ERROR("[Skein] an evaluation could not be emitted: " << e.what());
  }
}

}  // namespace skein::telemetry
