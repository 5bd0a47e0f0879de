#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>

#include <skein/telemetry/semconv.hpp>
#include <skein/telemetry/tree.hpp>
#include <skein/trace/check.hpp>

#include "trace/check_rules.hpp"
#include "trace/genai.hpp"

namespace skein::trace {

using telemetry::span_record;

namespace {

// `find` is null for the rules that telemetry::check_tree knows.
struct entry {
  rule about;
  void (*find)(const material&, observations&);
};

constexpr std::array entries{
    entry{{"missing_parent", severity::error,
           "The span's parent is not in the trace and not said to be remote: it was never "
           "exported, or the wrong context was current. The tree falls apart here."},
          nullptr},
    entry{{"cycle", severity::error, "Going from parent to parent never reaches a root."}, nullptr},
    entry{{"several_roots", severity::error,
           "A trace has one root. Several mean that what belongs together was not nested."},
          nullptr},
    entry{{"duplicate_span", severity::error,
           "Two spans have the same identifier: exported twice, or an identifier was reused."},
          nullptr},
    entry{{"never_ended", severity::error,
           "The span has no end: its owner went away, or was killed, without ending it."},
          nullptr},
    entry{{"ends_before_start", severity::error, "The span ends before it starts."}, nullptr},
    entry{
        {"outside_parent", severity::warning,
         "The span sticks out of its parent's time: it was ended too late, often by a stream that "
         "somebody else consumed, or the parent was ended too early."},
        nullptr},
    entry{{"beside_agent", severity::error,
           "A model call or a tool runs beside an agent at the same time under the same parent, "
           "instead of below it: the context was lost when the run streamed."},
          nullptr},
    entry{{"detached_from_agent", severity::error,
           "A model call or a tool of an agent's conversation runs during the agent, but elsewhere "
           "in the trace or in another trace: the context was lost."},
          detached_from_agent},
    entry{{"tool_under_chat", severity::error,
           "A tool runs for an agent, not inside a model call: the model call was still current "
           "when the tool started, or ended too late."},
          nullptr},
    entry{{"conversation_split", severity::warning,
           "What an agent does belongs to the agent's conversation."},
          conversation_split},
    entry{{"usage_sum", severity::error,
           "An agent's tokens are the sum of its own model calls' tokens."},
          nullptr},
    entry{{"usage_counted_twice", severity::error,
           "The same tokens are on several spans in a way that makes sums wrong."},
          usage_counted_twice},
    entry{{"impossible_usage", severity::error,
           "A part of the tokens is more than the whole, or negative."},
          impossible_usage},
    entry{{"metric_disagrees", severity::error,
           "A metric counts less than the spans of its time, resource and instrumentation: bills "
           "and dashboards made from it are wrong."},
          metric_disagrees},
    entry{{"metric_beyond_spans", severity::note,
           "A metric counts more than the spans that are here: right if spans are sampled, were "
           "removed or are on their way, else spans are lost. With --all-spans it is an error "
           "(metric_disagrees)."},
          metric_beyond_spans},
    entry{{"first_chunk_outside", severity::error,
           "The time to the first chunk is longer than the span, or negative."},
          first_chunk_outside},
    entry{{"missing_attribute", severity::error,
           "An attribute that the conventions require is not there."},
          missing_attribute},
    entry{{"error_without_type", severity::error,
           "A failed operation says error.type; failures cannot be grouped without it."},
          nullptr},
    entry{
        {"wrong_type", severity::error,
         "An attribute has another type than the conventions give it: backends do not find it, or "
         "refuse it."},
        wrong_type},
    entry{{"unknown_value", severity::warning,
           "A value of an enumeration that the conventions do not have: backends show the span as "
           "something else."},
          unknown_value},
    entry{{"unknown_provider", severity::warning,
           "gen_ai.provider.name has well-known values, which must be used where they fit. Others "
           "are allowed for other providers."},
          unknown_provider},
    entry{{"placeholder", severity::error,
           "A value that stands for nothing, such as `unknown`, gets grouped and counted as if it "
           "were one. What is not known is left out."},
          placeholder},
    entry{{"misspelt_value", severity::note,
           "A well-known value is meant, but written in another way: it is not counted with its "
           "like."},
          misspelt_value},
    entry{{"deprecated_name", severity::note,
           "The attribute has another name in the conventions now. Old names are understood here, "
           "but backends move on."},
          deprecated_name},
    entry{
        {"wrong_kind", severity::warning,
         "Calls to a model are of kind client, what the process itself does is internal: backends "
         "draw service maps from it."},
        wrong_kind},
    entry{{"wrong_name", severity::warning,
           "A span's name begins with its operation, as in `chat gpt-5-mini`."},
          wrong_name},
    entry{{"error_type_on_success", severity::warning,
           "error.type is for operations that failed, whose status is an error."},
          error_type_on_success},
    entry{{"status_ok", severity::note,
           "Instrumentation leaves the status unset on success; OK is the application's word."},
          status_ok},
    entry{{"content", severity::warning,
           "Messages, arguments or results are recorded. Fine with consent (--content-allowed); "
           "otherwise somebody left capturing on."},
          content_recorded},
    entry{{"history_missing", severity::note,
           "A model call refers to messages of an earlier one that is not here: its history cannot "
           "be shown in full."},
          history_missing},
    entry{{"secret", severity::error,
           "A value looks like a key, a token or a URL with a password. Take it out of the "
           "telemetry, "
           "and change it."},
          secret_recorded},
};

constexpr auto abouts = [] {
  std::array<rule, entries.size()> all{};
  for (std::size_t i = 0; i < entries.size(); ++i) all[i] = entries[i].about;
  return all;
}();

const rule* rule_named(std::string_view name) {
  auto found = std::ranges::find(abouts, name, &rule::name);
  return found == abouts.end() ? nullptr : &*found;
}

// Spans by identifier, for check_tree's answers.
using index = std::map<std::pair<std::string_view, std::string_view>, const span_record*>;

// An agent of others may leave its tokens out, or tell them without spans of its model calls; ours
// may not.
bool keeps_no_account(const telemetry::forest& f, const span_record& s) {
  namespace semconv = telemetry::semconv;
  if (s.scope_name == semconv::scope_name) return false;
  if (!has(s, semconv::usage_input_tokens) && !has(s, semconv::usage_output_tokens)) return true;
  auto all = f.below(f.find(s.trace_id, s.span_id));
  return std::ranges::none_of(all, [&](const auto& b) { return is_inference(f[b.first]); });
}

}  // namespace

std::string_view name_of(severity s) noexcept {
  switch (s) {
    case severity::error:
      return "error";
    case severity::warning:
      return "warning";
    case severity::note:
      break;
  }
  return "note";
}

std::span<const rule> rules() { return abouts; }

std::vector<finding> check(std::span<const span_record> spans, const check_options& options) {
  return check(spans, {}, options);
}

std::vector<finding> check(std::span<const span_record> spans,
                           std::span<const metric_point> metrics, const check_options& options) {
  std::vector<span_record> ended;
  std::vector<span_record> open;
  for (const auto& s : spans) (s.end == 0 && s.start != 0 ? open : ended).push_back(s);
  telemetry::forest forest(spans);
  index by_id;
  for (const auto& s : spans) by_id.try_emplace({s.trace_id, s.span_id}, &s);

  auto wanted = [&](std::string_view name) {
    return options.only.empty() || std::ranges::find(options.only, name) != options.only.end();
  };
  std::vector<finding> out;
  for (const auto& p : telemetry::check_tree(ended, open, {.tolerance = options.tolerance})) {
    const auto* about = rule_named(p.rule);
    auto entry = std::ranges::find(entries, p.rule, [](const auto& e) { return e.about.name; });
    if (about == nullptr || entry->find != nullptr || !wanted(p.rule)) continue;
    auto found = by_id.find({p.trace_id, p.span_id});
    if (p.rule == "usage_sum" && found != by_id.end() && keeps_no_account(forest, *found->second)) {
      continue;
    }
    out.push_back({about, p.trace_id, p.span_id, p.span, p.message});
  }
  for (std::size_t e = 0; e < entries.size(); ++e) {
    if (entries[e].find == nullptr || !wanted(entries[e].about.name)) continue;
    observations found;
    entries[e].find({forest, metrics, options}, found);
    for (auto& o : found) {
      if (o.span == telemetry::forest::none) {
        out.push_back({&abouts[e], {}, {}, std::move(o.what), std::move(o.message)});
        continue;
      }
      const auto& s = spans[o.span];
      out.push_back({&abouts[e], s.trace_id, s.span_id, s.name, std::move(o.message)});
    }
  }
  std::ranges::stable_sort(out, {}, [](const finding& f) { return f.rule; });
  return out;
}

std::size_t check_report::count(severity s) const {
  return static_cast<std::size_t>(
      std::ranges::count_if(findings, [s](const finding& f) { return f.rule->level == s; }));
}

}  // namespace skein::trace
