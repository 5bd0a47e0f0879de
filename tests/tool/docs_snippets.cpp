// The programs of docs/tools.md, compiled and tried.
#include <chrono>
#include <map>
#include <optional>
#include <print>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <gtest/gtest.h>

#include <skein/async/run.hpp>
#include <skein/async/time.hpp>
#include <skein/core/error.hpp>
#include <skein/json/text.hpp>
#include <skein/tool/tool_set.hpp>

#include "tool/worlds.hpp"

namespace {

struct forecast_query {
  std::string city;
  std::optional<int> days;
  static constexpr auto docs =
      skein::docs{{"city", "City name, e.g. Oslo"}, {"days", "Days ahead, 1 to 7"}};
};
struct forecast {
  double celsius;
  std::string sky;
};

skein::task<forecast> get_forecast(forecast_query q) {
  co_return forecast{21.5, "clear over " + q.city};
}

std::vector<skein::tool> weather_tools() {
  return {skein::tool("get_forecast", "Weather forecast for a city", get_forecast)};
}

std::vector<skein::tool> small_tools() {
  return {
      skein::tool("now", "The time", [] { return std::string("noon"); }),
      skein::tool("add", "Adds two numbers",
                  skein::params{{"a", "First number"}, {"b", "Second number"}},
                  [](int a, int b) { return a + b; }),
  };
}

struct trip {
  std::string city;
  std::string wishes;
};

skein::task<std::string> rooms_in(std::string city) { co_return "12 rooms in " + city; }

skein::task<std::string> book(skein::arriving<trip> call) {
  auto city = co_await call.field(&trip::city);  // the model still writes the wishes
  auto rooms = co_await rooms_in(city);          // only looks: it may be for nothing
  trip all = co_await call.whole();              // now it is a call
  co_return "Booked of " + rooms + ": " + all.wishes;
}

struct count_query {
  int to;
};

skein::stream<std::string> count(count_query q) {
  for (int i = 1; i <= q.to; ++i) {
    co_await skein::sleep_for(std::chrono::milliseconds(100));
    co_yield std::to_string(i) + " of " + std::to_string(q.to);
  }
  co_yield "Counted to " + std::to_string(q.to) + ".";
}

skein::tool with_context() {
  return skein::tool("whoami", "Names the call",
                     [](skein::tool_context& ctx) { return ctx.name() + " " + ctx.call_id(); });
}

std::vector<skein::tool> foreign_tools(skein::json::value schema) {
  return {
      skein::tool_declared("ask_user", "Asks the person at the keyboard", schema),
      skein::tool("search", "Searches the archive", schema,
                  [](skein::json::object arguments) { return arguments.at("query"); }),
  };
}

skein::task<int> stock_of(std::string isbn) {
  if (isbn.size() != 13) throw skein::tool_error("An ISBN has 13 digits, without dashes.");
  co_return 3;
}

skein::task<> run_one(const skein::tool& one, std::string_view arguments) {
  auto bound = one.bind(arguments);
  if (!bound) {
    std::println("{}", bound.error().for_model);
    co_return;
  }
  auto events = std::move(*bound).run(skein::tool_context("call_1"));
  while (auto* event = co_await events.next()) {
    if (auto* progress = std::get_if<skein::tool_progress>(event)) {
      std::println("... {}", progress->text);
    } else {
      std::println("{}", std::get<skein::tool_result>(*event).content);
    }
  }
}

using skein::test::content_of;

TEST(docs_snippets, the_forecast) {
  const auto one = weather_tools().front();
  EXPECT_EQ(content_of(one, R"({"city": "Oslo"})"), R"({"celsius":21.5,"sky":"clear over Oslo"})");
  EXPECT_EQ(skein::json::write_text(one.definition().parameters),
            R"({"type":"object","properties":{)"
            R"("city":{"type":"string","description":"City name, e.g. Oslo"},)"
            R"("days":{"type":"integer","description":"Days ahead, 1 to 7"}},)"
            R"("required":["city"],"additionalProperties":false})");
  EXPECT_EQ(skein::test::call(one, R"({"city": "Oslo", "days": "two"})").content,
            "Error: Argument parsing failed: $.days: expected an integer, got \"two\".");
}

TEST(docs_snippets, the_small_ones) {
  EXPECT_EQ(content_of(small_tools()[0]), "noon");
  EXPECT_EQ(content_of(small_tools()[1], R"({"a": 1, "b": 2})"), "3");
  EXPECT_EQ(content_of(with_context()), "whoami ");
}

TEST(docs_snippets, the_counter) {
  skein::simulated_runtime rt(1);
  const auto seen = skein::test::run_on(rt, skein::tool("count", "Counts", count), R"({"to": 2})");
  EXPECT_EQ(seen.progress, (std::vector<std::string>{"1 of 2", "2 of 2", "Counted to 2."}));
  EXPECT_EQ(seen.result.content, "Counted to 2.");
}

TEST(docs_snippets, the_early_one) {
  EXPECT_EQ(
      content_of(skein::tool("book", "Books", book), R"({"city": "Oslo", "wishes": "a view"})"),
      "Booked of 12 rooms in Oslo: a view");
}

TEST(docs_snippets, the_foreign_ones) {
  const skein::tool_set tools(foreign_tools(skein::json::object{{"type", "object"}}));
  EXPECT_TRUE(tools.find("ask_user")->declared_only());
  EXPECT_EQ(content_of(*tools.find("search"), R"({"query": "skein"})"), "\"skein\"");
}

TEST(docs_snippets, the_bookshop) {
  const skein::tool one("stock", "Copies in stock", skein::params{{"isbn", "ISBN"}}, stock_of);
  EXPECT_EQ(skein::test::call(one, R"({"isbn": "1"})").content,
            "Error: An ISBN has 13 digits, without dashes.");
  testing::internal::CaptureStdout();
  skein::simulated_runtime rt(1);
  skein::sync_wait(rt, run_one(one, R"({"isbn": "9780262510875"})"));
  skein::sync_wait(rt, run_one(one, "{"));
  EXPECT_EQ(testing::internal::GetCapturedStdout(),
            "3\nError: Argument parsing failed: malformed JSON at byte 1: incomplete JSON.\n");
}

}  // namespace
