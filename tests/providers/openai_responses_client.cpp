// What the clients of OpenAI's two protocols send where: OpenAI, Azure, others; and answers taken
// up again.
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <skein/async/asio_runtime.hpp>
#include <skein/async/result.hpp>
#include <skein/async/run.hpp>
#include <skein/core/error.hpp>
#include <skein/providers/openai.hpp>
#include <skein/providers/openai_responses.hpp>
#include <skein/telemetry/install.hpp>
#include <skein/telemetry/ledger.hpp>

#include "openai_responses.hpp"

namespace skein::openai::responses_test {
namespace {

// Answers every request alike and keeps what was sent.
struct recorder final : http::transport {
  int status = 200;
  std::string type = "text/event-stream";
  std::string body = {};
  std::vector<http::request> sent = {};

  explicit recorder(std::string answer) : body(std::move(answer)) {}
  stream<std::string_view> send(http::request r, http::response_head& head) override {
    sent.push_back(std::move(r));
    return play(*this, head);
  }
  static stream<std::string_view> play(recorder& self, http::response_head& head) {
    head = {.status = self.status, .headers = {{"content-type", self.type}}};
    co_yield std::string_view(self.body);
  }
  [[nodiscard]] std::string header(std::string_view name) const {
    return std::string(http::find_header(sent.at(0).headers, name).value_or("none"));
  }
};

class responses_client_test : public ::testing::Test {
 protected:
  void SetUp() override {
    telemetry::install();
    for (const char* name : {"OPENAI_API_KEY", "AZURE_OPENAI_API_KEY", "AZURE_OPENAI_AD_TOKEN"}) {
      unsetenv(name);
    }
  }
  chat_response ask(chat_client& client, chat_options options = {}) {
    return sync_wait(rt, [](chat_client& c, chat_options o) -> task<chat_response> {
      co_return co_await collect(c.stream({.messages = {user_message("hi")}}, o));
    }(client, std::move(options)));
  }
  std::string failure_of(chat_client& client, chat_options options = {}) {
    try {
      return "answer: " + ask(client, std::move(options)).text();
    } catch (const error& e) {
      return e.type() + ": " + e.what();
    }
  }

