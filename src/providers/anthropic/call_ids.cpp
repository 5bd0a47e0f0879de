#include "providers/anthropic/call_ids.hpp"

#include <format>

#include "providers/common/call_id.hpp"

namespace skein::anthropic::detail {

namespace {

constexpr std::string_view made_here = "skein_";

std::string escaped_id(std::string_view id) {
  std::string out(made_here);
  for (const char c : id) {
    if (c != '_' && providers::is_plain_id({&c, 1})) {
      out.push_back(c);
    } else {
      out += std::format("_{:02x}", static_cast<unsigned>(static_cast<unsigned char>(c)));
    }
  }
  return out;
}

// `n` is no hexadecimal digit, so this is the form of no other id.
std::string nth_id(const std::string& id, std::size_t n) {
  return n < 2 ? wire_id(id) : std::format("{}_n{}", escaped_id(id), n);
}

}  // namespace

std::string wire_id(std::string_view id) {
  const bool fits = providers::is_plain_id(id) && !id.starts_with(made_here);
  return fits ? std::string(id) : escaped_id(id);
}

std::string call_ids::of_call(const std::string& id) { return nth_id(id, ++seen_[id]); }

std::string call_ids::of_result(const std::string& id) const {
  const auto known = seen_.find(id);
  return nth_id(id, known == seen_.end() ? 1 : known->second);
}

}  // namespace skein::anthropic::detail
