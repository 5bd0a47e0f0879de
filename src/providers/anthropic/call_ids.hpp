// The ids of tool calls in a request, in Anthropic's grammar: ^[a-zA-Z0-9_-]+$, and no id twice.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <string_view>

namespace skein::anthropic::detail {

// An id of the grammar stays as it is. Others, and those that look like the result of this, become
// `skein_` and the id with every byte but letters, digits and `-` as `_` and two hexadecimal
// digits: different ids stay different.
[[nodiscard]] std::string wire_id(std::string_view id);

// In one request. Providers that number the calls of each answer from 0 give the same id to calls
// of several answers: from the second one on, `_n2`, `_n3` ... follow.
class call_ids {
 public:
  [[nodiscard]] std::string of_call(const std::string& id);
  // That of the last call with this id so far.
  [[nodiscard]] std::string of_result(const std::string& id) const;

 private:
  std::map<std::string, std::size_t, std::less<>> seen_;
};

}  // namespace skein::anthropic::detail
