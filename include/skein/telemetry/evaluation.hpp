// What somebody thought of an answer, as a log record beside the span it is about.
#pragma once

#include <optional>
#include <string>

#include <opentelemetry/trace/span_context.h>

namespace skein::telemetry {

struct evaluation {
  std::string name;  // of the metric, e.g. relevance
  std::optional<double> score = {};
  std::string label = {};        // e.g. pass
  std::string explanation = {};  // recorded as it is: leave it out if it quotes what is private
  std::string response_id = {};  // where the span is not known
  std::string error_type = {};   // if the evaluation itself failed
};

// Emits a gen_ai.evaluation.result that belongs to `span`, the evaluated operation's, through the
// global logger provider. Never throws; a failure is reported to OpenTelemetry's log.
void emit(const evaluation& result, const opentelemetry::trace::SpanContext& span) noexcept;

}  // namespace skein::telemetry
