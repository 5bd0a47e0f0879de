// The code that docs/structured.md quotes, tried.
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <skein/chat/arriving_calls.hpp>
#include <skein/skein.hpp>

namespace {

struct step {
  std::string what;
  std::optional<int> minutes;
};
struct recipe {
  std::string title;
  std::vector<step> steps;
  static constexpr auto docs = skein::docs{{"title", "As it would stand on a menu"}};
};

skein::task<recipe> cook(skein::agent& chef) {
  auto [soup, response] = co_await chef.run<recipe>("A soup for two");
  co_return soup;  // a recipe; `response` has the messages, the usage and the ledger
}

skein::task<std::string> watch(skein::agent& chef) {
  std::string shown;
  std::size_t ready = 0;
  auto answer = chef.stream<recipe>("A soup for two");
  while (auto* update = co_await answer.next()) {
    if (std::holds_alternative<skein::answer_rejected>(*update))
      ready = 0;  // what was shown is void
    auto soup = answer.partial();
    auto steps = soup[&recipe::steps];
    for (; ready < steps.size() && steps[ready].complete(); ++ready) {
      shown += std::string(steps[ready][&step::what].text()) + ". ";
    }
  }
  co_return shown + answer.value().title + " is done.";
}

skein::task<recipe> by_tool(skein::agent& chef) {
  auto whole = co_await chef.run<recipe>(
      "A soup for two",
      {.answers = skein::answer_options{.mode = skein::answer_mode::tool, .retries = 1}});
  co_return whole.value;
}

std::string first_words(std::string_view piece, std::string_view next) {
  skein::json::incremental arriving;
  arriving.feed(piece);
  const skein::json::value* title = arriving.root()->as_object().if_contains("title");
  std::string seen(title->as_string());  // what there is of it
  if (!arriving.complete(*title)) seen += "...";
  arriving.feed(next);
  arriving.finish();
  if (auto failure = arriving.failure()) seen += " " + failure->message;
  return seen;
}

struct forecast_query {
  std::string city;
  int days = 1;
};

skein::task<std::string> early(skein::agent& forecaster) {
  std::string known;
  skein::arriving_calls calls;
  auto answer = forecaster.stream("Do I need an umbrella in Oslo?");
  while (auto* update = co_await answer.next()) {
    auto* delta = std::get_if<skein::tool_call_delta>(update);
    if (delta == nullptr) continue;
    calls.add(*delta);
    skein::json::partial<forecast_query> query(calls.all().back().arguments);
    if (auto city = query[&forecast_query::city].value(); city && known.empty()) {
      known = *city;  // while the model still writes the rest
    }
  }
  co_return known;
}

using skein::scripted::turn;

constexpr auto soup_text =
    R"({"title":"Leek soup","steps":[{"what":"Chop","minutes":3},{"what":"Boil"}]})";

TEST(StructuredSnippets, Work) {
  skein::scripted::client model(
      {turn().text({soup_text}), turn().text({soup_text}), turn().call("final_answer", soup_text)});
  skein::agent chef(model, {.name = "chef"});
  EXPECT_EQ(skein::sync_wait(cook(chef)).title, "Leek soup");
  EXPECT_EQ(skein::sync_wait(watch(chef)), "Chop. Boil. Leek soup is done.");
  EXPECT_EQ(skein::sync_wait(by_tool(chef)).steps.size(), 2U);
}

TEST(StructuredSnippets, OfTheParserWork) {
  EXPECT_EQ(first_words(R"({"title":"Le)", R"(ek"})"), "Le...");
  EXPECT_EQ(first_words(R"({"title":"Le")", ""), "Le incomplete JSON");
}

TEST(StructuredSnippets, OfCallsWork) {
  skein::scripted::client model({turn()
                                     .update(skein::tool_call_delta{
                                         .id = "1", .name = "t", .arguments = R"({"city":"Oslo",)"})
                                     .update(skein::tool_call_delta{.arguments = R"("days":2})"}),
                                 turn().text({"No."})});
  skein::agent forecaster(
      model, {.tools = {skein::tool("t", "A forecast", [](forecast_query q) { return q.city; })}});
  EXPECT_EQ(skein::sync_wait(early(forecaster)), "Oslo");
}

}  // namespace
