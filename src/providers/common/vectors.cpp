#include "providers/common/vectors.hpp"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <format>

#include <skein/core/error.hpp>
#include <skein/json/base64.hpp>

namespace skein::providers {

namespace {

std::vector<float> floats_of(std::string_view bytes) {
  std::vector<float> out;
  out.reserve(bytes.size() / 4);
  for (std::size_t at = 0; at + 4 <= bytes.size(); at += 4) {
    std::uint32_t bits = 0;
    for (std::size_t i = 4; i-- > 0;) bits = bits << 8U | static_cast<unsigned char>(bytes[at + i]);
    out.push_back(std::bit_cast<float>(bits));
  }
  return out;
}

}  // namespace

void refuse_vectors(std::string_view provider, std::string_view what) {
  throw protocol_error(std::format("{}: the answer has no embeddings: {}", provider, what),
                       "malformed");
}

std::vector<std::size_t> runs_of(const std::vector<std::string>& texts, std::size_t most_texts,
                                 std::size_t most_bytes) {
  std::vector<std::size_t> runs;
  std::size_t bytes = 0;
  for (const auto& text : texts) {
    bytes += text.size();
    if (runs.empty() || runs.back() >= most_texts || bytes > most_bytes) {
      runs.push_back(0);
      bytes = text.size();
    }
    ++runs.back();
  }
  return runs;
}

std::vector<float> vector_of(const json::value& value, std::string_view provider) {
  std::vector<float> out;
  if (const auto* numbers = value.if_array()) {
    out.reserve(numbers->size());
    for (const auto& number : *numbers) {
      if (!number.is_number()) refuse_vectors(provider, "a component is no number");
      out.push_back(number.to_number<float>());
    }
  } else if (const auto* text = value.if_string()) {
    const auto bytes = json::from_base64(*text);
    if (!bytes || bytes->size() % 4 != 0) refuse_vectors(provider, "one is not base64 of floats");
    out = floats_of(*bytes);
  }
  if (out.empty()) refuse_vectors(provider, "one is empty or no vector");
  return out;
}

}  // namespace skein::providers
