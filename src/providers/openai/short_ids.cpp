#include "providers/openai/short_ids.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "providers/common/call_id.hpp"

namespace skein::openai::detail {

namespace {

constexpr std::size_t short_id_length = 9;
constexpr std::string_view short_id_alphabet =
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

bool is_short_id(std::string_view id) {
  return id.size() == short_id_length &&
         std::ranges::all_of(id, [](char c) { return short_id_alphabet.contains(c); });
}

std::string hashed_id(std::string_view id) {
  std::uint64_t hash = providers::hash_of_id(id);
  std::string out(short_id_length, '0');
  for (char& c : out) {
    c = short_id_alphabet[hash % short_id_alphabet.size()];
    hash /= short_id_alphabet.size();
  }
  return out;
}

}  // namespace

const std::string& short_ids::of(const std::string& id) {
  const auto [known, is_new] = known_.try_emplace(id);
  if (is_new) {
    std::string candidate = is_short_id(id) ? id : hashed_id(id);
    for (std::string salted = id; given_.contains(candidate); candidate = hashed_id(salted)) {
      salted.push_back('+');
    }
    given_.insert(candidate);
    known->second = std::move(candidate);
  }
  return known->second;
}

}  // namespace skein::openai::detail
