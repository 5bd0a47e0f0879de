// The code that docs/usage.md quotes, tried.
#include <chrono>
#include <format>
#include <string>

#include <gtest/gtest.h>

#include <skein/agent/agent.hpp>
#include <skein/async/run.hpp>
#include <skein/providers/scripted.hpp>

namespace {

using namespace std::chrono_literals;

std::string bill(const skein::ledger& ledger) {
  auto total = ledger.total();
  auto text = std::format("{} requests, {} tokens", total.calls, total.tokens());
  if (total.estimated.total() > 0) text += std::format(", {} estimated", total.estimated.total());
  if (auto cost = total.cost()) return text + ", $" + cost->to_string();
  return text +
         std::format(", ${} and {} without a price", total.known_cost.to_string(), total.unpriced);
}

skein::task<std::string> ask_until(skein::agent& agent, std::size_t updates) {
  auto run = agent.stream("Can I cycle to work in Oslo tomorrow?");
  for (std::size_t i = 0; i < updates; ++i) {
    if (co_await run.next() == nullptr) break;
  }
  co_return bill(run.response().ledger);
}

void own_prices(skein::chat_client& model) {
  using std::chrono::sys_days;
  model.prices = skein::price_table({{.provider = "scripted",
                                      .model = "scripted-1",
                                      .from = sys_days(2026y / 1 / 1),
                                      .input = skein::usd::parse("0.2").value(),
                                      .output = skein::usd::parse("0.8").value()}});
}

TEST(Usage, OfTheDocumentationWorks) {
  using skein::scripted::turn;
  skein::scripted::client model({turn().text({"Yes, ", "you can."}).usage(30, 5),
                                 turn().text({"Yes, ", "you can."}).usage(30, 5),
                                 turn().text({"Yes."}).usage(30, 1)});
  own_prices(model);
  skein::agent agent(model, {});
  EXPECT_EQ(skein::sync_wait(ask_until(agent, 100)), "1 requests, 35 tokens, $0.00001");
  EXPECT_EQ(skein::sync_wait(ask_until(agent, 1)),
            "1 requests, 12 tokens, 12 estimated, $0.0000036");
  model.prices = skein::price_table();
  EXPECT_EQ(skein::sync_wait(ask_until(agent, 100)),
            "1 requests, 31 tokens, $0 and 1 without a price");
}

}  // namespace
