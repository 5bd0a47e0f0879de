// Rules about what a span says of itself: kind, name, status, values that stand for nothing.
#include <algorithm>
#include <array>
#include <cctype>
#include <format>
#include <string>
#include <string_view>

#include <skein/json/value.hpp>
#include <skein/telemetry/conventions.hpp>

#include "core/ascii.hpp"
#include "trace/check_rules.hpp"
#include "trace/genai.hpp"

namespace skein::trace {

namespace semconv = telemetry::semconv;
using telemetry::integer_of;
using telemetry::span_kind;
using telemetry::span_record;
using telemetry::span_status;
using telemetry::text_of;

namespace {

template <class All>
bool among(const All& all, std::string_view one) {
  return std::ranges::find(all, one) != std::ranges::end(all);
}

}  // namespace

void placeholder(const material& m, observations& out) {
  constexpr auto words = std::to_array<std::string_view>(
      {"", "unknown", "none", "null", "undefined", "n/a", "nan", "nil", "[]", "{}",
       "<not specified>", "not specified", "unspecified", "<unknown>"});
  for (std::size_t i = 0; i < m.spans.size(); ++i) {
    const auto& s = m.spans[i];
    for (const auto& a : s.attributes) {
      std::string_view key = a.key();
      bool ours = key.starts_with("gen_ai.") || key == semconv::server_address ||
                  key == semconv::error_type;
      if (!ours || !a.value().is_string()) continue;
      // A tool may have no arguments and give nothing.
      if (key == semconv::tool_call_arguments || key == semconv::tool_call_result) continue;
      std::string_view v(a.value().get_string());
      if (among(words, detail::lower(v))) {
        out.push_back({i, std::format("{} is {}: leave it out instead", key, quoted(v))});
      }
    }
    if (!is_inference(s) || s.status == span_status::error) continue;
    auto tokens = integer_of(s, semconv::usage_output_tokens);
    bool answered =
        has(s, semconv::response_time_to_first_chunk) || has(s, semconv::output_messages);
    if (tokens == 0 && answered && text_of(s, semconv::outcome).empty()) {
      out.push_back(
          {i, std::format("{} is 0, but there was an answer", semconv::usage_output_tokens)});
    }
  }
}

void wrong_kind(const material& m, observations& out) {
  auto name = [](span_kind k) -> std::string_view {
    constexpr std::array names{"internal", "server", "client", "producer", "consumer"};
    return names[static_cast<std::size_t>(k)];
  };
  using kind = semconv::span_type::kind;
  for (std::size_t i = 0; i < m.spans.size(); ++i) {
    const auto& s = m.spans[i];
    const auto* what = is_mcp(s) ? nullptr : semconv::find_span_type(operation_of(s));
    if (what == nullptr) continue;
    std::string_view wanted;
    if (what->is == kind::client) {
      // Internal is for what is in this very process: a model, a memory.
      bool remote = has(s, semconv::server_address) ||
                    among(semconv::provider_names, text_of(s, semconv::provider_name));
      bool fine = s.kind == span_kind::client || (s.kind == span_kind::internal && !remote);
      if (!fine) wanted = "client";
    } else if (what == &semconv::spans::invoke_agent) {
      if (s.kind != span_kind::internal && s.kind != span_kind::client) {
        wanted = "internal or client";
      }
    } else if (s.kind != span_kind::internal) {
      wanted = "internal";
    }
    if (!wanted.empty()) {
      out.push_back({i, std::format("is of kind {}, should be {}", name(s.kind), wanted)});
    }
  }
}

void wrong_name(const material& m, observations& out) {
  for (std::size_t i = 0; i < m.spans.size(); ++i) {
    const auto& s = m.spans[i];
    auto o = operation_of(s);
    // MCP names its spans by its own methods.
    if (semconv::find_span_type(o) == nullptr || is_mcp(s)) continue;
    auto rest = std::string_view(s.name);
    bool fits = rest.starts_with(o) && (rest.size() == o.size() || rest[o.size()] == ' ');
    if (!fits) out.push_back({i, std::format("its name should begin with `{}`", o)});
  }
}

void error_type_on_success(const material& m, observations& out) {
  for (std::size_t i = 0; i < m.spans.size(); ++i) {
    const auto& s = m.spans[i];
    if (is_genai(s) && has(s, semconv::error_type) && s.status != span_status::error) {
      out.push_back({i, "has error.type, but its status is no error"});
    }
  }
}

void status_ok(const material& m, observations& out) {
  for (std::size_t i = 0; i < m.spans.size(); ++i) {
    if (is_genai(m.spans[i]) && m.spans[i].status == span_status::ok) {
      out.push_back({i, "its status is OK; instrumentation leaves it unset"});
    }
  }
}

}  // namespace skein::trace
