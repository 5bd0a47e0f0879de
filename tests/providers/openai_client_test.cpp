// The OpenAI client over real HTTP, against a scripted server: what is sent, what arrives, and what
// is left of it when it fails or is left.
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <skein/async/asio_runtime.hpp>
#include <skein/async/result.hpp>
#include <skein/async/run.hpp>
#include <skein/async/time.hpp>
#include <skein/chat/message_json.hpp>
#include <skein/core/error.hpp>
#include <skein/providers/openai.hpp>
#include <skein/telemetry/install.hpp>
#include <skein/telemetry/ledger.hpp>
#include <skein/telemetry/tree.hpp>
#include <skein/testing/model_server.hpp>

namespace skein {
namespace {

using namespace std::chrono_literals;
using testing::fault_kind;
using testing::model_server;
using testing::scripted_turn;

constexpr auto patience = 20s;

openai::client_options to(const model_server& server) {
  openai::client_options o{.model = "scripted", .api_key = "key", .base_url = server.url()};
  o.http.proxy = "";
  o.http.timeouts.idle = 20s;
  return o;
}
chat_request asking(std::string text) { return {.messages = {user_message(std::move(text))}}; }
std::string show(const chat_response& r) {
  return r.id + ' ' + r.model + ' ' + std::string(name_of(r.finish)) + ' ' +
         std::to_string(r.usage.input.value_or(-1)) + '/' +
         std::to_string(r.usage.output.value_or(-1)) + '/' +
         std::to_string(r.usage.cache_read.value_or(-1)) + '/' +
         std::to_string(r.usage.reasoning.value_or(-1)) + ' ' +
         json::serialize(message_to_json(r.message));
}

// Every test on one thread and on several; afterwards every span has ended and fits.
class OpenaiClient : public ::testing::TestWithParam<unsigned> {
 protected:
  void SetUp() override { telemetry::install(); }
  void TearDown() override {
    EXPECT_EQ(ledger.started(), ledger.ended());
    for (const auto& problem : telemetry::check_tree(ledger)) ADD_FAILURE() << problem;
  }
  template <class T>
  T run(task<T> work) {
    return sync_wait(rt, std::move(work));
  }
  telemetry::span_record span() {
    auto records = ledger.records();
    EXPECT_EQ(records.size(), 1u);
    return records.at(0);
  }
  // What the exception was, as `error::type()` says.
  std::string failure(chat_client& client, chat_options options = {}) {
    auto got = run([](chat_client& c, chat_options o) -> task<std::string> {
      auto r = co_await as_result(collect(c.stream(asking("hi"), o)));
      co_return r ? "answer: " + r->text() : telemetry::error_type_of(r.error());
    }(client, std::move(options)));
    return got;
  }

