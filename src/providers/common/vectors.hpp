// Embeddings as JSON: what providers share.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <skein/json/value.hpp>

namespace skein::providers {

// Runs of at most so many texts and, together, bytes; a longer text is a run of its own. The number
// of texts in each, in order.
[[nodiscard]] std::vector<std::size_t> runs_of(const std::vector<std::string>& texts,
                                               std::size_t most_texts, std::size_t most_bytes);

// An array of numbers, or the base64 of 32-bit floats, lowest byte first. Throws protocol_error
// `malformed`, in the name of `provider`, if it is neither or empty.
[[nodiscard]] std::vector<float> vector_of(const json::value& value, std::string_view provider);

// "`provider`: ... `what`": an answer that cannot be understood.
[[noreturn]] void refuse_vectors(std::string_view provider, std::string_view what);

}  // namespace skein::providers