  telemetry::span_ledger ledger;
  telemetry::scoped_provider provider{ledger};
  asio_runtime rt{1};
};

TEST_F(responses_client_test, posts_and_says_what_it_is) {
  recorder http(recorded("text").body);
  responses_client client({.model = "gpt-5-mini", .api_key = "k", .transport = &http});
  const auto answer = ask(client, {.service_tier = "flex", .previous_response_id = "resp_0"});
  EXPECT_TRUE(answer.text().starts_with("It is 17 °C"));
  EXPECT_EQ(http.sent.at(0).method, "POST");
  EXPECT_EQ(http.sent.at(0).url, "https://api.openai.com/v1/responses");
  EXPECT_EQ(http.header("authorization"), "Bearer k");
  EXPECT_EQ(http.header("accept"), "text/event-stream");
  EXPECT_TRUE(http.sent.at(0).body.starts_with(R"({"model":"gpt-5-mini","stream":true,)"));
  const auto span = ledger.records().at(0);
  EXPECT_EQ(span.attributes.at("gen_ai.provider.name"), "openai");
  EXPECT_EQ(span.attributes.at("openai.api.type"), "responses");
  EXPECT_EQ(span.attributes.at("openai.request.service_tier"), "flex");
  EXPECT_EQ(span.attributes.at("gen_ai.request.previous_response.id"), "resp_0");
}

TEST_F(responses_client_test, takes_a_background_answer_up_again) {
  recorder http(recorded("background").body);
  responses_client client({.model = "m", .api_key = "k", .transport = &http});
  const auto first = ask(client, {.background = true});
  ASSERT_TRUE(first.continuation.ends_with(":0"));
  http.sent.clear();
  EXPECT_EQ(ask(client, {.continuation_token = first.continuation}).text(), "Done.");
  EXPECT_EQ(http.sent.at(0).method, "GET");
  EXPECT_EQ(http.sent.at(0).url,
            "https://api.openai.com/v1/responses/" + first.id + "?stream=true&starting_after=0");
  EXPECT_EQ(http.sent.at(0).body, "");

  http.sent.clear();
  http.type = "application/json";
  http.body = R"({"id":"resp_1","status":"in_progress","output":[]})";
  const auto failure = failure_of(client, {.continuation_token = "resp_1:0", .streaming = false});
  EXPECT_TRUE(failure.starts_with("not_ready: ") && failure.contains("resp_1:0")) << failure;
  EXPECT_EQ(http.sent.at(0).url, "https://api.openai.com/v1/responses/resp_1");
  EXPECT_TRUE(failure_of(client, {.continuation_token = "../x:0"}).starts_with("usage_error"));
}

TEST_F(responses_client_test, chat_completions_refuse_what_they_cannot_say) {
  recorder http("");
  client chat({.model = "m", .api_key = "k", .transport = &http});
  const auto failure = failure_of(chat, {.previous_response_id = "resp_1"});
  EXPECT_TRUE(failure.contains("previous_response_id")) << failure;
  EXPECT_TRUE(http.sent.empty());
  EXPECT_EQ(ledger.records().at(0).attributes.at("openai.api.type"), "chat_completions");
}

TEST_F(responses_client_test, without_a_key_nothing_is_sent_to_those_who_want_one) {
  recorder http(recorded("text").body);
  responses_client own({.model = "m", .transport = &http});
  EXPECT_TRUE(failure_of(own).contains("set OPENAI_API_KEY")) << failure_of(own);
  responses_client azure({.model = "m",
                          .base_url = "https://n.openai.azure.com",
                          .azure = azure_options{},
                          .transport = &http});
  EXPECT_TRUE(failure_of(azure).contains("set AZURE_OPENAI_API_KEY")) << failure_of(azure);
  EXPECT_TRUE(http.sent.empty());
  responses_client other({.model = "m", .base_url = "http://localhost:1/v1", .transport = &http});
  EXPECT_TRUE(failure_of(other).starts_with("answer: "));
  responses_client header(
      {.model = "m", .headers = {{"authorization", "Bearer mine"}}, .transport = &http});
  EXPECT_TRUE(failure_of(header).starts_with("answer: "));
}

TEST_F(responses_client_test, a_refused_key_names_its_variable) {
  recorder http(R"({"error":{"code":"invalid_api_key","message":"Incorrect API key"}})");
  http.status = 401;
  http.type = "application/json";
  responses_client client({.model = "m", .api_key = "k", .transport = &http});
  EXPECT_TRUE(failure_of(client).contains("Set OPENAI_API_KEY"));
  http.status = 404;
  EXPECT_TRUE(failure_of(client).contains("Check the model name 'm'"));
}

TEST_F(responses_client_test, azure_has_urls_and_keys_of_its_own) {
  const struct {
    const char* base;
    azure_options azure;
    std::string responses, chat;
  } table[] = {
      {"https://n.openai.azure.com/", {}, "/openai/v1/responses", "/openai/v1/chat/completions"},
      {"https://n.openai.azure.com/openai/v1",
       {},
       "/openai/v1/responses",
       "/openai/v1/chat/completions"},
      {"https://n.openai.azure.com",
       {.deployment = "d", .api_version = "2024-10-21"},
       "/openai/responses?api-version=2024-10-21",
       "/openai/deployments/d/chat/completions?api-version=2024-10-21"},
      {"https://n.openai.azure.com",
       {.api_version = "2024-10-21"},
       "/openai/responses?api-version=2024-10-21",
       "/openai/deployments/m/chat/completions?api-version=2024-10-21"},
      {"https://n.openai.azure.com/openai/v1/",
       {.api_version = "preview"},
       "/openai/v1/responses?api-version=preview",
       "/openai/v1/chat/completions?api-version=preview"},
  };
  for (const auto& row : table) {
    const client_options options{
        .model = "m", .api_key = "k", .base_url = row.base, .azure = row.azure};
    recorder http(recorded("text").body);
    auto o = options;
    o.transport = &http;
    responses_client responses(o);
    EXPECT_TRUE(failure_of(responses).starts_with("answer: "));
    EXPECT_EQ(http.sent.at(0).url, "https://n.openai.azure.com" + row.responses);
    EXPECT_EQ(http.header("api-key"), "k");
    EXPECT_EQ(http.header("authorization"), "none");
    const bool named = !row.azure.deployment.empty();
    EXPECT_TRUE(http.sent.at(0).body.starts_with(named ? R"({"model":"d",)" : R"({"model":"m",)"));
    EXPECT_EQ(responses.info().provider, "azure.ai.openai");
    EXPECT_EQ(responses.info().model, "m");

    recorder completions("data: [DONE]\n\n");
    o.transport = &completions;
    client chat(o);
    EXPECT_EQ(failure_of(chat, {.max_tokens = 5}), "answer: ");
    EXPECT_EQ(completions.sent.at(0).url, "https://n.openai.azure.com" + row.chat);
    EXPECT_TRUE(completions.sent.at(0).body.contains("max_completion_tokens"));
  }
}

TEST_F(responses_client_test, azure_takes_a_token_instead_of_a_key) {
  recorder http(recorded("text").body);
  responses_client client({.model = "m",
                           .base_url = "https://n.openai.azure.com",
                           .azure = azure_options{.token = "t"},
                           .transport = &http});
  EXPECT_TRUE(failure_of(client).starts_with("answer: "));
  EXPECT_EQ(http.header("authorization"), "Bearer t");
  EXPECT_EQ(http.header("api-key"), "none");
}

TEST_F(responses_client_test, azure_takes_the_rest_from_the_environment) {
  setenv("AZURE_OPENAI_ENDPOINT", "https://from-environment.openai.azure.com/", 1);
  setenv("AZURE_OPENAI_API_KEY", "from-environment", 1);
  setenv("OPENAI_API_KEY", "not this one", 1);
  recorder http(recorded("text").body);
  responses_client client({.model = "m", .azure = azure_options{}, .transport = &http});
  for (const char* name : {"AZURE_OPENAI_ENDPOINT", "AZURE_OPENAI_API_KEY", "OPENAI_API_KEY"}) {
    unsetenv(name);
  }
  EXPECT_TRUE(failure_of(client).starts_with("answer: "));
  EXPECT_EQ(http.header("api-key"), "from-environment");
  EXPECT_EQ(client.info().server_address, "from-environment.openai.azure.com");
  EXPECT_THROW(responses_client({.model = "m", .azure = azure_options{}}), usage_error);
}

}  // namespace
}  // namespace skein::openai::responses_test
