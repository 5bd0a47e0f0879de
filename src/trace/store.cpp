#include <cstdlib>
#include <filesystem>
#include <format>
#include <sqlite3.h>
#include <string>
#include <utility>

#include <skein/json/text.hpp>
#include <skein/telemetry/semconv.hpp>
#include <skein/trace/store.hpp>

#include "sqlite/database.hpp"
#include "trace/genai.hpp"
#include "trace/metric_rows.hpp"
#include "trace/schema.hpp"
#include "trace/writer.hpp"

namespace skein::trace {

namespace fs = std::filesystem;
namespace semconv = telemetry::semconv;
using telemetry::span_record;

namespace {

[[noreturn]] void raise(sqlite::failure kind, const char* what) {
  switch (kind) {
    case sqlite::failure::full:
      throw store_error(
          "the trace store could not be written: the disk is full; make room, or "
          "lower what is kept");
    case sqlite::failure::locked:
      throw store_error("the trace store stayed locked by another process; try again");
    case sqlite::failure::damaged:
      throw store_error("the trace store is damaged, or is no store; move the file away");
    default:
      throw store_error(std::format("the trace store failed: {}", what));
  }
}

// Of the trace that a statement is at, from its spans, as `add` does it: picodollars, and calls
// without a price.
std::string cost_of_spans() {
  const std::string of_calls =
      "FROM span_rows s WHERE s.trace = trace_rows.id AND s.operation IN ('chat', "
      "'generate_content', 'text_completion', 'embeddings')";
  const auto attribute = [](std::string_view key) {
    return std::format("json_extract(s.attributes, '$.\"{}\"')", key);
  };
  return std::format(
      "(SELECT CAST(round(total({0}) * 1e12) AS INTEGER) {1}), (SELECT count(*) {1} AND {0} IS "
      "NULL AND coalesce(s.input_tokens, 0) + coalesce(s.output_tokens, 0) + coalesce({2}, 0) + "
      "coalesce({3}, 0) > 0)",
      attribute(semconv::usage_cost), of_calls, attribute(semconv::usage_estimated_input),
      attribute(semconv::usage_estimated_output));
}

void add_costs(database& d) {
  transaction all(d);
  // Somebody may have been quicker.
  if (d.number("PRAGMA user_version") == version_without_costs) {
    d.execute(
        "ALTER TABLE trace_rows ADD COLUMN cost INTEGER NOT NULL DEFAULT 0;"
        "ALTER TABLE trace_rows ADD COLUMN unpriced INTEGER NOT NULL DEFAULT 0");
    d.execute(std::format("UPDATE trace_rows SET (cost, unpriced) = (SELECT {}); "
                          "PRAGMA user_version={}",
                          cost_of_spans(), schema_version)
                  .c_str());
  }
  all.commit();
}

database open(const std::string& path, const store_options& options) {
  const bool reads = options.mode == access::read;
  if (!reads) {
    sqlite::create_file(path);
  } else if (!fs::exists(path)) {
    throw usage_error(std::format(
        "there is no trace store {}; fill one with skein trace collect, skein trace import or "
        "--trace store, or name another with --store FILE",
        path));
  }
  database d(path, reads ? database::access::read : database::access::write, options.busy_timeout,
             "trace store", raise);
  std::int64_t id = 0;
  try {
    id = d.number("PRAGMA application_id");
    if (id == 0 && !reads && d.number("SELECT count(*) FROM sqlite_schema") == 0) {
      d.execute(pragmas_of_new_file);
      d.execute(pragmas_of_writer);
      transaction all(d);
      // Somebody may have been quicker.
      id = d.number("PRAGMA application_id");
      if (id == 0) {
        d.execute(schema);
        d.execute(std::format("PRAGMA application_id={}; PRAGMA user_version={}", application_id,
                              schema_version)
                      .c_str());
        id = application_id;
      }
      all.commit();
    } else if (!reads && id == application_id) {
      d.execute(pragmas_of_writer);
      if (d.number("PRAGMA user_version") == version_without_costs) add_costs(d);
    }
  } catch (const store_error& e) {
    throw usage_error(std::format("{} cannot be used as a trace store: {}", path, e.what()));
  }
  if (id != application_id) {
    throw usage_error(std::format("{} is not a trace store; name one with --store FILE", path));
  }
  const auto version = d.number("PRAGMA user_version");
  if (version != schema_version && !(reads && version == version_without_costs)) {
    throw usage_error(std::format(
        "the trace store {} has version {} and this program knows version {}; use a matching "
        "skein, or export the traces with it and import them here",
        path, version, schema_version));
  }
  return d;
}

json::object object_at(const json::object& o, std::string_view key) {
  const auto* v = o.if_contains(key);
  return v != nullptr && v->is_object() ? v->get_object() : json::object();
}

template <class F>
void each_object(std::string_view text, F use) {
  if (text.empty()) return;
  auto v = json::parse_text(text);
  if (!v || !v->is_array()) return;
  for (const auto& e : v->get_array()) {
    if (const auto* o = e.if_object()) use(*o);
  }
}

span_record span_of(const statement& s) {
  span_record r;
  r.span_id = s.text(0);
  r.parent_span_id = s.text(1);
  r.parent_is_remote = s.integer(2) != 0;
  r.name = s.text(3);
  r.kind = static_cast<telemetry::span_kind>(s.integer(4));
  r.start = s.integer(5);
  r.end = s.integer(6);
  r.status = static_cast<telemetry::span_status>(s.integer(7));
  r.status_message = s.text(8);
  r.attributes = object_of(s.text(9));
  each_object(s.text(10), [&](const json::object& e) {
    const auto* time = e.if_contains("time");
    r.events.push_back({.name = std::string(text_at(e, "name")),
                        .time = time != nullptr && time->is_int64() ? time->get_int64() : 0,
                        .attributes = object_at(e, "attributes")});
  });
  each_object(s.text(11), [&](const json::object& l) {
    r.links.push_back({.trace_id = std::string(text_at(l, "trace_id")),
                       .span_id = std::string(text_at(l, "span_id")),
                       .attributes = object_at(l, "attributes")});
  });
  r.resource = object_of(s.text(12));
  r.scope_name = s.text(13);
  r.scope_version = s.text(14);
  r.trace_id = s.text(15);
  return r;
}

constexpr std::string_view select_spans =
    "SELECT span_id, parent_span_id, parent_is_remote, s.name, kind, s.start, s.end, status, "
    "status_message, attributes, events, links, resource, scope_name, scope_version, t.trace_id "
    "FROM span_rows s JOIN trace_rows t ON t.id = s.trace JOIN origins o ON o.id = s.origin ";

json::value value_of(sqlite3_stmt* s, int column) {
  switch (sqlite3_column_type(s, column)) {
    case SQLITE_INTEGER:
      return sqlite3_column_int64(s, column);
    case SQLITE_FLOAT:
      return sqlite3_column_double(s, column);
    case SQLITE_NULL:
      return nullptr;
    default: {
      const auto* bytes = static_cast<const char*>(sqlite3_column_blob(s, column));
      auto size = static_cast<std::size_t>(sqlite3_column_bytes(s, column));
      return json::string(json::valid_utf8({bytes == nullptr ? "" : bytes, size}));
    }
  }
}

}  // namespace

struct store::state {
  state(const std::string& file, const store_options& o)
      : path(file), options(o), db(open(file, o)) {
    if (o.mode == access::write) write.emplace(db);
  }
  std::string path;
  store_options options;
  database db;
  std::optional<writer> write;
  std::chrono::steady_clock::time_point next_prune{};  // for the age
};

store::store(const std::string& path, const store_options& options)
    : state_(std::make_unique<state>(path, options)) {}
store::store(store&&) noexcept = default;
store& store::operator=(store&&) noexcept = default;
store::~store() = default;

const std::string& store::path() const noexcept { return state_->path; }

std::size_t store::insert(std::span<const span_record> spans) {
  if (!state_->write) throw usage_error("the trace store was opened for reading");
  if (spans.empty()) return 0;
  auto added = state_->write->insert(spans);
  prune_if_due();
  return added;
}

std::size_t store::insert(std::span<const metric_point> points) {
  if (!state_->write) throw usage_error("the trace store was opened for reading");
  if (points.empty()) return 0;
  auto added = insert_metrics(state_->db, points);
  prune_if_due();
  return added;
}

void store::prune_if_due() {
  auto most = state_->options.keep.max_bytes;
  auto now = std::chrono::steady_clock::now();
  if (now < state_->next_prune && (most == 0 || bytes() <= most)) return;
  state_->next_prune = now + std::chrono::hours(1);
  prune();
}

std::vector<summary> store::list(const list_query& query) const {
  const bool has_costs = state_->db.number("PRAGMA user_version") != version_without_costs;
  std::string sql =
      "SELECT trace_id, name, service, conversation, root_start, start, end, spans, errors, "
      "input_tokens, output_tokens, " +
      (has_costs ? "cost, unpriced" : cost_of_spans()) + " FROM trace_rows WHERE 1";
  if (!query.conversation.empty()) sql += " AND conversation <> '' AND conversation = ?1";
  if (query.select == list_query::which::failed) sql += " AND errors > 0";
  sql += " ORDER BY start DESC, trace_id DESC";
  if (query.limit != 0) sql += std::format(" LIMIT {}", query.limit);
  statement s(state_->db, sql);
  if (!query.conversation.empty()) s.bind(1, query.conversation);
  std::vector<summary> out;
  while (s.step()) out.push_back(summary_of(s));
  return out;
}

std::expected<std::string, std::string> store::find(std::string_view prefix) const {
  if (prefix == "last") {
    auto newest = list({.limit = 1});
    if (!newest.empty()) return newest.front().trace_id;
    return std::unexpected(std::format("the store {} is empty", path()));
  }
  // The first character after the hexadecimal digits.
  auto end = std::string(prefix) + 'g';
  statement s(state_->db,
              "SELECT trace_id FROM trace_rows WHERE trace_id >= ? AND trace_id < ? LIMIT 2");
  s.bind(1, prefix).bind(2, end);
  if (!s.step()) {
    return std::unexpected(
        std::format("no trace {} in the store {}; skein trace ls lists them", prefix, path()));
  }
  std::string found(s.text(0));
  if (s.step()) {
    return std::unexpected(std::format("{} begins several traces; give more of it", prefix));
  }
  return found;
}

std::vector<span_record> store::load(std::string_view trace_id) const {
  statement s(state_->db,
              std::format("{} WHERE t.trace_id = ? ORDER BY s.start, s.id", select_spans));
  s.bind(1, trace_id);
  std::vector<span_record> out;
  while (s.step()) out.push_back(span_of(s));
  return out;
}

std::optional<span_record> store::load(std::string_view trace_id, std::string_view span_id) const {
  statement s(state_->db, std::format("{} WHERE t.trace_id = ? AND s.span_id = ?", select_spans));
  s.bind(1, trace_id).bind(2, span_id);
  if (!s.step()) return std::nullopt;
  return span_of(s);
}

std::vector<metric_point> store::metrics() const { return load_metrics(state_->db); }

bool store::remove(std::string_view trace_id) {
  auto& db = state_->db;
  transaction all(db);
  statement spans(db,
                  "DELETE FROM span_rows WHERE trace = (SELECT id FROM trace_rows WHERE trace_id = "
                  "?)");
  spans.bind(1, trace_id).run();
  statement trace(db, "DELETE FROM trace_rows WHERE trace_id = ?");
  trace.bind(1, trace_id).run();
  bool was_there = db.changes() > 0;
  all.commit();
  db.execute("PRAGMA incremental_vacuum");
  return was_there;
}

std::size_t store::prune() {
  auto& db = state_->db;
  const auto& keep = state_->options.keep;
  std::size_t gone = 0;
  auto drop = [&](const std::string& which) {
    transaction some(db);
    db.execute(
        std::format("CREATE TEMP TABLE going AS SELECT id FROM trace_rows {}", which).c_str());
    auto n = db.number("SELECT count(*) FROM going");
    db.execute(
        "DELETE FROM span_rows WHERE trace IN going;"
        "DELETE FROM trace_rows WHERE id IN going;"
        "DROP TABLE going");
    some.commit();
    gone += static_cast<std::size_t>(n);
    return n != 0;
  };
  if (keep.max_age.count() != 0) {
    using namespace std::chrono;
    auto oldest = duration_cast<nanoseconds>(system_clock::now().time_since_epoch() - keep.max_age);
    drop(std::format("WHERE stored < {}", oldest.count()));
    db.execute(std::format("DELETE FROM metric_rows WHERE stored < {}", oldest.count()).c_str());
  }
  if (keep.max_bytes != 0 && bytes() > keep.max_bytes) {
    // Some room, so that the next insert does not come here again.
    const auto enough = keep.max_bytes - keep.max_bytes / 10;
    while (bytes() > enough) {
      auto all = static_cast<double>(db.number("SELECT count(*) FROM trace_rows"));
      auto share = static_cast<double>(bytes() - enough) / static_cast<double>(bytes());
      const bool dropped =
          drop(std::format("ORDER BY stored LIMIT {}", static_cast<std::int64_t>(all * share) + 1));
      // Those of a time that no span is left of.
      db.execute(
          "DELETE FROM metric_rows WHERE time < (SELECT coalesce(min(start), 9223372036854775807) "
          "FROM trace_rows)");
      if (!dropped) break;
    }
  }
  // Looking for those takes a while, and they are small.
  constexpr std::int64_t many_origins = 1000;
  if (gone != 0 && db.number("SELECT count(*) FROM origins") > many_origins) {
    db.execute(
        "DELETE FROM origins WHERE id NOT IN (SELECT origin FROM span_rows UNION "
        "SELECT origin FROM metric_rows)");
  }
  if (gone != 0) db.execute("PRAGMA incremental_vacuum");
  return gone;
}

table store::query(const std::string& sql) const {
  auto* d = state_->db.get();
  sqlite3_stmt* made = nullptr;
  const char* rest = nullptr;
  int result = sqlite3_prepare_v2(d, sql.c_str(), -1, &made, &rest);
  std::unique_ptr<sqlite3_stmt, decltype(&sqlite3_finalize)> s(made, &sqlite3_finalize);
  if (result != SQLITE_OK) {
    throw usage_error(
        std::format("the query is wrong: {}; the tables are traces, spans "
                    "and metrics",
                    sqlite3_errmsg(d)));
  }
  if (s == nullptr) throw usage_error("the query is empty; try SELECT * FROM traces");
  if (std::string_view(rest).find_first_not_of(" \t\r\n;") != std::string_view::npos) {
    throw usage_error("the query is more than one statement; give one");
  }
  if (sqlite3_stmt_readonly(s.get()) == 0) {
    throw usage_error("the query would write; only reading is allowed here");
  }
  table out;
  int columns = sqlite3_column_count(s.get());
  for (int c = 0; c < columns; ++c) out.columns.emplace_back(sqlite3_column_name(s.get(), c));
  while (true) {
    result = sqlite3_step(s.get());
    if (result == SQLITE_DONE) return out;
    if (result != SQLITE_ROW) {
      throw usage_error(std::format("the query failed: {}", sqlite3_errmsg(d)));
    }
    auto& row = out.rows.emplace_back();
    for (int c = 0; c < columns; ++c) row.push_back(value_of(s.get(), c));
  }
}

std::uint64_t store::bytes() const {
  const auto& db = state_->db;
  auto pages = db.number("PRAGMA page_count") - db.number("PRAGMA freelist_count");
  return static_cast<std::uint64_t>(pages * db.number("PRAGMA page_size"));
}

std::string default_store_path() {
  const char* data = std::getenv("XDG_DATA_HOME");
  if (data != nullptr && *data == '/') return (fs::path(data) / "skein" / "traces.db").string();
  const char* home = std::getenv("HOME");
  if (home == nullptr || *home == '\0') {
    throw usage_error(
        "no place for the trace store: set XDG_DATA_HOME or HOME, or say --store FILE");
  }
  return (fs::path(home) / ".local" / "share" / "skein" / "traces.db").string();
}

}  // namespace skein::trace
