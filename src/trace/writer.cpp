#include "trace/writer.hpp"

#include <algorithm>
#include <chrono>
#include <string_view>
#include <utility>

#include <skein/json/text.hpp>
#include <skein/telemetry/semconv.hpp>

#include "telemetry/forest.hpp"

namespace skein::trace {

namespace semconv = telemetry::semconv;
using telemetry::integer_of;
using telemetry::span_record;
using telemetry::text_of;

namespace {

std::string events_text(const span_record& s) {
  if (s.events.empty()) return {};
  json::array out;
  for (const auto& e : s.events) {
    out.push_back(json::object{{"name", e.name}, {"time", e.time}, {"attributes", e.attributes}});
  }
  return json::write_text(out);
}

std::string links_text(const span_record& s) {
  if (s.links.empty()) return {};
  json::array out;
  for (const auto& l : s.links) {
    out.push_back(json::object{
        {"trace_id", l.trace_id}, {"span_id", l.span_id}, {"attributes", l.attributes}});
  }
  return json::write_text(out);
}

}  // namespace

json::object object_of(std::string_view column) {
  auto v = json::parse_text(column);
  if (!v || !v->is_object()) return {};
  return std::move(v->get_object());
}

summary summary_of(const statement& row) {
  return {.trace_id = std::string(row.text(0)),
          .name = std::string(row.text(1)),
          .service = std::string(row.text(2)),
          .conversation = std::string(row.text(3)),
          .root_start = row.is_null(4) ? std::nullopt : std::optional(row.integer(4)),
          .start = row.integer(5),
          .end = row.integer(6),
          .spans = row.integer(7),
          .errors = row.integer(8),
          .input_tokens = row.integer(9),
          .output_tokens = row.integer(10),
          .cost = {.known = usd(row.integer(11)), .unpriced = row.integer(12)}};
}

writer::writer(database& into)
    : database_(into),
      find_trace_(into,
                  "SELECT id, name, service, conversation, root_start, start, end, spans, errors, "
                  "input_tokens, output_tokens, cost, unpriced FROM trace_rows WHERE trace_id = ?"),
      add_trace_(into,
                 "INSERT INTO trace_rows(trace_id, name, service, conversation, start, end, spans, "
                 "errors, input_tokens, output_tokens, stored) "
                 "VALUES(?, '', '', '', 0, 0, 0, 0, 0, 0, 0)"),
      update_trace_(
          into,
          "UPDATE trace_rows SET name = ?, service = ?, conversation = ?, root_start = ?, "
          "start = ?, end = ?, spans = ?, errors = ?, input_tokens = ?, output_tokens = "
          "?, stored = ?, cost = ?, unpriced = ? WHERE id = ?"),
      origins_(into),
      add_span_(into,
                "INSERT INTO span_rows(trace, span_id, parent_span_id, parent_is_remote, name, "
                "kind, start, end, status, status_message, operation, provider, model, agent, "
                "tool, error_type, input_tokens, output_tokens, attributes, events, links, origin) "
                "VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
                "ON CONFLICT DO NOTHING") {}

std::size_t writer::insert(std::span<const span_record> spans) {
  using namespace std::chrono;
  auto now = duration_cast<nanoseconds>(system_clock::now().time_since_epoch()).count();
  transaction all(database_);
  origins_.forget();
  std::unordered_map<std::string_view, trace_row> traces;
  std::size_t added = 0;
  trace_row* row = nullptr;
  std::string_view row_of;
  for (const auto& s : spans) {
    if (row == nullptr || row_of != s.trace_id) {
      auto [at, is_new] = traces.try_emplace(s.trace_id);
      if (is_new) at->second = find_or_add(s.trace_id);
      row = &at->second;
      row_of = s.trace_id;
    }
    if (!add_span(row->id, origins_.of(s), s)) continue;
    add(row->about, s);
    row->grown = true;
    ++added;
  }
  for (const auto& t : traces) {
    if (t.second.grown) update(t.second, now);
  }
  all.commit();
  return added;
}

writer::trace_row writer::find_or_add(const std::string& trace_id) {
  trace_row row;
  auto& s = find_trace_;
  s.bind(1, trace_id);
  if (s.step()) {
    row.id = s.integer(0);
    row.about = summary_of(s);
    row.about.trace_id = trace_id;
    s.reset();
    return row;
  }
  s.reset();
  add_trace_.bind(1, trace_id).run();
  row.id = database_.last_id();
  return row;
}

bool writer::add_span(std::int64_t trace, std::int64_t origin, const span_record& s) {
  attributes_ = json::write_text(s.attributes);
  events_ = events_text(s);
  links_ = links_text(s);
  auto model = text_of(s, semconv::request_model);
  if (model.empty()) model = text_of(s, semconv::response_model);
  add_span_.bind(1, trace)
      .bind(2, s.span_id)
      .bind_some(3, s.parent_span_id)
      .bind(4, std::int64_t{s.parent_is_remote})
      .bind(5, s.name)
      .bind(6, static_cast<std::int64_t>(s.kind))
      .bind(7, s.start)
      .bind(8, s.end)
      .bind(9, static_cast<std::int64_t>(s.status))
      .bind_some(10, s.status_message)
      .bind_some(11, text_of(s, semconv::operation_name))
      .bind_some(12, text_of(s, semconv::provider_name))
      .bind_some(13, model)
      .bind_some(14, text_of(s, semconv::agent_name))
      .bind_some(15, text_of(s, semconv::tool_name))
      .bind_some(16, text_of(s, semconv::error_type))
      .bind_some(17, integer_of(s, semconv::usage_input_tokens))
      .bind_some(18, integer_of(s, semconv::usage_output_tokens))
      .bind(19, attributes_)
      .bind_some(20, events_)
      .bind_some(21, links_)
      .bind(22, origin)
      .run();
  return database_.changes() > 0;
}

void writer::update(const trace_row& row, std::int64_t now) {
  const auto& a = row.about;
  update_trace_.bind(1, a.name)
      .bind(2, a.service)
      .bind(3, a.conversation)
      .bind_some(4, a.root_start)
      .bind(5, a.start)
      .bind(6, a.end)
      .bind(7, a.spans)
      .bind(8, a.errors)
      .bind(9, a.input_tokens)
      .bind(10, a.output_tokens)
      .bind(11, now)
      .bind(12, a.cost.known.picodollars())
      .bind(13, a.cost.unpriced)
      .bind(14, row.id)
      .run();
}

}  // namespace skein::trace
