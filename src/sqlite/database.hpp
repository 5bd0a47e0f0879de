// SQLite with owners and exceptions.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

namespace skein::sqlite {

enum class failure : std::uint8_t { full, locked, damaged, other };
// Throws its owner's kind of exception. `what` is SQLite's own message.
using raiser = void (*)(failure kind, const char* what);

class database;

// Everything that fails does what the database's raiser does.
class statement {
 public:
  statement(const database& in, std::string_view sql);

  // From 1. Text is borrowed until the next reset().
  statement& bind(int at, std::int64_t value);
  statement& bind(int at, double value);
  statement& bind(int at, std::string_view text);
  statement& bind_bytes(int at, std::string_view bytes);  // borrowed like text
  statement& bind_null(int at);
  // Null if the text is empty.
  statement& bind_some(int at, std::string_view text);
  statement& bind_some(int at, std::optional<std::int64_t> value);

  // False at the end.
  bool step();
  void reset();
  // Runs to the end and resets.
  void run();

  [[nodiscard]] int columns() const;
  [[nodiscard]] bool is_null(int column) const;
  [[nodiscard]] std::int64_t integer(int column) const;
  [[nodiscard]] double real(int column) const;
  [[nodiscard]] std::string_view text(int column) const;   // until the next step
  [[nodiscard]] std::string_view bytes(int column) const;  // until the next step
  [[nodiscard]] sqlite3_stmt* get() const { return handle_.get(); }

 private:
  struct finalizer {
    void operator()(sqlite3_stmt* s) const;
  };
  std::unique_ptr<sqlite3_stmt, finalizer> handle_;
  raiser raise_;
};

class database {
 public:
  enum class access : std::uint8_t { read, write };
  // Throws usage_error if it cannot be opened; `name` is for its message.
  database(const std::string& path, access mode, std::chrono::milliseconds busy_timeout,
           std::string_view name, raiser how_to_raise);

  void execute(const char* sql);
  [[nodiscard]] std::int64_t number(std::string_view sql) const;  // the first column of one row
  [[nodiscard]] int changes() const;
  [[nodiscard]] std::int64_t last_id() const;
  [[nodiscard]] sqlite3* get() const { return handle_.get(); }
  [[nodiscard]] raiser raise() const { return raise_; }

 private:
  struct closer {
    void operator()(sqlite3* d) const;
  };
  std::unique_ptr<sqlite3, closer> handle_;
  raiser raise_;
};

// New, and for its owner's eyes, with the folders above it; one that is there stays as it is.
void create_file(const std::string& path);

// Rolls back unless committed.
class transaction {
 public:
  explicit transaction(database& d) : database_(&d) { d.execute("BEGIN IMMEDIATE"); }
  transaction(const transaction&) = delete;
  transaction& operator=(const transaction&) = delete;
  ~transaction();
  void commit();

 private:
  database* database_;
};

}  // namespace skein::sqlite
