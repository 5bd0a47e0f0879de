#include "demo_report.hpp"

#include <algorithm>
#include <cstdint>
#include <format>
#include <string_view>
#include <utility>

#include <skein/json/text.hpp>
#include <skein/telemetry/otlp_json.hpp>
#include <skein/telemetry/semconv.hpp>
#include <skein/telemetry/tree.hpp>

#include "faults.hpp"
#include "screen.hpp"

namespace skein::cli {

namespace {

namespace semconv = telemetry::semconv;
using telemetry::outcome;
using telemetry::span_record;

constexpr std::size_t spans_of_a_whole_run = 10;

std::string what_of(const std::exception_ptr& failure) {
  try {
    std::rethrow_exception(failure);
  } catch (const std::exception& e) {
    return one_line(e.what());
  }
}

bool may_end(const demo_arguments& a, outcome how) {
  auto form = a.blocking ? answer_form::whole : answer_form::streamed;
  bool breaks = a.fault && breaks_answer(a.fault->kind, form);
  switch (how) {
    case outcome::ok:
      return !breaks;
    case outcome::error:
      return breaks;
    case outcome::cancelled:
      return a.cancel_after.has_value();
    case outcome::abandoned:
      return a.abandon_after.has_value();
    case outcome::deadline:
      return a.deadline.has_value();
  }
  return false;
}

std::string outcome_on(const span_record& span) {
  if (span.status == telemetry::span_status::error) return "error";
  if (const auto* o = span.attributes.if_contains(semconv::outcome); o && o->is_string()) {
    return std::string(o->get_string());
  }
  return "ok";
}

std::optional<std::int64_t> count_on(const span_record& span, std::string_view key) {
  const auto* n = span.attributes.if_contains(key);
  return n && n->is_int64() ? std::optional(n->get_int64()) : std::nullopt;
}

const span_record* root_of(const std::vector<span_record>& spans) {
  auto root = std::ranges::find(spans, "invoke_agent demo", &span_record::name);
  return root == spans.end() ? nullptr : &*root;
}

// As the span has them: they count what a run that was left had used by then.
json::object usage_on(const span_record* span) {
  json::object usage;
  for (auto [name, key] : {std::pair{"input", semconv::usage_input_tokens},
                           std::pair{"output", semconv::usage_output_tokens},
                           std::pair{"cache_read", semconv::usage_cache_read}}) {
    auto n = span == nullptr ? std::nullopt : count_on(*span, key);
    usage[name] = n ? json::value(*n) : json::value(nullptr);
  }
  return usage;
}

std::string outcome_line(const demo_result& r) {
  if (r.outcome != outcome::error) return std::string(name_of(r.outcome));
  return std::format("error {} {}", telemetry::error_type_of(r.failure), what_of(r.failure));
}

}  // namespace

std::vector<std::string> problems_of(const demo_arguments& arguments, const demo_result& result,
                                     const telemetry::span_ledger& ledger) {
  std::vector<std::string> found;
  auto expect = [&](bool holds, auto&& say) {
    if (!holds) found.push_back(say());
  };
  for (const auto& p : telemetry::check_tree(ledger)) found.push_back(telemetry::to_string(p));
  expect(ledger.started() == ledger.ended(), [&] {
    return std::format("{} spans started and {} ended", ledger.started(), ledger.ended());
  });
  expect(may_end(arguments, result.outcome),
         [&] { return std::format("the run must not end with: {}", outcome_line(result)); });

  auto spans = ledger.records();
  const auto* root = root_of(spans);
  if (root == nullptr) {
    found.emplace_back(
        "the run left no span; is OTEL_SDK_DISABLED or OTEL_TRACES_SAMPLER set? Unset it");
    return found;
  }
  expect(outcome_on(*root) == name_of(result.outcome), [&] {
    return std::format("the run ended with {}, and its span says {}", name_of(result.outcome),
                       outcome_on(*root));
  });
  if (result.response) {
    const auto& used = result.response->usage;
    expect(count_on(*root, semconv::usage_input_tokens) == used.input &&
               count_on(*root, semconv::usage_output_tokens) == used.output,
           [] { return std::string("the tokens of the run and those of its span differ"); });
  }
  if (result.outcome == outcome::ok) {
    expect(spans.size() == spans_of_a_whole_run, [&] {
      return std::format("a whole run has {} spans, not {}", spans_of_a_whole_run, spans.size());
    });
    expect(result.text.ends_with("42."), [&] {
      return std::format("the answer is not the script's: {}", one_line(result.text, 80));
    });
  }
  return found;
}

const std::string& destination_of(const demo_arguments& a) {
  return a.otlp_url.empty() ? a.trace : a.otlp_url;
}

std::string to_text(const demo_report& r) {
  auto text = "\n" + telemetry::render_tree(r.spans, telemetry::style_of_terminal()) + "\n";
  text += std::format("outcome: {}\n", outcome_line(r.result));
  if (r.exported) {
    text += std::format("{}: {} spans delivered to {}\n",
                        r.arguments.otlp_url.empty() ? "trace" : "otlp", r.exported->delivered,
                        destination_of(r.arguments));
  }
  text += r.problems.empty() ? std::format("tree: right ({} span{})\n", r.spans.size(),
                                           r.spans.size() == 1 ? "" : "s")
                             : std::string("tree: WRONG\n");
  for (const auto& p : r.problems) text += std::format("  {}\n", p);
  return text;
}

std::string to_json(const demo_report& r) {
  json::object ended{{"name", name_of(r.result.outcome)}};
  if (r.result.failure) {
    ended["type"] = telemetry::error_type_of(r.result.failure);
    ended["message"] = what_of(r.result.failure);
  }
  json::object whole{
      {"text", r.result.text},
      {"usage", usage_on(root_of(r.spans))},
      {"end", r.result.outcome == outcome::ok ? json::value(name_of(r.result.response->end))
                                              : json::value(nullptr)},
      {"outcome", std::move(ended)},
      {"updates", r.result.updates},
      {"spans", json::parse(telemetry::to_otlp_json_line(r.spans))},
      {"problems", json::array(r.problems.begin(), r.problems.end())},
  };
  if (r.exported) {
    json::object kept{{"url", r.arguments.otlp_url},
                      {"delivered", r.exported->delivered},
                      {"failure", r.exported->failure}};
    if (r.arguments.otlp_url.empty()) {
      kept.erase("url");
      kept["where"] = r.arguments.trace;
    }
    whole[r.arguments.otlp_url.empty() ? "trace" : "otlp"] = std::move(kept);
  }
  return json::write_text(whole) + "\n";
}

}  // namespace skein::cli
