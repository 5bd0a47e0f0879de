// The tools of one run: in order, each name once.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <string_view>
#include <vector>

#include <skein/chat/request.hpp>
#include <skein/tool/tool.hpp>

namespace skein {

// The order is that of adding, always: what a model is told of them stays the same from request to
// request, and its provider's prompt cache with it.
class tool_set {
 public:
  tool_set() = default;
  // Throws usage_error for a name that comes twice, as add() does.
  tool_set(std::vector<tool> tools);
  tool_set(std::initializer_list<tool> tools) : tool_set(std::vector<tool>(tools)) {}

  void add(tool one);

  // Valid until the set changes; null if there is none of that name.
  [[nodiscard]] const tool* find(std::string_view name) const noexcept;
  [[nodiscard]] std::vector<tool_definition> definitions() const;

  [[nodiscard]] std::size_t size() const noexcept { return tools_.size(); }
  [[nodiscard]] bool empty() const noexcept { return tools_.empty(); }
  [[nodiscard]] auto begin() const noexcept { return tools_.begin(); }
  [[nodiscard]] auto end() const noexcept { return tools_.end(); }

 private:
  std::vector<tool> tools_;
};

}  // namespace skein