  telemetry::span_ledger ledger;
  telemetry::scoped_provider provider{ledger};
  asio_runtime rt{GetParam()};
};
INSTANTIATE_TEST_SUITE_P(Threads, OpenaiClient, ::testing::Values(1u, 4u));

TEST_P(OpenaiClient, StreamingAndNotTheAnswerIsTheSame) {
  const scripted_turn table[] = {
      {.text = "Hello, world: 東京 🌧"},
      {.text = "", .usage = {.input = 1, .output = 0}},
      {.text = "So it is.", .reasoning = "Let me think."},
      {.calls = {{"c1", "add", R"({"a":1,"b":2})"}, {"c2", "now", "{}"}}},
      {.text = "First this.", .calls = {{"c1", "add", R"({"a": "x"})"}}},
      {.text = "cut short", .finish = "length"},
      {.text = "counted", .usage = {.input = 100, .output = 20, .cache_read = 50, .reasoning = 5}},
      {.text = "many", .chunk_size = 1, .events_per_write = 100},
  };
  for (const auto& turn : table) {
    SCOPED_TRACE(turn.text);
    model_server server(testing::turns({turn}));
    openai::client client(to(server));
    auto ask = [](chat_client& c, bool streaming) -> task<std::string> {
      co_return show(co_await collect(c.stream(asking("hi"), {.streaming = streaming})));
    };
    auto streamed = run(ask(client, true)), whole = run(ask(client, false));
    // The server's id is a hash of the request, which differs.
    auto without_id = [](std::string s) { return s.substr(s.find(' ')); };
    EXPECT_EQ(without_id(streamed), without_id(whole));
    EXPECT_EQ(client.open_exchanges(), 0u);
  }
}

TEST_P(OpenaiClient, WhatIsSent) {
  model_server server(testing::turns({{.text = "x"}}));
  auto o = to(server);
  o.api_key = "sk-test";
  o.organization = "org-1";
  o.project = "proj-1";
  o.headers = {{"X-Client", "c"}};
  openai::client client(std::move(o));
  EXPECT_EQ(failure(client, {.temperature = 0.5,
                             .extra_body = {{"vendor_option", json::array{1, 2}}},
                             .extra_headers = {{"X-Request", "r"}}}),
            "answer: x");
  const auto sent = server.requests().at(0);
  EXPECT_EQ(sent.method, "POST");
  EXPECT_EQ(sent.target, "/v1/chat/completions");
  EXPECT_EQ(sent.header("authorization"), "Bearer sk-test");
  EXPECT_EQ(sent.header("openai-organization"), "org-1");
  EXPECT_EQ(sent.header("openai-project"), "proj-1");
  EXPECT_EQ(sent.header("content-type"), "application/json");
  EXPECT_EQ(sent.header("accept"), "text/event-stream");
  EXPECT_EQ(sent.header("x-client"), "c");
  EXPECT_EQ(sent.header("x-request"), "r");
  const auto body = json::parse(sent.body).as_object();
  EXPECT_EQ(body.at("model"), "scripted");
  EXPECT_EQ(body.at("temperature"), 0.5);
  EXPECT_EQ(body.at("stream"), true);
  EXPECT_EQ(body.at("vendor_option"), (json::array{1, 2}));

  const auto spans = ledger.records();
  EXPECT_EQ(spans.at(0).name, "chat scripted");
  EXPECT_EQ(spans.at(0).attributes.at("gen_ai.provider.name"), "openai");
  EXPECT_EQ(spans.at(0).attributes.at("server.address"), "127.0.0.1");
  EXPECT_EQ(spans.at(0).attributes.at("server.port"), server.port());
}

TEST_P(OpenaiClient, WithoutAKeyNoneIsSent) {
  unsetenv("OPENAI_API_KEY");
  model_server server(testing::turns({{.text = "x"}}));
  auto o = to(server);
  o.api_key = {};
  openai::client client(std::move(o));
  EXPECT_EQ(failure(client, {.streaming = false}), "answer: x");
  EXPECT_FALSE(server.requests().at(0).header("authorization"));
  EXPECT_EQ(server.requests().at(0).header("accept"), "application/json");
}

TEST_P(OpenaiClient, AWrongKeyIsAnErrorOfTheProvider) {
  model_server server(testing::turns({{.text = "x"}}), {.require_key = "right"});
  openai::client client(to(server));
  EXPECT_EQ(failure(client), "401");
  EXPECT_EQ(span().attributes.at("error.type"), "401");
}

TEST_P(OpenaiClient, EveryFaultIsATypedErrorAndNothingIsLeft) {
  const struct {
    const char* what;
    scripted_turn turn;
    std::string streaming, whole;
  } table[] = {
      {"cut at once",
       {.text = "Hello", .fault = {{.kind = fault_kind::cut}}},
       "connection_closed",
       "connection_closed"},
      {"cut later",
       {.text = "Hello", .fault = {{.kind = fault_kind::cut, .at = 300}}},
       "connection_closed",
       "connection_closed"},
      {"reset at once",
       {.text = "Hello", .fault = {{.kind = fault_kind::reset}}},
       "connection_closed",
       "connection_closed"},
      {"reset later",
       {.text = "Hello", .fault = {{.kind = fault_kind::reset, .at = 300}}},
       "connection_closed",
       "connection_closed"},
      {"stall",
       {.text = "Hello", .fault = {{.kind = fault_kind::stall, .at = 200}}},
       "timeout",
       "timeout"},
      {"malformed",
       {.text = "Hello", .fault = {{.kind = fault_kind::malformed, .at = 1}}},
       "malformed",
       "malformed"},
      {"429", {.fault = {{.kind = fault_kind::rate_limited, .retry_after = 7s}}}, "429", "429"},
      {"500", {.fault = {{.kind = fault_kind::server_error}}}, "500", "500"},
      {"no [DONE]",
       {.text = "Hello", .fault = {{.kind = fault_kind::no_done}}},
       "answer: Hello",
       "answer: Hello"},
      {"400",
       {.error = testing::api_error{.status = 400, .message = "no", .code = "bad_thing"}},
       "400",
       "400"},
      {"slow",
       {.text = "Hello", .fault = {{.kind = fault_kind::slow, .delay = 5ms}}},
       "answer: Hello",
       "answer: Hello"},
  };
  for (const auto& row : table) {
    for (bool streaming : {true, false}) {
      SCOPED_TRACE(std::string(row.what) + (streaming ? ", streaming" : ", whole"));
      ledger.clear();
      model_server server(testing::turns({row.turn}));
      auto o = to(server);
      if (row.turn.fault && row.turn.fault->kind == fault_kind::stall) o.http.timeouts.idle = 300ms;
      openai::client client(std::move(o));
      const auto& want = streaming ? row.streaming : row.whole;
      EXPECT_EQ(failure(client, {.streaming = streaming}), want);
      if (!want.starts_with("answer")) {
        const auto s = span();
        EXPECT_EQ(s.status, telemetry::span_status::error);
        EXPECT_EQ(s.attributes.at("error.type").as_string(), want);
        EXPECT_EQ(s.events.size(), 1u);
      }
      EXPECT_EQ(client.open_exchanges(), 0u);
      EXPECT_TRUE(server.wait_for_open_exchanges(0, patience));
    }
  }
}

TEST_P(OpenaiClient, AnErrorInTheStreamIsThrownAfterWhatCameBefore) {
  model_server server(testing::turns(
      {{.chunks = {"Hel", "lo"}, .fault = {{.kind = fault_kind::error_event, .at = 2}}}}));
  openai::client client(to(server));
  run([](chat_client& c) -> task<> {
    auto answer = c.stream(asking("hi"));
    std::string text;
    auto all = as_result([](chat_stream& s, std::string& t) -> task<> {
      while (auto* u = co_await s.next()) t += u->text();
    }(answer, text));
    auto result = co_await std::move(all);
    EXPECT_FALSE(result);
    EXPECT_EQ(text, "Hel");
    EXPECT_EQ(answer.response().text(), "Hel") << "what had arrived is kept";
  }(client));
  EXPECT_EQ(span().status, telemetry::span_status::error);
  EXPECT_EQ(client.open_exchanges(), 0u);
}

// One event may hold an update and a failure; the body of a whole answer as well.
TEST_P(OpenaiClient, WhatTheFailedEventHeldIsPassedOnFirst) {
  struct fixed final : http::transport {
    std::string type, body;
    fixed(std::string t, std::string b) : type(std::move(t)), body(std::move(b)) {}
    skein::stream<std::string_view> send(http::request, http::response_head& head) override {
      head.status = 200;
      head.headers = {{"content-type", type}};
      co_yield std::string_view(body);
    }
  };
  const std::string choices =
      R"("choices":[{"index":0,"delta":{"content":"Hel"}},{"index":0,"error":{"message":"no"}}])";
  for (bool streaming : {true, false}) {
    fixed wire(streaming ? "text/event-stream" : "application/json",
               streaming ? "data: {" + choices + "}\n\n" : "{" + choices + "}");
    openai::client client({.model = "m", .base_url = "http://127.0.0.1:1/v1", .transport = &wire});
    run([](chat_client& c, bool s) -> task<> {
      auto answer = c.stream(asking("hi"), {.streaming = s});
      EXPECT_FALSE(co_await as_result([](chat_stream& a) -> task<> {
        while (co_await a.next()) {}
      }(answer)));
      EXPECT_EQ(answer.response().text(), "Hel");
    }(client, streaming));
  }
}

TEST_P(OpenaiClient, ARateLimitSaysWhenToComeBack) {
  model_server server(
      testing::turns({{.fault = {{.kind = fault_kind::rate_limited, .retry_after = 7s}}}}));
  openai::client client(to(server));
  run([](chat_client& c) -> task<> {
    auto r = co_await as_result(collect(c.stream(asking("hi"))));
    EXPECT_FALSE(r);
    try {
      if (!r) std::rethrow_exception(r.error());
    } catch (const provider_error& e) {
      EXPECT_EQ(e.status(), 429);
      EXPECT_EQ(e.retry_after(), 7s);
      EXPECT_NE(e.body().find("error"), std::string::npos);
    }
  }(client));
}

TEST_P(OpenaiClient, OneConnectionServesOneQuestionAfterTheOther) {
  model_server server(testing::rules({{.answer = {.text = "x"}}}));
  openai::client client(to(server));
  for (bool streaming : {true, false, true, true}) {
    EXPECT_EQ(failure(client, {.streaming = streaming}), "answer: x");
  }
  EXPECT_EQ(server.counters().accepted_connections, 1u);
  EXPECT_EQ(client.open_exchanges(), 0u);
  EXPECT_EQ(client.open_connections(), 1u);
}

TEST_P(OpenaiClient, AnErrorDoesNotCostTheConnection) {
  model_server server(testing::rules(
      {{.user_message = "hi", .answer = {.error = testing::api_error{.status = 400}}}}));
  openai::client client(to(server));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(failure(client), "400");
  EXPECT_LE(server.counters().accepted_connections, 1u);
}

// Some of it comes, and then nothing more.
const scripted_turn endless{.text = std::string(1000, 'x'),
                            .fault = {{.kind = fault_kind::stall, .at = 4000}}};

TEST_P(OpenaiClient, DroppingAnAnswerClosesTheServersExchange) {
  for (int pulls : {1, 2}) {
    ledger.clear();
    model_server server(testing::turns({endless}));
    openai::client client(to(server));
    run([](openai::client& c, const model_server& at, int n) -> task<> {
      {
        auto answer = c.stream(asking("hi"));
        for (int i = 0; i < n; ++i) (void)co_await answer.next();
        EXPECT_EQ(at.open_exchanges(), 1u);
      }
      EXPECT_EQ(c.open_exchanges(), 0u) << "on return, it is gone";
    }(client, server, pulls));
    EXPECT_TRUE(server.wait_for_open_connections(0, patience));
    EXPECT_EQ(span().attributes.at("skein.outcome"), "abandoned");
  }
}

TEST_P(OpenaiClient, CancellingAPullClosesTheServersExchange) {
  model_server server(testing::turns({endless}));
  openai::client client(to(server));
  run([](openai::client& c) -> task<> {
    auto drain = [](openai::client& from) -> task<> {
      auto answer = from.stream(asking("hi"));
      while (co_await answer.next()) {}
    };
    auto r = co_await as_result(with_deadline(300ms, drain(c)));
    EXPECT_EQ(r ? "" : telemetry::error_type_of(r.error()), "skein::cancelled");
    EXPECT_EQ(c.open_exchanges(), 0u);
  }(client));
  EXPECT_TRUE(server.wait_for_open_connections(0, patience));
  EXPECT_EQ(span().attributes.at("skein.outcome"), "deadline");
}

TEST_P(OpenaiClient, NothingIsSentBeforeTheFirstPull) {
  model_server server(testing::turns({{.text = "x"}}));
  openai::client client(to(server));
  run([](chat_client& c) -> task<> {
    { auto never_pulled = c.stream(asking("hi")); }
    co_return;
  }(client));
  EXPECT_TRUE(server.requests().empty());
  EXPECT_EQ(server.counters().accepted_connections, 0u);
}

TEST_P(OpenaiClient, NobodyListens) {
  std::string url;
  {
    model_server gone(testing::turns({}));
    url = gone.url();
  }
  openai::client_options o{.model = "m", .base_url = url};
  o.http.proxy = "";
  openai::client client(std::move(o));
  EXPECT_EQ(failure(client), "connect_failed");
}

TEST_P(OpenaiClient, WithoutAModelItIsAnErrorOfTheCall) {
  model_server server(testing::turns({{.text = "x"}}));
  auto o = to(server);
  o.model.clear();
  openai::client client(std::move(o));
  EXPECT_THROW((void)client.stream(asking("hi")), usage_error);
  EXPECT_EQ(span().status, telemetry::span_status::error);
  EXPECT_EQ(span().name, "chat");
  EXPECT_TRUE(server.requests().empty());
  EXPECT_EQ(failure(client, {.model = "scripted"}), "answer: x");
}

TEST(OpenaiClientOptions, ABaseUrlMustBeOne) {
  for (auto bad : {"localhost:8080", "ftp://x/v1", "http://", "/v1", "not a url"}) {
    EXPECT_THROW(openai::client({.model = "m", .base_url = bad}), usage_error) << bad;
  }
  for (auto good : {"http://localhost:8080/v1/", "https://x"}) {
    EXPECT_NO_THROW(openai::client({.model = "m", .base_url = good})) << good;
  }
  openai::client c({.model = "m", .base_url = "https://example.com/v1//"});
  EXPECT_EQ(c.info().server_address, "example.com");
  EXPECT_EQ(c.info().server_port, 443);
}

TEST(OpenaiClientOptions, WhatIsNotGivenComesFromTheEnvironment) {
  setenv("OPENAI_BASE_URL", "http://from-environment:81/v1", 1);
  openai::client from_environment({.model = "m"}), given({.model = "m", .base_url = "http://x"});
  unsetenv("OPENAI_BASE_URL");
  openai::client by_default({.model = "m"});
  EXPECT_EQ(from_environment.info().server_address, "from-environment");
  EXPECT_EQ(from_environment.info().server_port, 81);
  EXPECT_EQ(given.info().server_address, "x");
  EXPECT_EQ(by_default.info().server_address, "api.openai.com");
}

}  // namespace
}  // namespace skein
