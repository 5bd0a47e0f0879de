#include "sqlite/database.hpp"

#include <filesystem>
#include <format>
#include <fstream>
#include <sqlite3.h>
#include <system_error>
#include <utility>

#include <skein/core/error.hpp>

namespace skein::sqlite {

namespace {

[[noreturn]] void fail(sqlite3* d, raiser raise) {
  auto kind = failure::other;
  switch (sqlite3_errcode(d) & 0xFF) {
    case SQLITE_FULL:
      kind = failure::full;
      break;
    case SQLITE_BUSY:
      kind = failure::locked;
      break;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      kind = failure::damaged;
      break;
    default:
      break;
  }
  raise(kind, sqlite3_errmsg(d));
  std::unreachable();
}

void check(int result, sqlite3* d, raiser raise) {
  if (result != SQLITE_OK) fail(d, raise);
}

}  // namespace

void statement::finalizer::operator()(sqlite3_stmt* s) const { sqlite3_finalize(s); }
void database::closer::operator()(sqlite3* d) const { sqlite3_close(d); }

statement::statement(const database& in, std::string_view sql) : raise_(in.raise()) {
  sqlite3_stmt* made = nullptr;
  check(sqlite3_prepare_v3(in.get(), sql.data(), static_cast<int>(sql.size()),
                           SQLITE_PREPARE_PERSISTENT, &made, nullptr),
        in.get(), raise_);
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
        sqlite3_db_handle(get()), raise_);
  return *this;
}
statement& statement::bind_bytes(int at, std::string_view bytes) {
  check(sqlite3_bind_blob64(get(), at, bytes.data() == nullptr ? "" : bytes.data(), bytes.size(),
                            SQLITE_STATIC),
        sqlite3_db_handle(get()), raise_);
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
  fail(sqlite3_db_handle(get()), raise_);
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
double statement::real(int column) const { return sqlite3_column_double(get(), column); }
std::string_view statement::text(int column) const {
  const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(get(), column));
  if (bytes == nullptr) return {};
  return {bytes, static_cast<std::size_t>(sqlite3_column_bytes(get(), column))};
}
std::string_view statement::bytes(int column) const {
  const auto* data = static_cast<const char*>(sqlite3_column_blob(get(), column));
  if (data == nullptr) return {};
  return {data, static_cast<std::size_t>(sqlite3_column_bytes(get(), column))};
}

database::database(const std::string& path, access mode, std::chrono::milliseconds busy_timeout,
                   std::string_view name, raiser how_to_raise)
    : raise_(how_to_raise) {
  sqlite3* opened = nullptr;
  int flags =
      mode == access::read ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
  int result = sqlite3_open_v2(path.c_str(), &opened, flags, nullptr);
  handle_.reset(opened);
  if (result != SQLITE_OK) {
    throw usage_error(std::format("the {} {} cannot be opened: {}", name, path,
                                  opened != nullptr ? sqlite3_errmsg(opened) : "no memory"));
  }
  sqlite3_busy_timeout(opened, static_cast<int>(busy_timeout.count()));
}

void database::execute(const char* sql) {
  check(sqlite3_exec(get(), sql, nullptr, nullptr, nullptr), get(), raise_);
}
std::int64_t database::number(std::string_view sql) const {
  statement s(*this, sql);
  return s.step() ? s.integer(0) : 0;
}
int database::changes() const { return sqlite3_changes(get()); }
std::int64_t database::last_id() const { return sqlite3_last_insert_rowid(get()); }

void create_file(const std::string& path) {
  namespace fs = std::filesystem;
  std::error_code failed;
  if (fs::exists(path, failed)) return;
  if (auto folder = fs::path(path).parent_path(); !folder.empty() && !fs::exists(folder, failed)) {
    fs::create_directories(folder, failed);
    if (!failed) fs::permissions(folder, fs::perms::owner_all, failed);
  }
  std::ofstream file(path, std::ios::app);
  file.close();
  if (file) fs::permissions(path, fs::perms::owner_read | fs::perms::owner_write, failed);
}

transaction::~transaction() {
  if (database_ != nullptr) {
    sqlite3_exec(database_->get(), "ROLLBACK", nullptr, nullptr, nullptr);
  }
}
void transaction::commit() {
  database_->execute("COMMIT");
  database_ = nullptr;
}

}  // namespace skein::sqlite
