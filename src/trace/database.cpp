#include "trace/database.hpp"

#include <format>
#include <sqlite3.h>
#include <utility>

#include <skein/trace/store.hpp>

namespace skein::trace {

namespace {

[[noreturn]] void fail(sqlite3* d) {
  switch (sqlite3_errcode(d) & 0xFF) {
    case SQLITE_FULL:
      throw store_error(
          "the trace store could not be written: the disk is full; make room, or "
          "lower what is kept");
    case SQLITE_BUSY:
      throw store_error("the trace store stayed locked by another process; try again");
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      throw store_error("the trace store is damaged, or is no store; move the file away");
    default:
      throw store_error(std::format("the trace store failed: {}", sqlite3_errmsg(d)));
  }
}

void check(int result, sqlite3* d) {
  if (result != SQLITE_OK) fail(d);
}

}  // namespace

void statement::finalizer::operator()(sqlite3_stmt* s) const { sqlite3_finalize(s); }
void database::closer::operator()(sqlite3* d) const { sqlite3_close(d); }

statement::statement(sqlite3* database, std::string_view sql) {
  sqlite3_stmt* made = nullptr;
  check(sqlite3_prepare_v3(database, sql.data(), static_cast<int>(sql.size()),
                           SQLITE_PREPARE_PERSISTENT, &made, nullptr),
        database);
  handle_.reset(made);
}

statement& statement::bind(int at, std::int64_t value) {
  sqlite3_bind_int64(get(), at, value);
  return *this;
}
statement& statement::bind(int at, double value) {
  sqlite3_bind_double(get(), at, value);
  return *this;
}
statement& statement::bind(int at, std::string_view text) {
  check(sqlite3_bind_text64(get(), at, text.data() == nullptr ? "" : text.data(), text.size(),
                            SQLITE_STATIC, SQLITE_UTF8),
        sqlite3_db_handle(get()));
  return *this;
}
statement& statement::bind_null(int at) {
  sqlite3_bind_null(get(), at);
  return *this;
}
statement& statement::bind_some(int at, std::string_view text) {
  return text.empty() ? bind_null(at) : bind(at, text);
}
statement& statement::bind_some(int at, std::optional<std::int64_t> value) {
  return value ? bind(at, *value) : bind_null(at);
}

bool statement::step() {
  int result = sqlite3_step(get());
  if (result == SQLITE_ROW) return true;
  if (result == SQLITE_DONE) return false;
  fail(sqlite3_db_handle(get()));
}
void statement::reset() { sqlite3_reset(get()); }
void statement::run() {
  struct resetter {
    statement* s;
    ~resetter() { s->reset(); }
  } after{this};
  while (step()) {}
}

int statement::columns() const { return sqlite3_column_count(get()); }
bool statement::is_null(int column) const {
  return sqlite3_column_type(get(), column) == SQLITE_NULL;
}
std::int64_t statement::integer(int column) const { return sqlite3_column_int64(get(), column); }
std::string_view statement::text(int column) const {
  const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(get(), column));
  if (bytes == nullptr) return {};
  return {bytes, static_cast<std::size_t>(sqlite3_column_bytes(get(), column))};
}

database::database(const std::string& path, bool read_only,
                   std::chrono::milliseconds busy_timeout) {
  sqlite3* opened = nullptr;
  int flags = read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
  int result = sqlite3_open_v2(path.c_str(), &opened, flags, nullptr);
  handle_.reset(opened);
  if (result != SQLITE_OK) {
    throw usage_error(std::format("the trace store {} cannot be opened: {}", path,
                                  opened != nullptr ? sqlite3_errmsg(opened) : "no memory"));
  }
  sqlite3_busy_timeout(opened, static_cast<int>(busy_timeout.count()));
}

void database::execute(const char* sql) {
  check(sqlite3_exec(get(), sql, nullptr, nullptr, nullptr), get());
}
std::int64_t database::number(std::string_view sql) const {
  statement s(get(), sql);
  return s.step() ? s.integer(0) : 0;
}
int database::changes() const { return sqlite3_changes(get()); }
std::int64_t database::last_id() const { return sqlite3_last_insert_rowid(get()); }

transaction::~transaction() {
  if (database_ != nullptr) {
    sqlite3_exec(database_->get(), "ROLLBACK", nullptr, nullptr, nullptr);
  }
}
void transaction::commit() {
  database_->execute("COMMIT");
  database_ = nullptr;
}

}  // namespace skein::trace
