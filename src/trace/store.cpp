#include <cstdlib>
#include <filesystem>
#include <format>
#include <fstream>
#include <sqlite3.h>
#include <string>
#include <system_error>
#include <utility>

#include <skein/json/text.hpp>
#include <skein/trace/store.hpp>

#include "trace/database.hpp"
#include "trace/schema.hpp"
#include "trace/writer.hpp"

namespace skein::trace {

namespace fs = std::filesystem;
using telemetry::span_record;

namespace {

// New, and for its owner's eyes: traces may carry what people said.
void create(const std::string& path) {
  std::error_code failed;
  if (fs::exists(path, failed)) return;
  if (auto folder = fs::path(path).parent_path(); !folder.empty() && !fs::exists(folder, failed)) {
    fs::create_directories(folder, failed);
    if (!failed) fs::permissions(folder, fs::perms::owner_all, failed);
  }
  std::ofstream file(path, std::ios::app);
  file.close();
  if (file) {
    fs::permissions(path, fs::perms::owner_read | fs::perms::owner_write, failed);
  }
}

database open(const std::string& path, const store_options& options) {
  const bool reads = options.mode == access::read;
  if (!reads) {
    create(path);
  } else if (!fs::exists(path)) {
    throw usage_error(std::format(
        "there is no trace store {}; fill one with skein trace collect, skein trace import or "
        "--trace store, or name another with --store FILE",
        path));
  }
  database d(path, reads, options.busy_timeout);
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
    }
  } catch (const store_error& e) {
    throw usage_error(std::format("{} cannot be used as a trace store: {}", path, e.what()));
  }
  if (id != application_id) {
    throw usage_error(std::format("{} is not a trace store; name one with --store FILE", path));
  }
  if (auto version = d.number("PRAGMA user_version"); version != schema_version) {
    throw usage_error(std::format(
        "the trace store {} has version {} and this program knows version {}; use a matching "
        "skein, or export the traces with it and import them here",
        path, version, schema_version));
  }
  return d;
}

json::object object_of(std::string_view text) {
  auto v = json::parse_text(text);
  if (!v || !v->is_object()) return {};
  return std::move(v->get_object());
}

std::string text_at(const json::object& o, std::string_view key) {
  const auto* v = o.if_contains(key);
  return v != nullptr && v->is_string() ? std::string(v->get_string()) : std::string();
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

summary summary_of(const statement& s) {
  return {.trace_id = std::string(s.text(0)),
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
    r.events.push_back({.name = text_at(e, "name"),
                        .time = time != nullptr && time->is_int64() ? time->get_int64() : 0,
                        .attributes = object_at(e, "attributes")});
  });
  each_object(s.text(11), [&](const json::object& l) {
    r.links.push_back({.trace_id = text_at(l, "trace_id"),
                       .span_id = text_at(l, "span_id"),
                       .attributes = object_at(l, "attributes")});
  });
  r.resource = object_of(s.text(12));
  r.scope_name = s.text(13);
  r.scope_version = s.text(14);
  return r;
}

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
  auto most = state_->options.keep.max_bytes;
  if (auto now = std::chrono::steady_clock::now();
      now >= state_->next_prune || (most != 0 && bytes() > most)) {
    state_->next_prune = now + std::chrono::hours(1);
    prune();
  }
  return added;
}

std::vector<summary> store::list(const list_query& query) const {
  std::string sql =
      "SELECT trace_id, name, service, conversation, root_start, start, end, spans, errors, "
      "input_tokens, output_tokens FROM trace_rows WHERE 1";
  if (!query.conversation.empty()) sql += " AND conversation <> '' AND conversation = ?1";
  if (query.select == list_query::which::failed) sql += " AND errors > 0";
  sql += " ORDER BY start DESC, trace_id DESC";
  if (query.limit != 0) sql += std::format(" LIMIT {}", query.limit);
  statement s(state_->db.get(), sql);
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
  statement s(state_->db.get(),
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
  statement s(state_->db.get(),
              "SELECT span_id, parent_span_id, parent_is_remote, s.name, kind, s.start, s.end, "
              "status, status_message, attributes, events, links, resource, scope_name, "
              "scope_version FROM span_rows s JOIN trace_rows t ON t.id = s.trace "
              "JOIN origins o ON o.id = s.origin WHERE t.trace_id = ? ORDER BY s.start, s.id");
  s.bind(1, trace_id);
  std::vector<span_record> out;
  while (s.step()) {
    out.push_back(span_of(s));
    out.back().trace_id = trace_id;
  }
  return out;
}

bool store::remove(std::string_view trace_id) {
  auto& db = state_->db;
  transaction all(db);
  statement spans(db.get(),
                  "DELETE FROM span_rows WHERE trace = (SELECT id FROM trace_rows WHERE trace_id = "
                  "?)");
  spans.bind(1, trace_id).run();
  statement trace(db.get(), "DELETE FROM trace_rows WHERE trace_id = ?");
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
  }
  if (keep.max_bytes != 0 && bytes() > keep.max_bytes) {
    // Some room, so that the next insert does not come here again.
    const auto enough = keep.max_bytes - keep.max_bytes / 10;
    while (bytes() > enough) {
      auto all = static_cast<double>(db.number("SELECT count(*) FROM trace_rows"));
      auto share = static_cast<double>(bytes() - enough) / static_cast<double>(bytes());
      if (!drop(std::format("ORDER BY stored LIMIT {}",
                            static_cast<std::int64_t>(all * share) + 1))) {
        break;
      }
    }
  }
  // Looking for those takes a while, and they are small.
  constexpr std::int64_t many_origins = 1000;
  if (gone != 0 && db.number("SELECT count(*) FROM origins") > many_origins) {
    db.execute("DELETE FROM origins WHERE id NOT IN (SELECT origin FROM span_rows)");
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
        std::format("the query is wrong: {}; the tables are traces and spans", sqlite3_errmsg(d)));
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
