#include <algorithm>
#include <array>
#include <cstdint>
#include <format>
#include <map>
#include <ostream>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <skein/telemetry/conventions.hpp>
#include <skein/telemetry/tree.hpp>

#include "telemetry/forest.hpp"

namespace skein::telemetry {

namespace {

struct finding {
  std::size_t span;
  std::string message;
};

struct material {
  const forest& spans;
  const forest& open;
  const check_options& options;
};

using findings = std::vector<finding>;

std::string_view operation_of(const span_record& s) { return text_of(s, semconv::operation_name); }

bool is(const span_record& s, const semconv::span_type& what) {
  return semconv::find_span_type(operation_of(s)) == &what;
}
bool is_inference(const span_record& s) { return is(s, semconv::spans::inference); }
bool is_agent(const span_record& s) { return is(s, semconv::spans::invoke_agent); }
bool is_tool(const span_record& s) { return is(s, semconv::spans::execute_tool); }

bool is_genai(const span_record& s) {
  return std::ranges::any_of(s.attributes,
                             [](const auto& a) { return a.key().starts_with("gen_ai."); });
}

// The nearest span above that satisfies `is`, or none.
template <class F>
std::size_t above(const forest& f, std::size_t i, F is) {
  if (f.is_stray(i)) return forest::none;
  for (i = f.parent(i); i != forest::none; i = f.parent(i)) {
    if (is(f[i])) return i;
  }
  return forest::none;
}

void missing_parent(const material& m, findings& out) {
  for (std::size_t i = 0; i < m.spans.size(); ++i) {
    const auto& s = m.spans[i];
    if (s.parent_span_id.empty() || s.parent_is_remote || m.spans.parent(i) != forest::none ||
        m.open.find(s.trace_id, s.parent_span_id) != forest::none) {
      continue;
    }
    out.push_back({i, std::format("its parent {} is not among the spans", s.parent_span_id)});
  }
}

void cycle(const material& m, findings& out) {
  for (std::size_t i = 0; i < m.spans.size(); ++i) {
    if (m.spans.is_stray(i)) out.push_back({i, "going from parent to parent never ends"});
  }
}

void several_roots(const material& m, findings& out) {
  std::map<std::string_view, std::size_t> first;
  for (auto i : m.spans.roots()) {
    const auto& s = m.spans[i];
    if (!s.parent_span_id.empty()) continue;
    auto [at, is_new] = first.try_emplace(s.trace_id, i);
    if (is_new) continue;
    out.push_back(
        {i, std::format("`{}` is a root of this trace already", m.spans[at->second].name)});
  }
}

void duplicate_span(const material& m, findings& out) {
  for (std::size_t i = 0; i < m.spans.size(); ++i) {
    auto first = m.spans.find(m.spans[i].trace_id, m.spans[i].span_id);
    if (first != i) {
      out.push_back({i, std::format("`{}` has the same identifier", m.spans[first].name)});
    }
  }
}

void outside_parent(const material& m, findings& out) {
  auto tolerance = m.options.tolerance.count();
  for (std::size_t i = 0; i < m.spans.size(); ++i) {
    if (m.spans.parent(i) == forest::none) continue;
    const auto& s = m.spans[i];
    const auto& p = m.spans[m.spans.parent(i)];
    if (auto early = p.start - s.start; early > tolerance) {
      out.push_back({i, std::format("starts {} ns before its parent `{}`", early, p.name)});
    } else if (auto late = s.end - p.end; late > tolerance) {
      out.push_back({i, std::format("ends {} ns after its parent `{}`", late, p.name)});
    }
  }
}

void ends_before_start(const material& m, findings& out) {
  for (std::size_t i = 0; i < m.spans.size(); ++i) {
    if (m.spans[i].end < m.spans[i].start) out.push_back({i, "ends before it starts"});
  }
}

// How streaming breaks trees: what belongs to the run is traced where its consumer is.
void beside_agent(const material& m, findings& out) {
  std::map<std::pair<std::string_view, std::string_view>, std::vector<std::size_t>> agents;
  for (std::size_t i = 0; i < m.spans.size(); ++i) {
    const auto& s = m.spans[i];
    if (is_agent(s)) agents[{s.trace_id, s.parent_span_id}].push_back(i);
  }
  for (std::size_t i = 0; i < m.spans.size(); ++i) {
    const auto& s = m.spans[i];
    if (!is_inference(s) && !is_tool(s)) continue;
    if (above(m.spans, i, is_agent) != forest::none) continue;
    auto siblings = agents.find({s.trace_id, s.parent_span_id});
    if (siblings == agents.end()) continue;
    for (auto a : siblings->second) {
      const auto& agent = m.spans[a];
      if (s.start > agent.end || s.end < agent.start) continue;
      out.push_back({i, std::format("runs beside `{}` instead of below it", agent.name)});
      break;
    }
  }
}

void tool_under_chat(const material& m, findings& out) {
  auto has_operation = [](const span_record& s) { return !operation_of(s).empty(); };
  for (std::size_t i = 0; i < m.spans.size(); ++i) {
    if (!is_tool(m.spans[i])) continue;
    auto owner = above(m.spans, i, has_operation);
    if (owner == forest::none || !is_inference(m.spans[owner])) continue;
    out.push_back({i, std::format("is below the model call `{}`", m.spans[owner].name)});
  }
}

// Direct calls, and those below anything that keeps no account of its own: not those of an agent
// or a tool below.
void usage_sum(const material& m, findings& out) {
  for (std::size_t i = 0; i < m.spans.size(); ++i) {
    if (!is_agent(m.spans[i]) || m.spans.is_stray(i)) continue;
    for (auto key : {semconv::usage_input_tokens, semconv::usage_output_tokens}) {
      std::int64_t sum = 0;
      for (auto [j, depth] : m.spans.below(i, [&](std::size_t k) {
             return !is_agent(m.spans[k]) && !is_inference(m.spans[k]) && !is_tool(m.spans[k]);
           })) {
        if (j != i && is_inference(m.spans[j])) sum += integer_of(m.spans[j], key).value_or(0);
      }
      auto own = integer_of(m.spans[i], key).value_or(0);
      if (own == sum) continue;
      out.push_back({i, std::format("{} is {}, but its model calls sum to {}", key, own, sum)});
    }
  }
}

// What the table requires in every version: foreign spans may be older than ours.
void missing_attribute(const material& m, findings& out) {
  auto lacks = [&](std::size_t i, std::string_view key) {
    const auto* value = m.spans[i].attributes.if_contains(key);
    if (value != nullptr && (!value->is_string() || !value->as_string().empty())) return;
    out.push_back({i, std::format("lacks {}", key)});
  };
  for (std::size_t i = 0; i < m.spans.size(); ++i) {
    const auto& s = m.spans[i];
    const auto* what = semconv::find_span_type(operation_of(s));
    if (what == nullptr) {
      if (is_genai(s) || s.scope_name == semconv::scope_name) lacks(i, semconv::operation_name);
      continue;
    }
    for (const auto& u : what->uses) {
      if (u.need == semconv::level::required && u.in == semconv::names::both) lacks(i, u.name);
    }
  }
}

void error_without_type(const material& m, findings& out) {
  for (std::size_t i = 0; i < m.spans.size(); ++i) {
    const auto& s = m.spans[i];
    if (!is_genai(s)) continue;
    bool typed = !text_of(s, semconv::error_type).empty();
    if (s.status == span_status::error && !typed) {
      out.push_back({i, "its status is an error without error.type"});
    }
  }
}

// `find` sees the ended spans; never_ended is about the open ones and comes last.
struct rule {
  tree_rule about;
  void (*find)(const material&, findings&);
};
constexpr std::array rules{
    rule{{"missing_parent", "A span's parent is exported, or belongs to another process."},
         missing_parent},
    rule{{"cycle", "Parents lead to a root."}, cycle},
    rule{{"several_roots", "A trace has one root."}, several_roots},
    rule{{"duplicate_span", "A span's identifier is its own."}, duplicate_span},
    rule{{"ends_before_start", "A span ends after it starts."}, ends_before_start},
    rule{{"outside_parent", "A span lies within the time of its parent."}, outside_parent},
    rule{{"beside_agent", "What an agent does is below its invoke_agent, not beside it."},
         beside_agent},
    rule{{"tool_under_chat", "A tool runs for an agent, not inside a model call."},
         tool_under_chat},
    rule{{"usage_sum", "An agent's tokens are the sum of its own model calls'."}, usage_sum},
    rule{{"missing_attribute",
          "What docs/conventions.md requires of a span is there: gen_ai.operation.name on all, "
          "gen_ai.provider.name on model calls, gen_ai.tool.name on tools."},
         missing_attribute},
    rule{{"error_without_type", "A failed operation says error.type."}, error_without_type},
};
constexpr tree_rule never_ended{"never_ended", "Every span that starts ends."};
constexpr tree_rule ended_twice{"ended_twice", "Every span ends once."};

constexpr auto abouts = [] {
  std::array<tree_rule, rules.size() + 2> all{};
  for (std::size_t i = 0; i < rules.size(); ++i) all[i] = rules[i].about;
  all[rules.size()] = never_ended;
  all[rules.size() + 1] = ended_twice;
  return all;
}();

tree_problem problem(std::string_view rule_name, const span_record& s, std::string message) {
  return {.rule = std::string(rule_name),
          .trace_id = s.trace_id,
          .span_id = s.span_id,
          .span = s.name,
          .message = std::move(message)};
}

}  // namespace

std::string to_string(const tree_problem& p) {
  return std::format("{}: `{}` ({}) {}", p.rule, p.span, p.span_id, p.message);
}

std::ostream& operator<<(std::ostream& out, const tree_problem& p) { return out << to_string(p); }

std::span<const tree_rule> tree_rules() { return abouts; }

std::vector<tree_problem> check_tree(std::span<const span_record> spans,
                                     std::span<const span_record> open,
                                     const check_options& options) {
  forest ended(spans);
  forest unfinished(open);
  std::vector<tree_problem> problems;
  for (const auto& r : rules) {
    findings found;
    r.find({ended, unfinished, options}, found);
    for (auto& f : found) {
      problems.push_back(problem(r.about.name, spans[f.span], std::move(f.message)));
    }
  }
  for (const auto& s : open) problems.push_back(problem(never_ended.name, s, "never ended"));
  return problems;
}

std::vector<tree_problem> check_tree(const span_ledger& ledger, const check_options& options) {
  auto problems = check_tree(ledger.records(), ledger.open(), options);
  for (auto& name : ledger.ended_twice()) {
    problems.push_back({.rule = std::string(ended_twice.name),
                        .span = std::move(name),
                        .message = "ended twice, or was not started here"});
  }
  return problems;
}

}  // namespace skein::telemetry
