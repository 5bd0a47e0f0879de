#include "trace/origins.hpp"

#include <skein/json/text.hpp>

namespace skein::trace {

origins::origins(sqlite::database& in)
    : database_(in),
      find_(in,
            "SELECT id FROM origins WHERE resource = ? AND scope_name = ? AND scope_version = ?"),
      add_(in, "INSERT INTO origins(resource, scope_name, scope_version) VALUES(?, ?, ?)") {}

void origins::forget() {
  known_.clear();
  last_ = {};
}

std::int64_t origins::of(const json::object& resource, std::string_view scope_name,
                         std::string_view scope_version) {
  // Records come in batches of one origin, and writing its text for each is slow.
  if (last_.id != 0 && last_.scope_name == scope_name && last_.scope_version == scope_version &&
      last_.resource == resource) {
    return last_.id;
  }
  auto text = json::write_text(resource);
  auto key = text;
  key.append(1, '\0').append(scope_name).append(1, '\0').append(scope_version);
  auto [at, is_new] = known_.try_emplace(std::move(key));
  if (is_new) at->second = find_or_add(text, scope_name, scope_version);
  last_ = {resource, std::string(scope_name), std::string(scope_version), at->second};
  return at->second;
}

std::int64_t origins::find_or_add(std::string_view resource, std::string_view scope_name,
                                  std::string_view scope_version) {
  find_.bind(1, resource).bind(2, scope_name).bind(3, scope_version);
  const std::int64_t found = find_.step() ? find_.integer(0) : 0;
  find_.reset();
  if (found != 0) return found;
  add_.bind(1, resource).bind(2, scope_name).bind(3, scope_version).run();
  return database_.last_id();
}

}  // namespace skein::trace
