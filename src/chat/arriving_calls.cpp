#include <algorithm>

#include <skein/chat/arriving_calls.hpp>

namespace skein {

void arriving_calls::add(const tool_call_delta& delta) {
  auto at = std::ranges::find(numbers_, delta.call);
  if (at != numbers_.end() && !delta.name.empty()) {
    calls_.clear();
    numbers_.clear();
    at = numbers_.end();
  }
  if (at == numbers_.end()) {
    calls_.push_back({.id = delta.id, .name = delta.name, .arguments = json::incremental()});
    numbers_.push_back(delta.call);
    at = numbers_.end() - 1;
  }
  calls_[static_cast<std::size_t>(at - numbers_.begin())].arguments.feed(delta.arguments);
}

}  // namespace skein
