// The code that docs/middleware.md quotes, tried.
#include <string>

#include <gtest/gtest.h>

#include <skein/agent/agent.hpp>
#include <skein/async/run.hpp>
#include <skein/core/error.hpp>
#include <skein/providers/scripted.hpp>

namespace {

struct counted : skein::chat_layer {
  using chat_layer::chat_layer;
  int answers = 0;

 protected:
  skein::stream<skein::chat_update> around(skein::chat_request request,
                                           skein::chat_options options) override {
    ++answers;
    auto answer = inner().stream(request, options);
    while (auto* update = co_await answer.next()) co_yield *update;
  }
};

skein::task<skein::tool_result> only_by_day(skein::tool_call_part call, skein::next_tool next) {
  if (call.name == "ring_the_bell") co_return skein::tool_result{.content = "Not at night."};
  co_return co_await next(std::move(call));
}

skein::task<std::string> ask(skein::chat_client& model, skein::tool bell) {
  counted layer(model);
  skein::agent bellman(layer, {.tools = {bell}, .around_tools = {only_by_day}});
  auto response = co_await bellman.run("Ring!");
  co_return response.text() + " " + std::to_string(layer.answers) + " answers.";
}

TEST(Middleware, OfTheDocumentationWorks) {
  using skein::scripted::turn;
  skein::scripted::client model({turn().call("ring_the_bell", "{}"), turn().text({"Later."})});
  bool rung = false;
  auto bell = skein::tool("ring_the_bell", "Rings", [&] { rung = true; });
  EXPECT_EQ(skein::sync_wait(ask(model, bell)), "Later. 2 answers.");
  EXPECT_FALSE(rung);
}

}  // namespace
