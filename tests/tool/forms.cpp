// Every form of callable, on every runtime, blocking (call) and with progress (bind, run).
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <skein/async/time.hpp>
#include <skein/tool/tool.hpp>

#include "tool/worlds.hpp"

namespace skein::test {
namespace {

using std::chrono::milliseconds;

struct query {
  std::string city;
  std::optional<int> days;
};
struct forecast {
  double celsius;
  std::string sky;
};

task<forecast> get_forecast(query q) {
  co_await sleep_for(milliseconds(2));
  co_return forecast{21.5, q.city + " in " + std::to_string(q.days.value_or(1))};
}
std::string shout(const query& q) { return q.city + "!"; }
std::string now() noexcept { return "noon"; }
int twice(int x) noexcept { return 2 * x; }

struct scale {
  int by;
  int operator()(int x) const noexcept { return by * x; }
};
struct without_state {
  static std::string operator()(const query& q) { return q.city; }
};

struct form {
  tool one;
  const char* arguments;
  const char* content;
  std::vector<std::string> progress = {};
};

std::vector<form> forms() {
  int captured = 40;
  return {
      {tool("f", "", get_forecast), R"({"city": "Oslo"})", R"({"celsius":21.5,"sky":"Oslo in 1"})"},
      {tool("f", "", &get_forecast), R"({"city": "Oslo", "days": 3})",
       R"({"celsius":21.5,"sky":"Oslo in 3"})"},
      {tool("f", "", shout), R"({"city": "Oslo"})", "Oslo!"},
      {tool("f", "", now), "", "noon"},
      {tool("f", "", [] { return std::string("noon"); }), "", "noon"},
      {tool("f", "", params{{"x", "A number"}}, twice), R"({"x": 4})", "8"},
      {tool("f", "", params{{"x"}}, scale{3}), R"({"x": 4})", "12"},
      {tool("f", "", without_state{}), R"({"city": "Oslo"})", "Oslo"},
      {tool("f", "", params{{"x", "A number"}}, std::function<int(int)>(twice)), R"({"x": 4})",
       "8"},
      {tool("f", "", params{{"a", "First number"}, {"b", "Second number"}},
            [](int a, int b) { return a + b; }),
       R"({"a": 1, "b": 2})", "3"},
      {tool("f", "", params{{"a", "First number"}, {"b", "Second number"}},
            [captured](const int& a, int&& b) -> task<int> {
              co_await sleep_for(milliseconds(1));
              co_return a + b + captured;
            }),
       R"({"b": 2, "a": 1})", "43"},
      {tool("f", "", params{{"x", "May be absent"}},
            [](std::optional<int> x) { return x ? std::to_string(*x) : std::string("none"); }),
       "", "none"},
      {tool("f", "", params{{"text", "A view of it"}, {"n", "Times"}},
            [](std::string_view text, unsigned n) -> task<std::string> {
              std::string all;
              for (unsigned i = 0; i < n; ++i) {
                co_await sleep_for(milliseconds(1));
                all += text;
              }
              co_return all;
            }),
       R"({"text": "a text that does not fit into a small string. ", "n": 2})",
       "a text that does not fit into a small string. "
       "a text that does not fit into a small string. "},
      {tool("f", "", params{{"q", "A struct as a parameter"}}, [](query q) { return q.city; }),
       R"({"q": {"city": "Oslo"}})", "Oslo"},
      {tool("f", "", [held = std::make_unique<int>(7)] { return *held; }), "", "7"},
      {tool("f", "", params{{"p", "Moved in"}},
            [](std::unique_ptr<int> p) -> task<int> { co_return *p; }),
       R"({"p": 9})", "9"},
      {tool("f", "", [](json::object o) { return o; }), R"({"any": [1]})", R"({"any":[1]})"},
      {tool("f", "", json::object{{"type", "object"}}, [](const json::value& v) { return v; }),
       R"({"any": [1]})", R"({"any":[1]})"},
      {tool("f", "", [] {}), "", ""},
      {tool("f", "", []() -> task<> { co_await sleep_for(milliseconds(1)); }), "", ""},
      {tool("f", "",
            [](query q) -> stream<std::string> {
              co_yield "10%";
              co_await sleep_for(milliseconds(1));
              co_yield "90%";
              co_yield q.city;
            }),
       R"({"city": "Oslo"})",
       "Oslo",
       {"10%", "90%", "Oslo"}},
      {tool("f", "", params{{"n", "How many"}},
            [captured](int n) -> stream<forecast> {
              for (int i = 0; i < n; ++i) co_yield forecast{i + 0.5, std::to_string(captured)};
            }),
       R"({"n": 2})",
       R"({"celsius":1.5,"sky":"40"})",
       {R"({"celsius":0.5,"sky":"40"})", R"({"celsius":1.5,"sky":"40"})"}},
      {tool("f", "", []() -> stream<int> { co_return; }), "", ""},
  };
}

TEST(forms, run_the_same_way_on_every_runtime) {
  on_every_runtime([](runtime& rt) {
    int index = 0;
    for (const form& each : forms()) {
      SCOPED_TRACE("form " + std::to_string(index++));
      const transcript seen = run_on(rt, each.one, each.arguments);
      EXPECT_EQ(seen.result, tool_result{.content = each.content});
      EXPECT_EQ(seen.progress, each.progress);
      EXPECT_EQ(sync_wait(rt, each.one.call(each.arguments)), seen.result);
    }
  });
}

TEST(forms, progress_comes_at_once) {
  simulated_runtime rt(1);
  bool went_on = false;
  const tool slow("slow", "", [&went_on]() -> stream<std::string> {
    co_yield "10%";
    went_on = true;
    co_yield "done";
  });
  sync_wait(rt, [](const tool& one, bool& beyond) -> task<> {
    auto events = one.bind("").value().run(tool_context{});
    auto* event = co_await events.next();
    EXPECT_EQ(std::get<tool_progress>(*event).text, "10%");
    EXPECT_FALSE(beyond);
    event = co_await events.next();
    EXPECT_EQ(std::get<tool_progress>(*event).text, "done");
    event = co_await events.next();
    EXPECT_EQ(std::get<tool_result>(*event).content, "done");
    EXPECT_EQ(co_await events.next(), nullptr);
  }(slow, went_on));
}

TEST(forms, a_tool_is_a_value) {
  const std::vector<tool> tools = {tool("a", "First", now), tool("b", "Second", shout)};
  std::vector<tool> copies = tools;
  copies.push_back(copies.front());
  EXPECT_EQ(copies.back().name(), "a");
  EXPECT_EQ(copies.back().description(), "First");
  EXPECT_EQ(content_of(copies.back()), "noon");
  // One body behind all copies.
  EXPECT_EQ(&copies.back().definition(), &tools.front().definition());
}

}  // namespace
}  // namespace skein::test
