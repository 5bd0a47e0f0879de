#include <algorithm>
#include <string>
#include <utility>

#include <skein/core/error.hpp>
#include <skein/tool/tool_set.hpp>

namespace skein {

tool_set::tool_set(std::vector<tool> tools) {
  tools_.reserve(tools.size());
  for (tool& each : tools) add(std::move(each));
}

void tool_set::add(tool one) {
  if (find(one.name()) != nullptr) {
    throw usage_error("there are two tools named \"" + one.name() +
                      "\": a model calls tools by name, so give one of them another");
  }
  tools_.push_back(std::move(one));
}

const tool* tool_set::find(std::string_view name) const noexcept {
  const auto found = std::ranges::find(tools_, name, &tool::name);
  return found == tools_.end() ? nullptr : &*found;
}

std::vector<tool_definition> tool_set::definitions() const {
  std::vector<tool_definition> all;
  all.reserve(tools_.size());
  for (const tool& each : tools_) all.push_back(each.definition());
  return all;
}

}  // namespace skein
