#include <numeric>

#include <skein/chat/request.hpp>

namespace skein {

namespace {

std::size_t bytes_of(const json::value& v) {
  std::size_t sum = 2;  // brackets or quotes
  if (const auto* o = v.if_object()) {
    for (const auto& m : *o) sum += m.key().size() + 4 + bytes_of(m.value());
  } else if (const auto* a = v.if_array()) {
    for (const auto& each : *a) sum += bytes_of(each) + 1;
  } else if (const auto* s = v.if_string()) {
    sum += s->size();
  } else {
    sum += 2;
  }
  return sum;
}

}  // namespace

tool_definitions::tool_definitions(std::vector<tool_definition> all)
    : all_(std::make_shared<const std::vector<tool_definition>>(std::move(all))),
      bytes_(std::accumulate(begin(), end(), std::size_t{0}, [](std::size_t sum, const auto& t) {
        return sum + t.name.size() + t.description.size() + bytes_of(t.parameters);
      })) {}

}  // namespace skein
