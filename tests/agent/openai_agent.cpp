// A whole agent over real HTTP: tools round trip, both ways of answering, one connection.
#include <chrono>
#include <string>

#include <skein/providers/openai.hpp>
#include <skein/testing/model_server.hpp>

#include "agent/scenario.hpp"

namespace skein::test {
namespace {

using testing::model_server;

openai::client_options to(const model_server& server) {
  openai::client_options o{.model = "scripted", .api_key = "key", .base_url = server.url()};
  o.http.proxy = "";
  return o;
}
tool add() {
  return tool("add", "Adds", params{{"a"}, {"b"}}, [](int a, int b) { return a + b; });
}

TEST(AgentOverHttp, ToolsGoThereAndBackAgain) {
  model_server server(skein::testing::turns(
      {{.calls = {{"c1", "add", R"({"a":17,"b":25})"}}, .usage = {.input = 10, .output = 5}},
       {.text = "It is 42.", .usage = {.input = 20, .output = 7}}}));
  openai::client model(to(server));
  agent a(model, {.name = "counter", .instructions = "Add.", .tools = {add()}});
  scenario s{.tree = "invoke_agent counter[chat scripted, execute_tool add, chat scripted]",
             .text = "It is 42."};
  s.play = [&](stage& at) -> task<> {
    co_await at.keep(at.run(a, "17 + 25?"));
    EXPECT_EQ(model.open_exchanges(), 0u);
    const auto last = server.requests().back();
    const auto body = json::parse(last.body).as_object();
    const auto& messages = body.at("messages").as_array();
    EXPECT_EQ(messages.size(), 4u);
    EXPECT_EQ(messages.at(3).at("role"), "tool");
    EXPECT_EQ(messages.at(3).at("content"), "42");
    EXPECT_EQ(messages.at(3).at("tool_call_id"), "c1");
  };
  play(s);
}

TEST(AgentOverHttp, LeftInTheMidstOfItNothingIsOpen) {
  model_server server(skein::testing::turns(
      {{.text = std::string(1000, 'x'),
        .fault = {{.kind = skein::testing::fault_kind::stall, .at = 4000}}}}));
  openai::client model(to(server));
  agent a(model, {.name = "bot"});
  scenario s{.modes = {mode::streaming}, .tree = "invoke_agent bot[chat scripted]"};
  s.play = [&](stage& at) -> task<> {
    {
      auto run = a.stream("hi");
      (void)co_await run.next();
    }
    EXPECT_EQ(model.open_exchanges(), 0u);
    EXPECT_TRUE(server.wait_for_open_exchanges(0, std::chrono::seconds(20)));
    at.result = "left";
  };
  s.check = [](const spans& t) {
    for (const auto& span : t.all()) EXPECT_EQ(span.attributes.at("skein.outcome"), "abandoned");
  };
  play(s);
}

}  // namespace
}  // namespace skein::test
