// Spans that are nothing but a number, to see which one is current.
#pragma once

#include <cstdint>

#include <opentelemetry/context/runtime_context.h>
#include <opentelemetry/trace/context.h>
#include <opentelemetry/trace/default_span.h>
#include <opentelemetry/trace/scope.h>

namespace skein::test {

namespace trace = opentelemetry::trace;
using span_ptr = opentelemetry::nostd::shared_ptr<trace::Span>;

inline span_ptr span(std::uint8_t id) {
  std::uint8_t t[16] = {1};
  std::uint8_t s[8] = {0, 0, 0, 0, 0, 0, 0, id};
  return span_ptr(new trace::DefaultSpan(
      trace::SpanContext(trace::TraceId(t), trace::SpanId(s), trace::TraceFlags(1), false)));
}

// The number of the span that OpenTelemetry calls current here, 0 for none.
inline int current() {
  auto s = trace::GetSpan(opentelemetry::context::RuntimeContext::GetCurrent());
  return s->GetContext().span_id().Id()[7];
}

// A span made current, as a user's code does it.
struct scoped {
  span_ptr s;
  trace::Scope scope;
  explicit scoped(std::uint8_t id) : s(span(id)), scope(s) {}
};

}  // namespace skein::test
