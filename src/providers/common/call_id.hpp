// Ids of tool calls, whoever made them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace skein::providers {

// Letters, digits, `_` and `-`, and at least one of them.
[[nodiscard]] bool is_plain_id(std::string_view id);

// FNV-1a: the same in every process, since requests are.
[[nodiscard]] std::uint64_t hash_of_id(std::string_view id);

// The id of a call that came without one: the same whenever the answer is read again. A plain id of
// at most 40 characters, `call_<number>_<end of the response's id>`.
[[nodiscard]] std::string call_id_for(std::size_t number, std::string_view response_id);

}  // namespace skein::providers
