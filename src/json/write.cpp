#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include <skein/core/error.hpp>
#include <skein/json/detail/write.hpp>
#include <skein/json/text.hpp>

namespace skein::json::detail {

value write_fields(std::span<const write_field> fields, std::string_view tag) {
  object members;
  members.reserve(fields.size() + 1);
  if (!tag.empty()) members.emplace(tag_key, tag);
  for (const write_field& field : fields) {
    if (field.from != nullptr) members.emplace(field.note->name, field.write(field.from));
  }
  return members;
}

value write_floating(double number) {
  return std::isfinite(number) ? value(number) : value(nullptr);
}

value write_enumerator(std::span<const enumerator> names, std::int64_t bits) {
  const auto found = std::ranges::find(names, bits, &enumerator::value);
  if (found == names.end()) {
    throw schema_error("$", "an enum value of " + std::to_string(bits) +
                                " has no enumerator to name it: set a named value, or describe the "
                                "enum with BOOST_DESCRIBE_ENUM if it has names outside -8 to 127");
  }
  return value(found->name);
}

void sort_elements(array& elements) {
  std::vector<std::pair<std::string, value>> keyed;
  keyed.reserve(elements.size());
  for (value& element : elements) keyed.emplace_back(write_text(element), std::move(element));
  std::ranges::sort(keyed, {}, &std::pair<std::string, value>::first);
  for (std::size_t i = 0; i < keyed.size(); ++i) elements[i] = std::move(keyed[i].second);
}

void sort_members(object& members) {
  std::vector<std::pair<std::string, value>> sorted;
  sorted.reserve(members.size());
  for (auto& member : members) sorted.emplace_back(member.key(), std::move(member.value()));
  std::ranges::sort(sorted, {}, &std::pair<std::string, value>::first);
  members.clear();
  for (auto& [key, mapped] : sorted) members.emplace(key, std::move(mapped));
}

}  // namespace skein::json::detail
