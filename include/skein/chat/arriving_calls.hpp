// The arguments of tool calls while a model writes them, for who wants to begin before a call is
// whole: to look something up, to warm a connection, to show what is coming. The call itself is
// made when it is whole and fits.
//
//   skein::arriving_calls calls;
//   while (auto* update = co_await answer.next()) {
//     if (auto* delta = std::get_if<skein::tool_call_delta>(update)) calls.add(*delta);
//     for (const auto& call : calls.all()) {
//       if (call.name != "get_forecast") continue;
//       skein::json::partial<forecast_query> query(call.arguments);
//       if (auto city = query[&forecast_query::city].value()) prefetch(*city);
//     }
//   }
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <skein/chat/update.hpp>
#include <skein/json/incremental.hpp>

namespace skein {

struct arriving_call {
  std::string id;
  std::string name;
  json::incremental arguments;
};

// Of one answer, and then of the next: the first delta of a call that is there already begins anew.
class arriving_calls {
 public:
  void add(const tool_call_delta& delta);
  // In the order in which they began. Valid until the next add().
  [[nodiscard]] const std::vector<arriving_call>& all() const noexcept { return calls_; }

 private:
  std::vector<arriving_call> calls_;
  std::vector<std::uint32_t> numbers_;  // of calls_, as the deltas have them
};

}  // namespace skein
