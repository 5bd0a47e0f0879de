// The model server's faults by name.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <skein/testing/scripted_turn.hpp>

namespace skein::cli {

// `KIND` or `KIND:AT`; without AT, a place in the midst of an answer.
[[nodiscard]] std::optional<testing::fault> fault_named(std::string_view text);
// Empty for what fault_named() understands, else what is wrong with it.
[[nodiscard]] std::string explain_unless_fault(std::string_view text);
[[nodiscard]] std::string all_fault_names();

// Whether a client that asked for a stream, or for a whole answer, must get an error.
enum class answer_form : unsigned char { streamed, whole };
[[nodiscard]] bool breaks_answer(testing::fault_kind kind, answer_form form);

}  // namespace skein::cli
