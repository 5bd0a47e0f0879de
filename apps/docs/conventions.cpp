// The page docs/conventions.md, from the table in the code.
//   skein_docs > docs/conventions.md
//   skein_docs --check docs/conventions.md
#include <format>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>
#include <string_view>

#include <skein/telemetry/conventions.hpp>
#include <skein/telemetry/conventions/former.hpp>

namespace semconv = skein::telemetry::semconv;
using semconv::names;

namespace {

std::string_view word(semconv::level l) {
  switch (l) {
    case semconv::level::required:
      return "required";
    case semconv::level::conditional:
      return "conditional";
    case semconv::level::recommended:
      return "recommended";
    case semconv::level::opt_in:
      return "opt-in";
  }
  return {};
}

std::string_view word(semconv::value_type t) {
  switch (t) {
    case semconv::value_type::text:
      return "string";
    case semconv::value_type::texts:
      return "string[]";
    case semconv::value_type::integer:
      return "int";
    case semconv::value_type::real:
      return "double";
    case semconv::value_type::boolean:
      return "boolean";
    case semconv::value_type::any:
      return "JSON string";
  }
  return {};
}

std::string_view word(names n) {
  return n == names::current ? "current" : n == names::v1_41 ? "1.41" : "both";
}

std::string_view word(semconv::span_type::kind k) {
  using enum semconv::span_type::kind;
  return k == client ? "CLIENT" : k == server ? "SERVER" : "INTERNAL";
}

std::string code(std::string_view text) {
  return text.empty() ? std::string() : std::format("`{}`", text);
}

std::string listed(semconv::texts all) {
  std::string out;
  for (auto each : all) out += (out.empty() ? "" : ", ") + code(each);
  return out;
}

std::string uses(semconv::uses all) {
  std::string out = "| attribute | level | when | version |\n|---|---|---|---|\n";
  for (const auto& u : all) {
    out += std::format("| {} | {} | {} | {} |\n", code(u.name), word(u.need), u.when, word(u.in));
  }
  return out + '\n';
}

// The same in one line.
std::string carried(semconv::uses all) {
  std::string out;
  for (const auto& u : all) {
    out += std::format("{}{} ({}{}{})", out.empty() ? "Attributes: " : ", ", code(u.name),
                       word(u.need), u.when.empty() ? "" : ": ", u.when);
  }
  return out + ".\n\n";
}

std::string spans() {
  std::string out = "## Spans\n\n";
  out +=
      "Today Skein makes `inference`, `invoke_agent` and `execute_tool`; the names of the others "
      "are "
      "ready.\n\n";
  for (const auto* s : semconv::spans::all) {
    out += std::format("### Span {}\n\n{}, called {}.", s->id, word(s->is), code(s->name));
    if (!s->operations.empty()) {
      out += std::format(" `gen_ai.operation.name`: {}.", listed(s->operations));
    }
    std::string durations;
    for (const auto& d : s->durations) {
      durations +=
          std::format("{}{} ({})", durations.empty() ? "" : ", ", code(d.which->name), word(d.in));
    }
    if (!durations.empty()) out += " Its duration: " + durations + '.';
    out += "\n\n" + uses(s->uses);
  }
  return out;
}

std::string metrics() {
  std::string out =
      "## Metrics\n\n| metric | instrument | unit | version | |\n|---|---|---|---|---|\n";
  for (const auto* m : semconv::metrics::all) {
    out += std::format("| {} | {} of {} | {} | {} | {} |\n", code(m->name),
                       m->kind == semconv::instrument::counter ? "counter" : "histogram",
                       word(m->number), code(m->unit), word(m->in), m->about);
  }
  out += '\n';
  for (const auto* m : semconv::metrics::all) {
    out += std::format("### Metric {}\n\n", code(m->name));
    if (!m->boundaries.empty()) {
      out += "Boundaries:";
      for (auto b : m->boundaries) out += std::format(" {}", b);
      out += ".\n\n";
    }
    out += carried(m->uses);
  }
  return out;
}

std::string events() {
  std::string out = "## Events\n\n";
  for (const auto* e : semconv::events::all) {
    using severity = semconv::event::severity;
    out += std::format("### Event {}\n\n{}. Severity: {}.\n\n", code(e->name), e->about,
                       e->level == severity::warn    ? "WARN"
                       : e->level == severity::debug ? "DEBUG"
                                                     : "none");
    out += e->uses.data() == semconv::spans::inference.uses.data()
               ? "Attributes: those of the span inference, above.\n\n"
               : carried(e->uses);
  }
  return out;
}

std::string attributes() {
  std::string out =
      "## Attributes\n\n| attribute | type | example | version | |\n|---|---|---|---|---|\n";
  for (const auto& a : semconv::attributes) {
    out += std::format("| {} | {} | {} | {} | {} |\n", code(a.name), word(a.type), code(a.example),
                       word(a.in), a.about);
  }
  out += "\n### Well-known values\n\n| attribute | values | others |\n|---|---|---|\n";
  for (const auto& a : semconv::attributes) {
    if (a.well_known.empty()) continue;
    out += std::format("| {} | {} | {} |\n", code(a.name), listed(a.well_known),
                       a.set == semconv::values_are::open ? "allowed" : "wrong");
  }
  return out + '\n';
}

constexpr std::string_view introduction = R"(# Conventions

What Skein writes, by name. This page is made from the table in
[conventions.hpp](../include/skein/telemetry/conventions.hpp), which is also what is emitted and what
`check_tree` checks; `build/release/apps/docs/skein_docs > docs/conventions.md` makes it again.

*current* is open-telemetry/semantic-conventions-genai, state of 2026-10-09, without a version number of its
own; *1.41* is version 1.41.1 of open-telemetry/semantic-conventions, the last one with a number. Which of
them is written says `OTEL_SEMCONV_STABILITY_OPT_IN`, or the field `dialect` of a client and of an agent:

| value | |
|---|---|
| `gen_ai_latest_experimental` | current; the default |
| `gen_ai/1.41` | the names of 1.41 |
| `gen_ai/dup` | both: no attribute is set twice, and no counter counts twice |

Entries for other areas, such as `http/dup`, are left alone.

Instrumentation scope: `skein`, with the schema `https://opentelemetry.io/schemas/gen-ai-dev/1.42.0-dev`.

## Where Skein differs

- Structured content (messages, tool definitions, arguments, results) is a JSON string on spans and on log
  records, because opentelemetry-cpp has no structured attributes.
- `event.name` is an attribute of the log record, because the exporters of opentelemetry-cpp 1.19 leave the
  event's own name out.
- `gen_ai.client.inference.time_per_output_chunk` is recorded once for each answer, as the mean of its
  chunks, because nothing may cost anything for each chunk.
- `skein.outcome` says, on spans and on durations, what OpenTelemetry has no word for: that an operation was
  cancelled, that its time was up, or that nobody read it to its end. It is not there otherwise.
- `gen_ai.input.messages` of a request may hold only what no earlier span has; `skein.history.after` names that
  span and `skein.history.omitted` says how many messages it stands for ([content](content.md)).
  `skein.content.cut_bytes` says how much was too large.
- `gen_ai.input.messages_ref` and its like are what others use for content kept elsewhere; the conventions have
  no names for that yet.
- `invoke_agent` has the parts of the usage too, not only input and output.
- `gen_ai.usage.*` and the metrics hold what providers reported, and nothing else. What was counted here because
  an answer was cut is beside it, in `skein.usage.estimated.*`; `skein.usage.cost` is the price of both.
- `skein.law_violations` counts where telemetry is not true: a defect, of Skein or of what was built on it.
- An exception is on the span as an event too, for backends without logs.

## Errors

`error.type` is the same on the span, its metrics and its log records:

| value | is |
|---|---|
| an HTTP status, such as `429` or `500` | what the provider answered |
| the provider's own code, such as `rate_limit_exceeded` | in an answer without a status, or in a stream |
| `provider_error` | the provider's failure, without either |
| `timeout`, `connect_failed`, `tls_failed`, `connection_closed`, `transport_error` | the connection |
| `stream_cut`, `malformed`, `limit_exceeded`, `protocol_error` | what came over it |
| `schema_error` | an answer that does not fit the schema it was asked for |
| `tool_error` | a tool that says it failed |
| `usage_error` | this program's own mistake |
| the C++ type of another exception, such as `std::out_of_range` | anything else |
| `_OTHER` | nothing is known |

## Other backends

Off unless `SKEIN_TELEMETRY_BACKENDS` is a list of `openinference` (Phoenix, Arize) and `langfuse`, or the
field `dialect` says so. On spans only:

| ours | OpenInference | Langfuse |
|---|---|---|
| the kind of span | `openinference.span.kind`: `LLM`, `AGENT`, `TOOL`, ... | `langfuse.observation.type`: `generation`, `agent`, `tool`, ... |
| `gen_ai.conversation.id` | `session.id` | `session.id` |
| `gen_ai.provider.name` | `llm.system` | |
| `gen_ai.request.model`, then `gen_ai.response.model` | `llm.model_name` | |
| `gen_ai.usage.*` of a model call | `llm.token_count.prompt`, `.completion`, `.total` and their details | `langfuse.observation.usage_details`, in disjoint parts |
| `skein.usage.cost` of a model call | `llm.cost.total` | `langfuse.observation.cost_details` |
| `gen_ai.agent.name` | `agent.name` | |
| `gen_ai.tool.name`, `.description`, `.call.id` | `tool.name`, `tool.description`, `tool.id` | |

An agent has the sum of its calls under the conventions' own names only: these backends add up by themselves.

)";

std::string former() {
  std::string out =
      "## Former names\n\nWhat `skein trace check` understands in the traces of others, and tells "
      "of in a note:\n\n"
      "| was | is now | since |\n|---|---|---|\n";
  for (const auto& f : semconv::former_names) {
    out +=
        std::format("| `{}` | `{}` | {} |\n", f.was, f.now, f.since.empty() ? "current" : f.since);
  }
  return out + '\n';
}

}  // namespace

int main(int argc, char** argv) {
  auto page = std::string(introduction) + spans() + metrics() + events() + attributes() + former();
  page.pop_back();  // one line feed at the end
  if (argc < 2) {
    std::cout << page;
    return 0;
  }
  if (argc != 3 || std::string_view(argv[1]) != "--check") {
    std::cerr << "usage: skein_docs [--check FILE]\n";
    return 2;
  }
  std::ifstream file(argv[2]);
  std::string found{std::istreambuf_iterator<char>(file), {}};
  if (found == page) return 0;
  std::cerr << argv[2] << " is not what the table says; write it again: skein_docs > " << argv[2]
            << '\n';
  return 1;
}
