// The code that docs/middleware.md and docs/resilience.md quote, tried.
#include <chrono>
#include <string>

#include <gtest/gtest.h>

#include <skein/agent/agent.hpp>
#include <skein/async/run.hpp>
#include <skein/async/simulated_runtime.hpp>
#include <skein/chat/circuit.hpp>
#include <skein/chat/limit.hpp>
#include <skein/chat/retry.hpp>
#include <skein/chat/timeouts.hpp>
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

skein::task<std::string> ask_somebody(skein::chat_client& first, skein::chat_client& second) {
  skein::retrying patient(first, {.attempts = 3});
  skein::fallback model(patient, {&second}, {.first_content = std::chrono::seconds(10)});
  skein::agent agent(model, {.name = "helper"});
  auto response = co_await agent.run("Is anybody there?");
  co_return response.text();
}

skein::task<std::string> ask_patiently(skein::chat_client& first, skein::chat_client& second,
                                       skein::limiter& of_the_key) {
  using namespace std::chrono_literals;
  skein::timed quick(first, {.first_content = 20s, .between_chunks = 30s, .step = 5min});
  skein::limited polite(quick, of_the_key);
  skein::circuit_breaker careful(polite, {.failures = 5, .open_for = 30s});
  skein::retrying patient(careful, {.attempts = 3});
  skein::fallback model(patient, {&second});
  skein::agent agent(model, {.name = "helper"});
  auto response = co_await agent.run("Is anybody there?", {.deadline = 10min});
  co_return response.text();
}

skein::task<std::string> show(skein::chat_client& model, skein::chat_request request) {
  skein::retrying stubborn(model, {.after_content = skein::after_content::restart});
  std::string shown;
  auto answer = stubborn.stream(request);
  while (auto* update = co_await answer.next()) {
    const auto* started = std::get_if<skein::response_started>(update);
    if (started != nullptr && started->restarted) shown.clear();
    shown += update->text();
  }
  co_return shown;
}

TEST(Middleware, IsPatientAsDocumented) {
  using skein::scripted::turn;
  skein::scripted::client first({turn().refuse(skein::provider_error("no", {.status = 401}))});
  skein::scripted::client second({turn().text({"Here."})});
  skein::limiter limiter({.requests_per_minute = 60});
  EXPECT_EQ(skein::sync_wait(ask_patiently(first, second, limiter)), "Here.");

  skein::simulated_runtime rt(1);
  skein::scripted::client torn({turn().text({"He"}).cut(), turn().text({"Here."})});
  EXPECT_EQ(skein::sync_wait(rt, show(torn, {.messages = {skein::user_message("?")}})), "Here.");
}

TEST(Middleware, FallsBackAsDocumented) {
  using skein::scripted::turn;
  skein::scripted::client first({turn().refuse(skein::provider_error("no", {.status = 401}))});
  skein::scripted::client second({turn().text({"Here."})});
  EXPECT_EQ(skein::sync_wait(ask_somebody(first, second)), "Here.");
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
