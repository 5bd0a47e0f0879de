#include "otlp/spool_file.hpp"

#include <algorithm>
#include <exception>
#include <format>

#include <opentelemetry/sdk/common/global_log_handler.h>

namespace skein::otlp {

using sqlite::database;
using sqlite::failure;
using sqlite::statement;

namespace {

constexpr std::int64_t application_id = 0x534B5350;  // "SKSP", in the file's header
constexpr std::int64_t page_size = 4096;
constexpr std::int64_t fewest_pages = 16;

// Exclusive: the index of the log is in memory, and nobody is asked before a write.
// Not synchronous: no span waits for a disk, and a process that is killed leaves what it wrote to
// the operating system.
constexpr auto pragmas =
    "PRAGMA locking_mode=EXCLUSIVE; PRAGMA page_size=4096; PRAGMA synchronous=OFF;"
    "PRAGMA cache_size=-1000; PRAGMA temp_store=MEMORY; PRAGMA wal_autocheckpoint=400;";
constexpr auto tables =
    "CREATE TABLE IF NOT EXISTS origins(id INTEGER PRIMARY KEY, resource BLOB NOT NULL, "
    "scope BLOB NOT NULL, UNIQUE(resource, scope));"
    "CREATE TABLE IF NOT EXISTS items(id INTEGER PRIMARY KEY, origin INTEGER NOT NULL, "
    "added INTEGER NOT NULL, bytes BLOB NOT NULL);";

[[noreturn]] void raise(failure kind, const char* what) {
  switch (kind) {
    case failure::full:
      throw spool_error("the spool is full", kind);
    case failure::locked:
      throw spool_error("another process has the spool", kind);
    case failure::damaged:
      throw spool_error("the spool is damaged, or is no spool; move the file away", kind);
    default:
      throw spool_error(std::format("the spool failed: {}", what), kind);
  }
}

std::int64_t seconds_now() {
  using namespace std::chrono;
  return duration_cast<seconds>(system_clock::now().time_since_epoch()).count();
}

database open(const std::string& path, std::uint64_t max_bytes) {
  sqlite::create_file(path);
  database d(path, database::access::write, std::chrono::milliseconds(0), "spool", raise);
  d.execute(pragmas);
  d.execute("BEGIN EXCLUSIVE; COMMIT;");
  const auto id = d.number("PRAGMA application_id");
  if (id == 0 && d.number("SELECT count(*) FROM sqlite_schema") == 0) {
    d.execute(std::format("PRAGMA application_id={}", application_id).c_str());
  } else if (id != application_id) {
    throw usage_error(std::format("{} is no spool; name another file", path));
  }
  d.execute("PRAGMA journal_mode=WAL");
  const auto pages = static_cast<std::int64_t>(max_bytes / page_size);
  d.execute(std::format("PRAGMA max_page_count={}", std::max(fewest_pages, pages)).c_str());
  d.execute(tables);
  return d;
}

}  // namespace

spool_file::spool_file(const std::string& path, std::uint64_t max_bytes)
    : largest_(static_cast<std::size_t>(max_bytes / 2)), database_(open(path, max_bytes)) {
  count_ = static_cast<std::size_t>(database_.number("SELECT count(*) FROM items"));
  next_ = database_.number("SELECT max(id) FROM items") + 1;
  if (count_ == 0) database_.execute("DELETE FROM origins");
  put_.emplace(database_, "INSERT INTO items(id, origin, added, bytes) VALUES(?, ?, ?, ?)");
  oldest_.emplace(database_,
                  "SELECT id, origin, bytes FROM items WHERE id > ? ORDER BY id LIMIT ?");
  erase_.emplace(database_, "DELETE FROM items WHERE id > ? AND id <= ?");
}

spool_file::~spool_file() {
  constexpr std::int64_t worth_it = 1024;
  try {
    erase_done();
    put_.reset();
    oldest_.reset();
    erase_.reset();
    if (count_ == 0 && database_.number("PRAGMA page_count") > worth_it) {
      database_.execute("VACUUM");
    }
  } catch (const std::exception& e) {
    OTEL_INTERNAL_LOG_WARN("[Skein] " << e.what());
  }
}

std::int64_t spool_file::origin_of(std::string_view resource, std::string_view scope) {
  std::lock_guard lock(mutex_);
  statement find(database_, "SELECT id FROM origins WHERE resource = ? AND scope = ?");
  find.bind_bytes(1, resource).bind_bytes(2, scope);
  if (find.step()) return find.integer(0);
  statement add(database_, "INSERT INTO origins(resource, scope) VALUES(?, ?)");
  add.bind_bytes(1, resource).bind_bytes(2, scope).run();
  return database_.last_id();
}

spool_file::put_result spool_file::put(std::int64_t from, std::string_view bytes) {
  std::lock_guard lock(mutex_);
  put_result out;
  if (bytes.size() > largest_) return out;
  try {
    while (true) {
      put_->bind(1, next_).bind(2, from).bind(3, seconds_now()).bind_bytes(4, bytes);
      try {
        put_->run();
        break;
      } catch (const spool_error& e) {
        if (e.kind() != failure::full) throw;
      }
      const auto room = make_room();
      if (room == 0) return out;
      out.gone += room;
    }
  } catch (const spool_error& e) {
    if (e.kind() != failure::full && out.gone == 0) throw;
    return out;  // not even what is in the way can be erased
  }
  out.kept = true;
  ++next_;
  ++count_;
  return out;
}

// A share of all, so that the next ones find room too.
std::size_t spool_file::make_room() {
  const auto share = static_cast<std::int64_t>(std::max<std::size_t>(1, count_ / 16));
  const auto from = std::max(held_, done_);
  statement last(database_,
                 "SELECT max(id) FROM (SELECT id FROM items WHERE id > ? ORDER BY id LIMIT ?)");
  last.bind(1, from).bind(2, share);
  if (!last.step() || last.is_null(0)) return 0;
  const auto to = last.integer(0);
  last.reset();
  erase_->bind(1, from).bind(2, to).run();
  const auto gone = static_cast<std::size_t>(database_.changes());
  count_ -= gone;
  return gone;
}

std::vector<spool_file::item> spool_file::oldest(std::size_t most, std::size_t bytes) {
  std::lock_guard lock(mutex_);
  std::vector<item> out;
  struct resetter {
    statement* s;
    ~resetter() { s->reset(); }
  } after{&*oldest_};
  oldest_->bind(1, done_).bind(2, static_cast<std::int64_t>(most));
  std::size_t size = 0;
  while (size < bytes && oldest_->step()) {
    out.push_back({.id = oldest_->integer(0),
                   .origin = oldest_->integer(1),
                   .bytes = std::string(oldest_->bytes(2))});
    size += out.back().bytes.size();
  }
  if (!out.empty()) held_ = out.back().id;
  return out;
}

spool_file::origin spool_file::origin_at(std::int64_t id) {
  std::lock_guard lock(mutex_);
  statement find(database_, "SELECT resource, scope FROM origins WHERE id = ?");
  find.bind(1, id);
  if (!find.step()) return {.id = id};
  return {.id = id, .resource = std::string(find.bytes(0)), .scope = std::string(find.bytes(1))};
}

void spool_file::forget(std::int64_t up_to) {
  std::lock_guard lock(mutex_);
  drop(up_to);
}

std::size_t spool_file::drop(std::int64_t up_to) {
  if (up_to <= done_) return 0;
  statement many(database_, "SELECT count(*) FROM items WHERE id > ? AND id <= ?");
  many.bind(1, done_).bind(2, up_to);
  const auto gone = many.step() ? static_cast<std::size_t>(many.integer(0)) : 0;
  many.reset();
  done_ = up_to;
  count_ -= std::min(count_, gone);
  try {
    erase_done();
  } catch (const spool_error& e) {
    OTEL_INTERNAL_LOG_WARN("[Skein] " << e.what() << "; what was sent may be sent again");
  }
  return gone;
}

void spool_file::erase_done() {
  if (erased_ == done_) return;
  erase_->bind(1, erased_).bind(2, done_).run();
  erased_ = done_;
}

std::size_t spool_file::forget_older_than(std::chrono::seconds age) {
  std::lock_guard lock(mutex_);
  // Times may go back and forth; the first that is young enough ends it.
  statement young(database_,
                  "SELECT id FROM items WHERE id > ? AND added >= ? ORDER BY id LIMIT 1");
  young.bind(1, done_).bind(2, seconds_now() - age.count());
  const auto up_to = young.step() ? young.integer(0) - 1 : next_ - 1;
  young.reset();
  return drop(up_to);
}

std::size_t spool_file::count() {
  std::lock_guard lock(mutex_);
  return count_;
}

}  // namespace skein::otlp
