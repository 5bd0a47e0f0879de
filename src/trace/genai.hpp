// What a span is, by the table of the conventions.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

#include <skein/telemetry/conventions.hpp>
#include <skein/telemetry/span_record.hpp>

#include "telemetry/forest.hpp"

namespace skein::trace {

inline std::string_view operation_of(const telemetry::span_record& s) {
  return telemetry::text_of(s, telemetry::semconv::operation_name);
}
inline bool has(const telemetry::span_record& s, std::string_view key) {
  return s.attributes.if_contains(key) != nullptr;
}
inline bool is(const telemetry::span_record& s, const telemetry::semconv::span_type& what) {
  return telemetry::semconv::find_span_type(operation_of(s)) == &what;
}
// MCP's own spans say what they carry, too, such as execute_tool.
inline bool is_mcp(const telemetry::span_record& s) {
  return has(s, telemetry::semconv::mcp_method_name);
}
inline bool is_inference(const telemetry::span_record& s) {
  return is(s, telemetry::semconv::spans::inference);
}
inline bool is_agent(const telemetry::span_record& s) {
  return is(s, telemetry::semconv::spans::invoke_agent);
}
inline bool is_tool(const telemetry::span_record& s) {
  return is(s, telemetry::semconv::spans::execute_tool) && !is_mcp(s);
}
inline bool is_genai(const telemetry::span_record& s) {
  return std::ranges::any_of(s.attributes,
                             [](const auto& a) { return a.key().starts_with("gen_ai."); });
}

inline bool calls_a_model(const telemetry::span_record& s) {
  return is_inference(s) || is(s, telemetry::semconv::spans::embeddings);
}

// Empty if there is none.
inline std::string_view text_at(const json::object& o, std::string_view key) {
  const auto* v = o.if_contains(key);
  return v != nullptr && v->is_string() ? std::string_view(v->get_string()) : std::string_view();
}

// A value for a message: those of enumerations are no content, but they come from anybody.
inline std::string quoted(std::string_view value) {
  constexpr std::size_t most = 40;
  std::string out = "`";
  for (char c : value.substr(0, most)) out += static_cast<unsigned char>(c) < 0x20 ? '?' : c;
  return out + (value.size() > most ? "...`" : "`");
}

}  // namespace skein::trace
