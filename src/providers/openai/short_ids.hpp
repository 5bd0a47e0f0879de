// Ids of tool calls for servers that take nine letters or digits, and nothing else (Mistral).
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>

namespace skein::openai::detail {

// In one request. An id of that grammar stays as it is, unless it was given out for another;
// others become one that depends on nothing but them and the ids before them. Different ids stay
// different.
class short_ids {
 public:
  [[nodiscard]] const std::string& of(const std::string& id);

 private:
  std::map<std::string, std::string, std::less<>> known_;
  std::set<std::string, std::less<>> given_;
};

}  // namespace skein::openai::detail
