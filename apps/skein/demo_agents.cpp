#include "demo_agents.hpp"

#include <chrono>
#include <format>
#include <string>

#include <skein/async/time.hpp>
#include <skein/json/docs.hpp>

namespace skein::cli {

namespace {

struct weather_query {
  std::string city;
  static constexpr auto docs = skein::docs{{"city", "City name, e.g. Oslo"}};
};
struct weather {
  double celsius;
  std::string sky;
};

task<weather> get_weather(weather_query query) {
  // As far away as a weather service is, so that two calls at once can be told from one by one.
  co_await sleep_for(std::chrono::milliseconds(20));
  if (query.city == "Oslo") co_return weather{.celsius = 3.5, .sky = "cold rain all day"};
  co_return weather{.celsius = 18.0, .sky = "sunny"};
}

double add(double a, double b) { return a + b; }

std::string now() {
  auto t = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  return std::format("{:%FT%TZ}", t);
}

std::vector<tool> tools_with(tool one) {
  auto all = demo_tools();
  all.push_back(std::move(one));
  return all;
}

}  // namespace

std::vector<tool> demo_tools() {
  return {
      tool("get_weather", "Tomorrow's weather in a city", get_weather),
      tool("add", "Adds two numbers", params{{"a", "First number"}, {"b", "Second number"}}, add),
      tool("now", "The date and time, in UTC", now),
  };
}

demo_agents::demo_agents(chat_client& model, telemetry::capture content)
    : stylist(model, {.name = "stylist",
                      .description = "Knows what to wear in which weather",
                      .instructions = "You are a stylist. Answer in one sentence.",
                      .content = content}),
      demo(model, {.name = "demo",
                   .instructions = "Use the tools; ask others what you do not know.",
                   .tools = tools_with(stylist.as_tool("ask_stylist")),
                   .content = content}) {}

}  // namespace skein::cli
