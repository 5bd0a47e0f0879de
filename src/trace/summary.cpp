#include <algorithm>
#include <string_view>
#include <tuple>
#include <unordered_map>

#include <skein/telemetry/semconv.hpp>
#include <skein/trace/summary.hpp>

#include "telemetry/forest.hpp"
#include "trace/genai.hpp"

namespace skein::trace {

namespace semconv = telemetry::semconv;
using telemetry::text_of;

void add(summary& to, const telemetry::span_record& s) {
  const bool first = to.spans == 0;
  const bool is_root = s.parent_span_id.empty() || s.parent_is_remote;
  const bool names = is_root ? !to.root_start || s.start < *to.root_start
                             : !to.root_start && (first || s.start < to.start);
  if (names) {
    to.name = s.name;
    const auto* service = s.resource.if_contains("service.name");
    if (service != nullptr && service->is_string()) to.service = service->get_string();
    if (is_root) to.root_start = s.start;
  }
  if (auto id = text_of(s, semconv::conversation_id); to.conversation.empty() && !id.empty()) {
    to.conversation = id;
  }
  to.start = first ? s.start : std::min(to.start, s.start);
  to.end = first ? s.end : std::max(to.end, s.end);
  ++to.spans;
  if (s.status == telemetry::span_status::error) ++to.errors;
  if (calls_a_model(s)) {
    to.input_tokens += telemetry::integer_of(s, semconv::usage_input_tokens).value_or(0);
    to.output_tokens += telemetry::integer_of(s, semconv::usage_output_tokens).value_or(0);
    add(to.cost, s);
  }
}

std::vector<summary> summarize(std::span<const telemetry::span_record> spans) {
  std::vector<summary> out;
  std::unordered_map<std::string_view, std::size_t> where;
  for (const auto& s : spans) {
    auto [at, is_new] = where.try_emplace(s.trace_id, out.size());
    if (is_new) out.push_back({.trace_id = s.trace_id});
    add(out[at->second], s);
  }
  std::ranges::sort(out, [](const summary& a, const summary& b) {
    return std::tie(b.start, b.trace_id) < std::tie(a.start, a.trace_id);
  });
  return out;
}

}  // namespace skein::trace
