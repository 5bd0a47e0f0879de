#include <skein/chat/ledger.hpp>

namespace skein {

usage_sum& usage_sum::operator+=(const model_call& call) noexcept {
  ++calls;
  usage += call.usage;
  estimated += call.estimated;
  bytes += call.bytes;
  if (call.cost) {
    known_cost += *call.cost;
  } else {
    ++unpriced;
  }
  return *this;
}

usage_sum& usage_sum::operator+=(const usage_sum& other) noexcept {
  calls += other.calls;
  usage += other.usage;
  estimated += other.estimated;
  bytes += other.bytes;
  known_cost += other.known_cost;
  unpriced += other.unpriced;
  return *this;
}

usage_sum ledger::own() const noexcept {
  usage_sum sum;
  for (const auto& c : calls) {
    if (c.tool.empty() && c.operation == model_operation::chat) sum += c;
  }
  return sum;
}

usage_sum ledger::total() const noexcept {
  usage_sum sum;
  for (const auto& c : calls) sum += c;
  for (const auto& a : agents) sum += a.total();
  return sum;
}

}  // namespace skein
