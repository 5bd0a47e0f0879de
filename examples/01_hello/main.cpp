#include <print>

#include <skein/skein.hpp>

struct forecast_query {
  std::string city;
  std::optional<int> days;
  static constexpr auto docs = skein::docs{{"city", "e.g. Oslo"}, {"days", "Days ahead, 1 to 7"}};
};

skein::task<std::string> get_forecast(forecast_query q) { co_return q.city + ": 4 degrees, rain"; }

skein::task<> co_main() {
  auto traces = skein::telemetry::setup({.exporters = {skein::telemetry::console_tree{}}});
  skein::openai::client model{{.model = "gpt-5-mini"}};  // key and base URL from the environment
  skein::tool forecast("get_forecast", "Weather forecast for a city", get_forecast);
  skein::agent agent{model, {.name = "forecaster", .tools = {forecast}}};

  auto answer = agent.stream("Can I cycle to work in Oslo tomorrow?");
  while (auto update = co_await answer.next()) std::print("{}", update->text());
  std::println("\n{} tokens", answer.response().usage.total());
}

int main() { return skein::run(co_main()); }
