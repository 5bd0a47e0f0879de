// One file of a spool: a queue on disk that belongs to whoever has it open.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <skein/core/error.hpp>

#include "sqlite/database.hpp"

namespace skein::otlp {

class spool_error : public error {
 public:
  explicit spool_error(const std::string& what, sqlite::failure k) : error(what), kind_(k) {}
  [[nodiscard]] std::string type() const override { return "spool_error"; }
  [[nodiscard]] sqlite::failure kind() const noexcept { return kind_; }

 private:
  sqlite::failure kind_;
};

// SQLite holds an exclusive lock on it, which the operating system takes back from a process that
// is gone. The file is never removed, so that nobody has one that others cannot see. What put() has
// returned from survives the end of the process. Everything throws spool_error. Any thread.
class spool_file {
 public:
  struct item {
    std::int64_t id = 0;
    std::int64_t origin = 0;
    std::string bytes = {};
  };
  struct origin {
    std::int64_t id = 0;
    std::string resource = {};
    std::string scope = {};
  };

  // Throws usage_error if it cannot be a spool.
  spool_file(const std::string& path, std::uint64_t max_bytes);
  // Frees the room that it took, if it is empty.
  ~spool_file();
  spool_file(const spool_file&) = delete;
  spool_file& operator=(const spool_file&) = delete;

  // The number of a resource and a scope, found or added.
  std::int64_t origin_of(std::string_view resource, std::string_view scope);
  struct put_result {
    bool kept = false;     // false if there is no room, or it would take more than half of all
    std::size_t gone = 0;  // older ones that had to go for it
  };
  put_result put(std::int64_t from, std::string_view bytes);
  // The oldest, at most so many and not many more bytes; they stay, and do not go for others.
  std::vector<item> oldest(std::size_t most, std::size_t bytes);
  [[nodiscard]] origin origin_at(std::int64_t id);
  // Those up to this one are done with. If the disk cannot say so now, it does later: for this
  // object they are gone.
  void forget(std::int64_t up_to);
  // Gives how many they were.
  std::size_t forget_older_than(std::chrono::seconds age);
  [[nodiscard]] std::size_t count();

 private:
  std::size_t make_room();
  std::size_t drop(std::int64_t up_to);  // under the lock, as erase_done()
  void erase_done();

  const std::size_t largest_;
  std::mutex mutex_;
  sqlite::database database_;
  std::int64_t next_ = 1;
  std::int64_t held_ = 0;    // those up to it are being sent
  std::int64_t done_ = 0;    // those up to it are done with
  std::int64_t erased_ = 0;  // those up to it are gone from the disk too
  std::size_t count_ = 0;
  std::optional<sqlite::statement> put_;
  std::optional<sqlite::statement> oldest_;
  std::optional<sqlite::statement> erase_;
};

}  // namespace skein::otlp
