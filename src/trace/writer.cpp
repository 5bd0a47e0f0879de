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

writer::writer(database& into)
    : database_(into),
      find_trace_(into.get(),
                  "SELECT id, name, service, conversation, root_start, start, end, spans, errors, "
                  "input_tokens, output_tokens FROM trace_rows WHERE trace_id = ?"),
      add_trace_(into.get(),
                 "INSERT INTO trace_rows(trace_id, name, service, conversation, start, end, spans, "
                 "errors, input_tokens, output_tokens, stored) "
                 "VALUES(?, '', '', '', 0, 0, 0, 0, 0, 0, 0)"),
      update_trace_(
          into.get(),
          "UPDATE trace_rows SET name = ?, service = ?, conversation = ?, root_start = ?, "
          "start = ?, end = ?, spans = ?, errors = ?, input_tokens = ?, output_tokens = "
          "?, stored = ? WHERE id = ?"),
      find_origin_(into.get(),
                   "SELECT id FROM origins WHERE resource = ? AND scope_name = ? AND "
                   "scope_version = ?"),
      add_origin_(into.get(),
                  "INSERT INTO origins(resource, scope_name, scope_version) VALUES(?, ?, ?)"),
      add_span_(into.get(),
                "INSERT INTO span_rows(trace, span_id, parent_span_id, parent_is_remote, name, "
                "kind, start, end, status, status_message, operation, provider, model, agent, "
                "tool, error_type, input_tokens, output_tokens, attributes, events, links, origin) "
                "VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
                "ON CONFLICT DO NOTHING") {}

std::size_t writer::insert(std::span<const span_record> spans) {
  using namespace std::chrono;
  auto now = duration_cast<nanoseconds>(system_clock::now().time_since_epoch()).count();
  transaction all(database_);
  // Another process may have removed some since, and the records of before are gone.
  origins_.clear();
  last_origin_ = {};
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
    if (!add_span(row->id, origin_of(s), s)) continue;
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
    row.about = {.trace_id = trace_id,
                 .name = std::string(s.text(1)),
                 .service = std::string(s.text(2)),
                 .conversation = std::string(s.text(3)),
                 .root_start = s.is_null(4) ? std::nullopt : std::optional(s.integer(4)),
                 .start = s.integer(5),
                 .end = s.integer(6),
                 .spans = s.integer(7),
                 .errors = s.integer(8),
                 .input_tokens = s.integer(9),
                 .output_tokens = s.integer(10)};
    s.reset();
    return row;
  }
  s.reset();
  add_trace_.bind(1, trace_id).run();
  row.id = database_.last_id();
  return row;
}

std::int64_t writer::origin_of(const span_record& s) {
  if (last_origin_.like != nullptr && last_origin_.like->scope_name == s.scope_name &&
      last_origin_.like->scope_version == s.scope_version &&
      last_origin_.like->resource == s.resource) {
    return last_origin_.id;
  }
  auto resource = json::write_text(s.resource);
  auto key = resource + '\0' + s.scope_name + '\0' + s.scope_version;
  auto [at, is_new] = origins_.try_emplace(key);
  if (is_new) {
    find_origin_.bind(1, resource).bind(2, s.scope_name).bind(3, s.scope_version);
    if (find_origin_.step()) {
      at->second = find_origin_.integer(0);
      find_origin_.reset();
    } else {
      find_origin_.reset();
      add_origin_.bind(1, resource).bind(2, s.scope_name).bind(3, s.scope_version).run();
      at->second = database_.last_id();
    }
  }
  last_origin_ = {&s, at->second};
  return at->second;
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
      .bind(12, row.id)
      .run();
}

}  // namespace skein::trace
