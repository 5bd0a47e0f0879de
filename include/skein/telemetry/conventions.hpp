// The GenAI conventions as one table: what each span, metric and event is called, what it carries,
// and in which version. What Skein emits, `check_tree`, the page docs/conventions.md and the tests
// all come from here.
//
// `current` is open-telemetry/semantic-conventions-genai, state of 2026-10-09; `v1_41` is
// open-telemetry/semantic-conventions 1.41.1, the last version with a number.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include <skein/telemetry/conventions/attributes.hpp>
#include <skein/telemetry/conventions/metrics.hpp>
#include <skein/telemetry/conventions/spans.hpp>

namespace skein::telemetry::semconv {

// ---- events: log records of the span they belong to

struct event {
  enum class severity : std::uint8_t { unspecified, debug, warn };
  std::string_view name;
  severity level;
  semconv::uses uses;
  std::string_view about;
};

namespace used_by {
inline constexpr use exception_event[]{
    {exception_type, level::required},
    {exception_message, level::opt_in, "content"},
};
inline constexpr use evaluation_event[]{
    {evaluation_name, level::required},
    {evaluation_score, level::conditional, "if there is one"},
    {evaluation_label, level::conditional, "if there is one"},
    {evaluation_explanation, level::recommended},
    {response_id, level::recommended},
    {error_type, level::conditional, "if the evaluation failed"},
};
}  // namespace used_by

namespace events {
inline constexpr event inference_details{"gen_ai.client.inference.operation.details",
                                         event::severity::debug, used_by::inference,
                                         "Once for each inference: what its span carries"};
inline constexpr event exception{"gen_ai.client.operation.exception", event::severity::warn,
                                 used_by::exception_event,
                                 "If an exception ends the operation of a client"};
inline constexpr event evaluation_result{"gen_ai.evaluation.result", event::severity::unspecified,
                                         used_by::evaluation_event, "See evaluation.hpp"};
inline constexpr std::array all{&inference_details, &exception, &evaluation_result};
}  // namespace events

// ---- the table holds together

namespace detail {
consteval bool all_known(uses some) {
  // Not by find_attribute: under UBSan, GCC 14 compares no address of a constant with null.
  return std::ranges::all_of(some, [](const use& u) {
    return std::ranges::any_of(attributes, [&](const attribute& a) { return a.name == u.name; });
  });
}
static_assert(std::ranges::all_of(spans::all, [](auto* s) { return all_known(s->uses); }));
static_assert(std::ranges::all_of(metrics::all, [](auto* m) { return all_known(m->uses); }));
static_assert(std::ranges::all_of(events::all, [](auto* e) { return all_known(e->uses); }));
static_assert(std::ranges::all_of(metrics::all, [](auto* m) {
  return m->boundaries.empty() == (m->kind == instrument::counter);
}));
}  // namespace detail

}  // namespace skein::telemetry::semconv
