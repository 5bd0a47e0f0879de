// Rules about trees, time and numbers.
#include <algorithm>
#include <array>
#include <cstdint>
#include <format>
#include <map>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include <skein/telemetry/semconv.hpp>

#include "trace/check_rules.hpp"
#include "trace/genai.hpp"

namespace skein::trace {

namespace semconv = telemetry::semconv;
using telemetry::forest;
using telemetry::integer_of;
using telemetry::number_of;
using telemetry::span_record;
using telemetry::text_of;

namespace {

bool within(const span_record& inner, const span_record& outer) {
  return inner.start >= outer.start && inner.end != 0 && inner.end <= outer.end;
}

bool is_or_is_below(const forest& f, std::size_t i, std::size_t top) {
  if (f.is_stray(i)) return false;
  for (; i != forest::none; i = f.parent(i)) {
    if (i == top) return true;
  }
  return false;
}

constexpr std::array usage_keys{semconv::usage_input_tokens, semconv::usage_output_tokens};

bool has_usage(const span_record& s) {
  return std::ranges::any_of(usage_keys,
                             [&](auto key) { return integer_of(s, key).value_or(0) > 0; });
}

}  // namespace

namespace {

// Why a call belongs to an agent that it runs during; nothing if it need not. `alone`: the agent
// has tokens of its own, but no model call below it.
std::string_view common_to(const span_record& s, const span_record& agent, bool alone) {
  auto conversation = text_of(s, semconv::conversation_id);
  auto its_conversation = text_of(agent, semconv::conversation_id);
  auto name = text_of(s, semconv::agent_name);
  auto its_name = text_of(agent, semconv::agent_name);
  if (!conversation.empty() && !its_conversation.empty()) {
    return conversation == its_conversation ? "of the same conversation" : "";
  }
  if (!name.empty() && !its_name.empty()) return name == its_name ? "of the same agent name" : "";
  // With nothing said, a root of the same instrumentation while the agent's own calls are missing.
  const bool same_origin = s.scope_name == agent.scope_name && s.resource == agent.resource;
  return alone && same_origin && s.parent_span_id.empty() ? "that lacks its model calls" : "";
}

bool has_no_calls(const forest& f, std::size_t agent) {
  if (!has_usage(f[agent]) || f[agent].kind == telemetry::span_kind::client || f.is_stray(agent)) {
    return false;
  }
  return std::ranges::none_of(f.below(agent),
                              [&](const auto& below) { return is_inference(f[below.first]); });
}

}  // namespace

// The streaming bug where not even the parent is the agent's: what ties them together is the time,
// and the conversation or the agent's name. Beside the agent under one parent is beside_agent.
void detached_from_agent(const material& m, observations& out) {
  std::vector<std::size_t> agents;
  for (std::size_t i = 0; i < m.spans.size(); ++i) {
    if (is_agent(m.spans[i])) agents.push_back(i);
  }
  // Agents by their start: those that begin after a span cannot contain it.
  std::ranges::sort(agents, {}, [&](std::size_t i) { return m.spans[i].start; });
  std::vector<std::optional<bool>> alone(agents.size());
  for (std::size_t i = 0; i < m.spans.size(); ++i) {
    const auto& s = m.spans[i];
    if (!is_inference(s) && !is_tool(s)) continue;
    if (above(m.spans, i, is_agent) != forest::none) continue;
    for (std::size_t k = 0; k < agents.size(); ++k) {
      auto a = agents[k];
      const auto& agent = m.spans[a];
      if (agent.start > s.start) break;
      if (!within(s, agent) || is_or_is_below(m.spans, a, i)) continue;
      if (s.trace_id == agent.trace_id && s.parent_span_id == agent.parent_span_id) continue;
      if (!alone[k]) alone[k] = has_no_calls(m.spans, a);
      auto why = common_to(s, agent, *alone[k]);
      if (why.empty()) continue;
      out.push_back({i, std::format("runs during `{}` ({}) {}, but not below it", agent.name,
                                    agent.span_id, why)});
      break;
    }
  }
}

void first_chunk_outside(const material& m, observations& out) {
  for (std::size_t i = 0; i < m.spans.size(); ++i) {
    const auto& s = m.spans[i];
    auto first = number_of(s, semconv::response_time_to_first_chunk);
    if (!first || s.end < s.start) continue;
    auto whole = static_cast<double>(s.end - s.start + m.options.tolerance.count()) / 1e9;
    if (*first < 0 || *first > whole) {
      out.push_back({i, std::format("its first chunk came after {} s, but it took {} s (is it in "
                                    "milliseconds?)",
                                    *first, static_cast<double>(s.end - s.start) / 1e9)});
    }
  }
}

void conversation_split(const material& m, observations& out) {
  for (std::size_t i = 0; i < m.spans.size(); ++i) {
    const auto& s = m.spans[i];
    if (!is_inference(s) && !is_tool(s)) continue;
    auto owner = above(m.spans, i, is_agent);
    if (owner == forest::none) continue;
    auto own = text_of(s, semconv::conversation_id);
    auto agents = text_of(m.spans[owner], semconv::conversation_id);
    if (own.empty() || agents.empty() || own == agents) continue;
    out.push_back({i, std::format("has another {} than its agent `{}`", semconv::conversation_id,
                                  m.spans[owner].name)});
  }
}

void usage_counted_twice(const material& m, observations& out) {
  std::map<std::pair<std::string_view, std::string_view>, std::vector<std::size_t>> responses;
  for (std::size_t i = 0; i < m.spans.size(); ++i) {
    const auto& s = m.spans[i];
    if (is_agent(s) && !m.spans.is_stray(i)) {
      for (auto key : usage_keys) {
        std::int64_t all = 0;
        for (auto [j, depth] : m.spans.below(i)) {
          if (j != i && is_inference(m.spans[j])) all += integer_of(m.spans[j], key).value_or(0);
        }
        auto own = integer_of(s, key).value_or(0);
        if (all > 0 && own > all) {
          out.push_back(
              {i, std::format("{} is {}, but all model calls below it sum to {}", key, own, all)});
        }
      }
    }
    if (!is_inference(s) || !has_usage(s)) continue;
    // A wrapper and what it wraps.
    auto outer = above(m.spans, i, [](const span_record& o) { return !operation_of(o).empty(); });
    if (outer != forest::none && is_inference(m.spans[outer]) && has_usage(m.spans[outer])) {
      out.push_back({i, std::format("its tokens are on the model call `{}` above, too",
                                    m.spans[outer].name)});
      continue;
    }
    auto id = text_of(s, semconv::response_id);
    if (id.empty()) continue;
    auto& same = responses[{s.trace_id, id}];
    // Some servers give every answer the same identifier: only at the same time it is one answer.
    auto first = std::ranges::find_if(same, [&](std::size_t j) {
      return m.spans[j].start <= s.end && s.start <= m.spans[j].end;
    });
    if (first != same.end()) {
      out.push_back({i, std::format("its response is that of `{}` ({}), whose tokens are there, "
                                    "too",
                                    m.spans[*first].name, m.spans[*first].span_id)});
    }
    constexpr std::size_t most_looked_at = 100;
    if (same.size() < most_looked_at) same.push_back(i);
  }
}

void impossible_usage(const material& m, observations& out) {
  struct part {
    std::string_view key;
    std::string_view whole;
  };
  constexpr std::array parts{
      part{semconv::usage_cache_read, semconv::usage_input_tokens},
      part{semconv::usage_cache_write, semconv::usage_input_tokens},
      part{"gen_ai.usage.cache_creation.input_tokens", semconv::usage_input_tokens},
      part{semconv::usage_reasoning, semconv::usage_output_tokens}};
  for (std::size_t i = 0; i < m.spans.size(); ++i) {
    const auto& s = m.spans[i];
    for (const auto& a : s.attributes) {
      std::string_view key = a.key();
      if (!key.starts_with("gen_ai.usage.") || !a.value().is_int64()) continue;
      if (a.value().get_int64() < 0) out.push_back({i, std::format("{} is negative", key)});
    }
    for (const auto& p : parts) {
      auto some = integer_of(s, p.key);
      auto all = integer_of(s, p.whole);
      if (some && all && *some > *all) {
        out.push_back({i, std::format("{} is {}, more than {} of which it is a part ({})", p.key,
                                      *some, p.whole, *all)});
      }
    }
  }
}

}  // namespace skein::trace
