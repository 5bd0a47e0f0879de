// The rows of resource and scope that spans and metrics of a store share.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

#include <skein/json/value.hpp>

#include "sqlite/database.hpp"

namespace skein::trace {

class origins {
 public:
  explicit origins(sqlite::database& in);
  // The number of the row, which is written if there is none. Within a transaction.
  template <class Record>
  std::int64_t of(const Record& r) {
    return of(r.resource, r.scope_name, r.scope_version);
  }
  // What was known: another process may have removed rows.
  void forget();

 private:
  struct origin {
    json::object resource;
    std::string scope_name = {};
    std::string scope_version = {};
    std::int64_t id = 0;  // 0: none
  };
  std::int64_t of(const json::object& resource, std::string_view scope_name,
                  std::string_view scope_version);
  std::int64_t find_or_add(std::string_view resource, std::string_view scope_name,
                           std::string_view scope_version);

  sqlite::database& database_;
  sqlite::statement find_;
  sqlite::statement add_;
  std::unordered_map<std::string, std::int64_t> known_;
  origin last_;
};

}  // namespace skein::trace
