// The Anthropic client over a transport of the test: what is sent, and what arrives.
#include <cstdlib>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include <skein/async/asio_runtime.hpp>
#include <skein/async/result.hpp>
#include <skein/async/run.hpp>
#include <skein/core/error.hpp>
#include <skein/providers/anthropic.hpp>

#include "anthropic_codec.hpp"

namespace skein::anthropic::test {
namespace {

// Answers everything with one body, and keeps the last request.
struct fixed_wire final : http::transport {
  int status = 200;
  std::string type = "text/event-stream";
  std::string body;
  http::request seen;

  skein::stream<std::string_view> send(http::request r, http::response_head& head) override {
    seen = std::move(r);
    head.status = status;
    head.headers = {{"content-type", type}, {"request-id", "req_1"}};
    co_yield std::string_view(body);
  }
};

std::string conformance_body(const char* file) {
  return providers::test::read_file(files_of("conformance") / file);
}

class AnthropicClient : public ::testing::Test {
 protected:
  void SetUp() override {
    for (const char* variable :
         {"ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_BASE_URL"}) {
      unsetenv(variable);
    }
  }
  chat_response ask(chat_client& client, chat_options options = {}) {
    return sync_wait(rt, [](chat_client& c, chat_options o) -> task<chat_response> {
      co_return co_await collect(c.stream({.messages = {user_message("hi")}}, o));
    }(client, std::move(options)));
  }
  std::string header(std::string_view name) const {
    return std::string(http::find_header(wire.seen.headers, name).value_or("none"));
  }

  fixed_wire wire;
  asio_runtime rt{1};
};

TEST_F(AnthropicClient, WhatIsSent) {
  wire.body = conformance_body("text.sse");
  client c({.model = "claude-x",
            .api_key = "sk-ant",
            .headers = {{"anthropic-beta", "b"}},
            .transport = &wire});
  EXPECT_EQ(ask(c, {.extra_headers = {{"X-Request", "r"}}}).text().substr(0, 8), "It is 17");
  EXPECT_EQ(wire.seen.method, "POST");
  EXPECT_EQ(wire.seen.url, "https://api.anthropic.com/v1/messages");
  EXPECT_EQ(header("content-type"), "application/json");
  EXPECT_EQ(header("accept"), "text/event-stream");
  EXPECT_EQ(header("anthropic-version"), "2023-06-01");
  EXPECT_EQ(header("x-api-key"), "sk-ant");
  EXPECT_EQ(header("authorization"), "none");
  EXPECT_EQ(header("anthropic-beta"), "b");
  EXPECT_EQ(header("x-request"), "r");
  EXPECT_EQ(json::parse(wire.seen.body).at("model"), "claude-x");
  const auto info = c.info();
  EXPECT_EQ(info.provider, "anthropic");
  EXPECT_EQ(info.server_address, "api.anthropic.com");
  EXPECT_EQ(info.server_port, 443);
}

TEST_F(AnthropicClient, StreamedOrNotTheAnswerIsTheSame) {
  client c({.model = "m", .api_key = "k", .transport = &wire});
  wire.body = conformance_body("text.sse");
  const auto streamed = ask(c);
  wire.body = conformance_body("text.json");
  wire.type = "application/json";
  const auto whole = ask(c, {.streaming = false});
  EXPECT_EQ(streamed.message, whole.message);
  EXPECT_EQ(header("accept"), "application/json");
}

TEST_F(AnthropicClient, KeysComeFromTheEnvironmentUnlessOneIsGiven) {
  wire.body = conformance_body("text.sse");
  setenv("ANTHROPIC_API_KEY", "from-env", 1);
  setenv("ANTHROPIC_AUTH_TOKEN", "token", 1);
  setenv("ANTHROPIC_BASE_URL", "http://127.0.0.1:1/gate/", 1);
  client from_environment({.model = "m", .transport = &wire});
  (void)ask(from_environment);
  EXPECT_EQ(wire.seen.url, "http://127.0.0.1:1/gate/v1/messages");
  EXPECT_EQ(header("x-api-key"), "from-env");
  EXPECT_EQ(header("authorization"), "Bearer token");

  client with_token({.model = "m", .auth_token = "mine", .transport = &wire});
  (void)ask(with_token);
  EXPECT_EQ(header("x-api-key"), "none");
  EXPECT_EQ(header("authorization"), "Bearer mine");
}

TEST_F(AnthropicClient, AMissingKeyIsSaidBeforeAnythingIsSent) {
  wire.body = conformance_body("text.sse");
  client c({.model = "m", .transport = &wire});
  try {
    (void)ask(c);
    ADD_FAILURE() << "no error";
  } catch (const usage_error& e) {
    EXPECT_TRUE(std::string_view(e.what()).contains("ANTHROPIC_API_KEY")) << e.what();
  }
  EXPECT_TRUE(wire.seen.url.empty());
  EXPECT_NO_THROW((void)ask(c, {.extra_headers = {{"X-API-Key", "k"}}}));
  client elsewhere({.model = "m", .base_url = "http://127.0.0.1:1", .transport = &wire});
  EXPECT_NO_THROW((void)ask(elsewhere));
}

TEST_F(AnthropicClient, WrongSettingsAreSaidAtOnce) {
  EXPECT_THROW(client({.base_url = "nonsense"}), usage_error);
  EXPECT_THROW(
      client({.cache = {.tools = cache_ttl::five_minutes, .history = cache_ttl::one_hour}}),
      usage_error);
  EXPECT_NO_THROW(
      client({.cache = {.system = cache_ttl::one_hour, .history = cache_ttl::five_minutes}}));
  client no_model({.api_key = "k", .transport = &wire});
  EXPECT_THROW((void)ask(no_model), usage_error);
}

TEST_F(AnthropicClient, AnOverloadedServerIsAnErrorOfTheProvider) {
  wire.status = 529;
  wire.type = "application/json";
  wire.body =
      R"({"type":"error","error":{"type":"overloaded_error","message":"Overloaded"},"request_id":"req_1"})";
  client c({.model = "m", .api_key = "k", .transport = &wire});
  try {
    (void)ask(c);
    ADD_FAILURE() << "no error";
  } catch (const provider_error& e) {
    EXPECT_EQ(e.status(), 529);
    EXPECT_EQ(e.code(), "overloaded_error");
    EXPECT_TRUE(e.body().contains("req_1"));
  }
}

}  // namespace
}  // namespace skein::anthropic::test
