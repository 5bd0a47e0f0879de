// Asking twice when the first answer is late to begin: time bought with tokens.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>

#include <skein/chat/client.hpp>

namespace skein {

struct hedge_policy {
  // How long the first request may be without content before the second is sent.
  runtime::duration after = std::chrono::seconds(5);
  // Or as long as this share of the latest answers took (0.95: all but the slowest twentieth), once
  // enough have been seen.
  std::optional<double> percentile = {};
  // How many seconds there may be, as a share of the requests. What is not used is kept for ten at
  // most.
  double budget = 0.05;
};

// Gives the answer whose content comes first; the other is stopped there and then, and what it cost
// is in the ledger. If one fails while the other is on its way, that one is waited for; if both
// fail, the first request's failure is thrown. Nothing is passed on before there is content.
//
// A second request is an event `skein.hedge` on the span around, with the time after which it was
// sent; the decision is another, `skein.hedge.won`, with the winner (first or second). A late
// request for which the budget does not do is an event `skein.hedge.refused`.
class hedged final : public chat_layer {
 public:
  // Asks the same client again.
  explicit hedged(chat_client& inner, hedge_policy policy = {}) : hedged(inner, inner, policy) {}
  // Asks another one, which must outlive this; a model that the options name is asked of the first
  // one only.
  hedged(chat_client& first, chat_client& second, hedge_policy policy = {});
  ~hedged() override;

 protected:
  skein::stream<chat_update> around(chat_request request, chat_options options) override;

 private:
  struct observed;
  chat_client& second_;
  hedge_policy policy_;
  std::unique_ptr<observed> observed_;
};

}  // namespace skein
