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

namespace skein::trace {

class statement {
 public:
  statement(sqlite3* database, std::string_view sql);

  // From 1. Text is borrowed until the next reset().
  statement& bind(int at, std::int64_t value);
  statement& bind(int at, double value);
  statement& bind(int at, std::string_view text);
  statement& bind_null(int at);
  // Null if the text is empty.
  statement& bind_some(int at, std::string_view text);
  statement& bind_some(int at, std::optional<std::int64_t> value);

  // False at the end. Throws store_error.
  bool step();
  void reset();
  // Runs to the end and resets.
  void run();

  [[nodiscard]] int columns() const;
  [[nodiscard]] bool is_null(int column) const;
  [[nodiscard]] std::int64_t integer(int column) const;
  [[nodiscard]] std::string_view text(int column) const;  // until the next step
  [[nodiscard]] sqlite3_stmt* get() const { return handle_.get(); }

 private:
  struct finalizer {
    void operator()(sqlite3_stmt* s) const;
  };
  std::unique_ptr<sqlite3_stmt, finalizer> handle_;
};

class database {
 public:
  database(const std::string& path, bool read_only, std::chrono::milliseconds busy_timeout);

  void execute(const char* sql);
  [[nodiscard]] std::int64_t number(std::string_view sql) const;  // the first column of one row
  [[nodiscard]] int changes() const;
  [[nodiscard]] std::int64_t last_id() const;
  [[nodiscard]] sqlite3* get() const { return handle_.get(); }

 private:
  struct closer {
    void operator()(sqlite3* d) const;
  };
  std::unique_ptr<sqlite3, closer> handle_;
};

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

}  // namespace skein::trace
