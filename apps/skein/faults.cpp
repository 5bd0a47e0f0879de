#include "faults.hpp"

#include <array>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <format>

namespace skein::cli {

namespace {

using testing::fault_kind;

struct entry {
  std::string_view name;
  fault_kind kind;
  std::size_t at;  // when nothing else is said
};
constexpr std::array<entry, 9> entries{{
    {"cut", fault_kind::cut, 200},
    {"stall", fault_kind::stall, 200},
    {"slow", fault_kind::slow, 0},
    {"malformed", fault_kind::malformed, 2},
    {"rate-limit", fault_kind::rate_limited, 0},
    {"server-error", fault_kind::server_error, 0},
    {"reset", fault_kind::reset, 200},
    {"no-done", fault_kind::no_done, 0},
    {"error-event", fault_kind::error_event, 2},
}};

}  // namespace

std::optional<testing::fault> fault_named(std::string_view text) {
  auto colon = text.find(':');
  for (const auto& e : entries) {
    if (e.name != text.substr(0, colon)) continue;
    testing::fault found{.kind = e.kind, .at = e.at, .delay = std::chrono::milliseconds(20)};
    if (colon == std::string_view::npos) return found;
    auto number = text.substr(colon + 1);
    auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), found.at);
    if (error != std::errc() || end != number.data() + number.size()) return std::nullopt;
    return found;
  }
  return std::nullopt;
}

std::string all_fault_names() {
  std::string all;
  for (const auto& e : entries) all += std::format("{}{}", all.empty() ? "" : ", ", e.name);
  return all;
}

std::string explain_unless_fault(std::string_view text) {
  if (fault_named(text)) return {};
  return std::format("'{}' is no fault; there are {}, and for a place KIND:NUMBER", text,
                     all_fault_names());
}

bool breaks_answer(fault_kind kind, answer_form form) {
  switch (kind) {
    case fault_kind::none:
    case fault_kind::slow:
    case fault_kind::no_done:  // the finish reason came, which is the end of an answer
      return false;
    case fault_kind::error_event:
      return form == answer_form::streamed;
    default:
      return true;
  }
}

}  // namespace skein::cli
