// Traces on this machine: one SQLite file, which any number of processes may read and write.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <skein/core/error.hpp>
#include <skein/json/value.hpp>
#include <skein/telemetry/span_record.hpp>
#include <skein/trace/metrics.hpp>
#include <skein/trace/summary.hpp>

namespace skein::trace {

// The file could not be read or written: disk full, locked too long, damaged.
class store_error : public error {
 public:
  using error::error;
  [[nodiscard]] std::string type() const override { return "store_error"; }
};

// Whole traces go, those first that have not grown for the longest time. 0: without limit.
struct retention {
  std::uint64_t max_bytes = std::uint64_t{1} << 30U;
  std::chrono::seconds max_age = std::chrono::days(30);
};

enum class access : std::uint8_t { read, write };

struct store_options {
  access mode = access::write;  // which creates what is not there, for the owner alone to read
  retention keep = {};
  std::chrono::milliseconds busy_timeout{5000};  // for other processes that write
};

struct list_query {
  std::size_t limit = 20;  // 0: all
  std::string conversation = {};
  enum class which : std::uint8_t { all, failed } select = which::all;
};

// Of a query: columns, and each row's values.
struct table {
  std::vector<std::string> columns = {};
  std::vector<std::vector<json::value>> rows = {};
};

// What insert() has returned from survives the end of the process, whichever way it ends; the file
// is whole after a power failure, too, but may lack the last moments. Used by one thread at a time.
// Everything throws store_error; a file that is no store is a usage_error.
class store {
 public:
  explicit store(const std::string& path, const store_options& options = {});
  store(store&&) noexcept;
  store& operator=(store&&) noexcept;
  ~store();

  // Stores all of them or, if it throws, none; gives how many were new. A span that is there
  // already stays as it is.
  std::size_t insert(std::span<const telemetry::span_record> spans);

  // The same of metrics: how many points were new or newer. Of a cumulative series the last point
  // is kept, of others each.
  std::size_t insert(std::span<const metric_point> points);

  // Newest first.
  [[nodiscard]] std::vector<summary> list(const list_query& query = {}) const;
  // The identifier that begins with `prefix`, or the newest trace's for "last"; or why there is
  // none.
  [[nodiscard]] std::expected<std::string, std::string> find(std::string_view prefix) const;
  // Its spans in the order of their starts.
  [[nodiscard]] std::vector<telemetry::span_record> load(std::string_view trace_id) const;

  [[nodiscard]] std::optional<telemetry::span_record> load(std::string_view trace_id,
                                                           std::string_view span_id) const;
  // All points, by origin, name and time.
  [[nodiscard]] std::vector<metric_point> metrics() const;

  // False if it is not there.
  bool remove(std::string_view trace_id);
  // Does what options.keep says, and gives how many traces went; metrics go with the time that
  // they cover. insert() does it when the file has grown.
  std::size_t prune();

  // One statement that only reads; others are a usage_error, as is a wrong one. The tables are
  // `traces`, `spans` and `metrics`; docs/trace.md has their columns.
  [[nodiscard]] table query(const std::string& sql) const;

  [[nodiscard]] std::uint64_t bytes() const;  // that are in use, in the file
  [[nodiscard]] const std::string& path() const noexcept;

 private:
  struct state;
  void prune_if_due();
  std::unique_ptr<state> state_;
};

// skein/traces.db in the folder for the user's data: XDG_DATA_HOME, else ~/.local/share. Throws
// usage_error if neither is known.
[[nodiscard]] std::string default_store_path();

}  // namespace skein::trace
