// What a span is, by gen_ai.operation.name.
#pragma once

#include <string_view>

#include <skein/telemetry/semconv.hpp>
#include <skein/telemetry/span_record.hpp>

#include "telemetry/forest.hpp"

namespace skein::trace {

inline std::string_view operation_of(const telemetry::span_record& s) {
  return telemetry::text_of(s, telemetry::semconv::operation_name);
}
inline bool is_inference(const telemetry::span_record& s) {
  auto o = operation_of(s);
  return o == "chat" || o == "generate_content" || o == "text_completion";
}
inline bool is_agent(const telemetry::span_record& s) { return operation_of(s) == "invoke_agent"; }
inline bool is_tool(const telemetry::span_record& s) { return operation_of(s) == "execute_tool"; }
inline bool calls_a_model(const telemetry::span_record& s) {
  return is_inference(s) || operation_of(s) == "embeddings";
}

}  // namespace skein::trace
