#include "providers/common/call_id.hpp"

#include <algorithm>

#include "core/ascii.hpp"

namespace skein::providers {

namespace {

bool is_id_character(char c) {
  const char low = skein::detail::lower(c);
  return (low >= 'a' && low <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

}  // namespace

bool is_plain_id(std::string_view id) {
  return !id.empty() && std::ranges::all_of(id, is_id_character);
}

std::uint64_t hash_of_id(std::string_view id) {
  std::uint64_t hash = 14695981039346656037U;
  for (const char c : id) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211U;
  return hash;
}

std::string call_id_for(std::size_t number, std::string_view response_id) {
  constexpr std::size_t limit = 40;
  std::string id = "call_" + std::to_string(number);
  if (response_id.empty()) return id;
  id.push_back('_');
  const std::size_t room = std::min(limit - id.size(), response_id.size());
  for (const char c : response_id.substr(response_id.size() - room)) {
    id.push_back(is_id_character(c) ? c : '_');
  }
  return id;
}

}  // namespace skein::providers
