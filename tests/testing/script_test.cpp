#include <format>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include <skein/testing/script.hpp>

namespace skein::testing {
namespace {

json::value request(std::string_view messages, std::string_view more = "") {
  return json::parse(std::format(R"({{"model":"m","messages":[{}]{}}})", messages, more));
}
constexpr std::string_view user = R"({"role":"user","content":"weather in Oslo"})";
constexpr std::string_view assistant = R"({"role":"assistant","content":"x"})";
constexpr std::string_view result = R"({"role":"tool","tool_call_id":"a","content":"3"})";

std::string join(std::initializer_list<std::string_view> messages) {
  std::string all;
  for (auto message : messages) all.append(all.empty() ? "" : ",").append(message);
  return all;
}

std::string offer(std::initializer_list<std::string_view> names) {
  std::string tools;
  for (auto name : names) {
    if (!tools.empty()) tools += ',';
    tools += std::format(R"({{"type":"function","function":{{"name":"{}"}}}})", name);
  }
  return std::format(R"(,"tools":[{}])", tools);
}

TEST(script, turns_are_chosen_by_the_conversation_alone) {
  const auto script = turns({{.text = "first"}, {.text = "second"}});
  EXPECT_EQ(script(request(join({user, assistant, result}))).text, "second");
  EXPECT_EQ(script(request(user)).text, "first");
  EXPECT_EQ(script(request(user)).text, "first");
  const auto over = script(request(join({user, assistant, assistant})));
  ASSERT_TRUE(over.error);
  EXPECT_EQ(over.error->status, 400);
  EXPECT_EQ(over.error->code, "script_over");
}

TEST(script, every_condition_of_a_rule_counts) {
  struct {
    rule when;
    std::string_view messages;
    std::string more;
    bool holds;
  } const cases[]{
      {{}, user, "", true},
      {{.user_message = "in Os"}, user, "", true},
      {{.user_message = "in Rome"}, user, "", false},
      {{.user_message = "b c"},
       R"({"role":"user","content":[{"type":"text","text":"a b "},{"type":"text","text":"c"}]})",
       "",
       true},
      {{.user_message = "old"},
       R"({"role":"user","content":"old"},{"role":"user","content":"new"})",
       "",
       false},
      {{.system_message = "brief"}, R"({"role":"developer","content":"be brief"})", "", true},
      {{.system_message = "brief"}, R"({"role":"user","content":"be brief"})", "", false},
      {{.has_tool_result = false}, user, "", true},
      {{.has_tool_result = true}, user, "", false},
      {{.tool = "f"}, user, offer({"e", "f"}), true},
      {{.tool = "g"}, user, offer({"e", "f"}), false},
      {{.tool = "g"}, user, "", false},
      {{.model = "m"}, user, "", true},
      {{.model = "m2"}, user, "", false},
      {{.turn = 0}, user, "", true},
      {{.turn = 1}, user, "", false},
      {{.user_message = "Oslo", .model = "m2"}, user, "", false},
  };
  for (const auto& c : cases) {
    const auto script = rules({c.when});
    EXPECT_EQ(!script(request(c.messages, c.more)).error, c.holds) << c.messages << c.more;
  }
}

TEST(script, a_tool_result_counts_since_the_last_question) {
  const auto script = rules({{.has_tool_result = true, .answer = {.text = "yes"}}, {}});
  EXPECT_EQ(script(request(join({user, assistant, result}))).text, "yes");
  EXPECT_EQ(script(request(join({user, assistant, result, assistant, user}))).text, "");
}

TEST(script, no_rule_is_an_error_that_names_the_question) {
  const auto turn = rules({{.user_message = "x"}})(request(user));
  ASSERT_TRUE(turn.error);
  EXPECT_EQ(turn.error->code, "no_rule");
  EXPECT_TRUE(turn.error->message.contains("weather in Oslo"));
}

TEST(script, demo_goes_through_its_turns) {
  const auto script = demo_script();
  const auto tools = offer({"get_weather", "add", "now", "ask_stylist"});
  const auto first = script(request(user, tools));
  ASSERT_EQ(first.calls.size(), 2U);
  EXPECT_EQ(first.calls[0].arguments, R"({"city":"Oslo"})");
  EXPECT_EQ(first.calls[1].name, "add");
  const auto second = script(request(join({user, assistant, result, result}), tools));
  ASSERT_EQ(second.calls.size(), 2U);
  EXPECT_EQ(second.calls[0].name, "ask_stylist");
  EXPECT_EQ(second.calls[1].name, "now");
  const auto last = script(request(join({user, assistant, result, assistant, result}), tools));
  EXPECT_TRUE(last.calls.empty());
  EXPECT_EQ(last.chunks.size(), 12U);
  const auto stylist =
      script(request(join({R"({"role":"system","content":"You are a stylist."})", user})));
  EXPECT_TRUE(stylist.calls.empty());
  EXPECT_EQ(stylist.chunks.size(), 5U);
  // A second question in the same session starts again.
  EXPECT_EQ(script(request(join({user, assistant, user}), tools)).calls.size(), 2U);
}

TEST(script, demo_calls_only_what_is_offered) {
  const auto script = demo_script();
  EXPECT_EQ(script(request(user)).chunks.size(), 12U);
  const auto turn = script(request(user, offer({"now"})));
  ASSERT_EQ(turn.calls.size(), 1U);
  EXPECT_EQ(turn.calls[0].name, "now");
}

TEST(script, benchmark_models_say_what_they_do) {
  const auto script = benchmark_script();
  struct {
    std::string_view model;
    std::size_t chunks;
    int milliseconds;
  } const cases[]{{"b-1000-0", 1000, 0}, {"b-3-20", 3, 20}, {"gpt-5", 10, 0},
                  {"b-x-1", 10, 0},      {"b-2-", 10, 0},   {"b-99999999999-0", 10, 0}};
  for (const auto& c : cases) {
    auto asked = request(user);
    asked.as_object()["model"] = c.model;
    const auto turn = script(asked);
    EXPECT_EQ(turn.chunks.size(), c.chunks) << c.model;
    EXPECT_EQ(turn.chunk_delay.count(), c.milliseconds) << c.model;
    EXPECT_EQ(turn.usage.output, c.chunks) << c.model;
    EXPECT_EQ(turn.events_per_write, c.milliseconds == 0 ? 16U : 1U) << c.model;
  }
  auto with_tool = request(user, offer({"get_weather"}));
  with_tool.as_object()["model"] = "b-5-0-tool";
  EXPECT_EQ(script(with_tool).calls.size(), 1U);
  with_tool.at("messages").as_array().push_back(json::parse(result));
  EXPECT_EQ(script(with_tool).chunks.size(), 5U);
}

}  // namespace
}  // namespace skein::testing
