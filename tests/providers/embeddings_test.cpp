// Embeddings of OpenAI and Ollama: what is sent, what comes back, and its span and metrics.
#include <deque>
#include <string>
#include <vector>

#include <gmock/gmock.h>

#include <skein/async/result.hpp>
#include <skein/async/run.hpp>
#include <skein/async/simulated_runtime.hpp>
#include <skein/async/time.hpp>
#include <skein/json/text.hpp>
#include <skein/providers/ollama_embeddings.hpp>
#include <skein/providers/openai_embeddings.hpp>
#include <skein/telemetry/install.hpp>
#include <skein/telemetry/ledger.hpp>
#include <skein/telemetry/tree.hpp>

#include "telemetry/signals.hpp"

namespace skein::embeddings_test {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Answers in turn, and keeps what it was asked.
struct answering final : http::transport {
  std::deque<std::pair<int, std::string>> answers;
  std::vector<http::request> requests;

  skein::stream<std::string_view> send(http::request r, http::response_head& head) override {
    requests.push_back(std::move(r));
    co_await sleep_for(10ms);
    auto [status, body] = answers.front();
    answers.pop_front();
    head.status = status;
    head.headers = {{"Content-Type", "application/json"}, {"Retry-After", "2"}};
    co_yield std::string_view();
    const auto half = body.size() / 2;
    co_yield std::string_view(body).substr(0, half);
    co_yield std::string_view(body).substr(half);
  }
  [[nodiscard]] json::value body(std::size_t n = 0) const {
    return json::parse(requests.at(n).body);
  }
};

class Embeddings : public ::testing::Test {
 protected:
  void SetUp() override { telemetry::install(); }
  void TearDown() override {
    EXPECT_EQ(ledger.started(), ledger.ended());
    for (const auto& problem : telemetry::check_tree(ledger)) ADD_FAILURE() << problem;
  }
  template <class T>
  T run(task<T> work) {
    simulated_runtime rt(1);
    return sync_wait(rt, std::move(work));
  }
  // type() of what it throws, and what it says.
  std::string failure(embedding_client& client, std::vector<std::string> texts = {"a"},
                      embedding_options options = {}) {
    auto work = [](embedding_client& c, auto t, auto o) -> task<std::string> {
      auto r = co_await as_result(c.embed(std::move(t), std::move(o)));
      if (r) co_return "none";
      try {
        std::rethrow_exception(r.error());
      } catch (const error& e) {
        co_return e.type() + ": " + e.what();
      }
    };
    return run(work(client, std::move(texts), std::move(options)));
  }
  openai::client_options openai_options() {
    return {.model = "text-embedding-3-small",
            .api_key = "sk-test",
            .base_url = "https://api.openai.com/v1",
            .transport = &server};
  }
  ollama::client_options ollama_options() {
    return {.model = "nomic-embed-text", .base_url = "127.0.0.1", .transport = &server};
  }

  answering server;
  telemetry::span_ledger ledger;
  telemetry::scoped_provider provider{ledger};
};

TEST_F(Embeddings, OpenaiInBase64AndInDecimals) {
  // 1.0, -2.5, and the smallest number, lowest byte first.
  server.answers = {
      {200,
       R"({"object":"list","model":"text-embedding-3-small","usage":{"prompt_tokens":5,"total_tokens":5},
          "data":[{"object":"embedding","index":1,"embedding":[0.25,-1e-3]},
                  {"object":"embedding","index":0,"embedding":"AACAPwAAIMABAAAA"}]})"}};
  openai::embedder model(openai_options());
  const auto all = run(model.embed({"first", "second"}, {.dimensions = 3}));
  EXPECT_THAT(all.vectors,
              ElementsAre(ElementsAre(1.0F, -2.5F, 1.401298464e-45F), ElementsAre(0.25F, -0.001F)));
  EXPECT_EQ(all.model, "text-embedding-3-small");
  EXPECT_EQ(all.usage.input, 5);
  EXPECT_EQ(all.usage.output, std::nullopt);
  EXPECT_EQ(server.requests[0].url, "https://api.openai.com/v1/embeddings");
  EXPECT_EQ(server.requests[0].method, "POST");
  EXPECT_EQ(http::find_header(server.requests[0].headers, "authorization"), "Bearer sk-test");
  EXPECT_EQ(server.requests[0].body,
            R"({"model":"text-embedding-3-small","encoding_format":"base64","dimensions":3,)"
            R"("input":["first","second"]})");
}

TEST_F(Embeddings, OpenaiSaysWhatItIsTold) {
  server.answers = {{200, R"({"data":[{"embedding":[1]}]})"}};
  openai::embedder model(openai_options(), {.numbers = openai::number_format::decimal});
  const auto all = run(model.embed({"\xff"}, {.model = "other",
                                              .extra_body = {{"user", "me"}, {"input", "mine"}},
                                              .extra_headers = {{"X-Mine", "1"}}}));
  EXPECT_EQ(all.usage, usage{});
  EXPECT_EQ(server.requests[0].body,
            R"({"model":"other","encoding_format":"float","input":"mine","user":"me"})");
  EXPECT_EQ(http::find_header(server.requests[0].headers, "x-mine"), "1");
}

TEST_F(Embeddings, AzureHasItsOwnAddress) {
  server.answers = {{200, R"({"data":[{"embedding":[1]}]})"}};
  openai::embedder model(
      {.model = "text-embedding-3-small",
       .api_key = "azure-key",
       .base_url = "https://mine.openai.azure.com",
       .azure = openai::azure_options{.deployment = "d", .api_version = "2024-10-21"},
       .transport = &server});
  std::ignore = run(model.embed({"a"}));
  EXPECT_EQ(server.requests[0].url,
            "https://mine.openai.azure.com/openai/deployments/d/embeddings?api-version=2024-10-21");
  EXPECT_EQ(http::find_header(server.requests[0].headers, "api-key"), "azure-key");
}

TEST_F(Embeddings, ManyTextsAreSeveralRequestsWithinTheLimits) {
  auto vectors = [](std::vector<int> values) {
    json::array data;
    for (int v : values) data.push_back(json::object{{"embedding", json::array{v}}});
    return json::write_text(json::object{{"data", data}, {"usage", {{"prompt_tokens", 3}}}});
  };
  server.answers = {{200, vectors({1, 2})}, {200, vectors({3})}, {200, vectors({4})}};
  openai::embedder model(openai_options(), {.batch_texts = 2, .batch_bytes = 10});
  const auto all = run(model.embed({"a", "b", "c", "longer than ten bytes"}));
  EXPECT_THAT(all.vectors,
              ElementsAre(ElementsAre(1.F), ElementsAre(2.F), ElementsAre(3.F), ElementsAre(4.F)));
  EXPECT_EQ(all.usage.input, 9);
  EXPECT_EQ(server.body(0).at("input"), (json::array{"a", "b"}));
  EXPECT_EQ(server.body(1).at("input"), json::array{"c"});
  EXPECT_EQ(server.requests.size(), 3U);
  EXPECT_EQ(ledger.records().size(), 1U);

  EXPECT_TRUE(run(model.embed({})).vectors.empty());
  EXPECT_EQ(server.requests.size(), 3U);
  EXPECT_EQ(ledger.records().size(), 1U);
}

TEST_F(Embeddings, WhatAnEarlierRequestUsedIsOnTheSpanOfAFailure) {
  server.answers = {{200, R"({"usage":{"prompt_tokens":5},"data":[{"embedding":[1]}]})"},
                    {503, "busy"}};
  openai::embedder model(openai_options(), {.batch_texts = 1});
  EXPECT_THAT(failure(model, {"a", "b"}), HasSubstr("503"));
  const auto span = ledger.records().at(0);
  EXPECT_EQ(span.attributes.at("gen_ai.usage.input_tokens"), 5);
  EXPECT_EQ(span.attributes.at("error.type"), "503");
}

TEST_F(Embeddings, Ollama) {
  server.answers = {
      {200,
       R"({"model":"nomic-embed-text","embeddings":[[0.5,1],[2,3]],"total_duration":1,"prompt_eval_count":8})"},
      {200, R"({"model":"nomic-embed-text","embeddings":[[4,5]],"prompt_eval_count":4})"}};
  auto options = ollama_options();
  options.keep_alive = "300";
  options.api_key = "ollama-key";
  ollama::embedder model(options, {.truncate = false, .batch_texts = 2});
  const auto all = run(model.embed({"a", "b", "c"}, {.dimensions = 2}));
  EXPECT_THAT(all.vectors,
              ElementsAre(ElementsAre(0.5F, 1.F), ElementsAre(2.F, 3.F), ElementsAre(4.F, 5.F)));
  EXPECT_EQ(all.usage.input, 12);
  EXPECT_EQ(server.requests[0].url, "http://127.0.0.1:11434/api/embed");
  EXPECT_EQ(http::find_header(server.requests[0].headers, "authorization"), "Bearer ollama-key");
  EXPECT_EQ(server.requests[0].body,
            R"({"model":"nomic-embed-text","truncate":false,"keep_alive":300,"dimensions":2,)"
            R"("input":["a","b"]})");
}

TEST_F(Embeddings, WhatCannotBeUnderstoodIsMalformed) {
  const std::pair<const char*, const char*> of_openai[] = {
      {"no JSON", "is no JSON object"},
      {"[]", "is no JSON object"},
      {"{}", "`data` is missing"},
      {R"({"data":null})", "`data` is missing"},
      {R"({"data":[]})", "0 came for 1 texts"},
      {R"({"data":[null]})", "`embedding` is missing"},
      {R"({"data":[{"embedding":null}]})", "empty or no vector"},
      {R"({"data":[{"embedding":[]}]})", "empty or no vector"},
      {R"({"data":[{"embedding":["1"]}]})", "no number"},
      {R"({"data":[{"embedding":"AAA="}]})", "not base64 of floats"},
      {R"({"data":[{"embedding":"%"}]})", "not base64 of floats"},
      {R"({"data":[{"index":1,"embedding":[1]}]})", "index 1"},
      {R"({"data":[{"index":-1,"embedding":[1]}]})", "index -1"},
  };
  for (const auto& [body, expected] : of_openai) {
    server.answers = {{200, body}};
    openai::embedder model(openai_options());
    EXPECT_THAT(failure(model), ::testing::AllOf(HasSubstr("malformed: "), HasSubstr(expected)));
  }
  server.answers = {{200, R"({"data":[{"index":0,"embedding":[1]},{"index":0,"embedding":[1]}]})"}};
  openai::embedder twice(openai_options());
  EXPECT_THAT(failure(twice, {"a", "b"}), HasSubstr("index 0 is not one"));
  const std::pair<const char*, const char*> of_ollama[] = {
      {"{}", "`embeddings` is missing"},
      {R"({"embeddings":[]})", "0 vectors came for 1 texts"},
      {R"({"embeddings":[[1],[2]]})", "2 vectors came for 1 texts"},
      {R"({"embeddings":[{}]})", "empty or no vector"},
  };
  for (const auto& [body, expected] : of_ollama) {
    server.answers = {{200, body}};
    ollama::embedder model(ollama_options());
    EXPECT_THAT(failure(model), ::testing::AllOf(HasSubstr("malformed: "), HasSubstr(expected)));
  }
}

TEST_F(Embeddings, ErrorsHaveACure) {
  server.answers = {{401, R"({"error":{"message":"Incorrect API key","code":"invalid_api_key"}})"},
                    {404, R"({"error":"model \"x\" not found, try pulling it first"})"}};
  openai::embedder model(openai_options());
  EXPECT_THAT(failure(model), ::testing::AllOf(HasSubstr("401: "), HasSubstr("OPENAI_API_KEY")));
  ollama::embedder local(ollama_options());
  EXPECT_THAT(failure(local), ::testing::AllOf(HasSubstr("404: "), HasSubstr("not found")));
  openai::embedder none({.api_key = "k", .transport = &server});
  EXPECT_THAT(failure(none), HasSubstr("usage_error: "));
  for (const auto& span : ledger.records()) {
    EXPECT_EQ(span.status, telemetry::span_status::error);
    EXPECT_TRUE(span.attributes.contains("error.type"));
  }
}

TEST_F(Embeddings, OneSpanWithItsMetrics) {
  skein::test::metric_book metrics;
  auto previous = opentelemetry::metrics::Provider::GetMeterProvider();
  opentelemetry::metrics::Provider::SetMeterProvider(metrics.provider());
  server.answers = {
      {200, R"({"model":"answered","data":[{"embedding":[1,2]}],"usage":{"prompt_tokens":7}})"}};
  openai::embedder model(openai_options());
  model.dialect = {.names = telemetry::semconv::names::both};
  std::ignore = run(model.embed({"secret text"}));
  opentelemetry::metrics::Provider::SetMeterProvider(previous);

  const auto span = ledger.records().at(0);
  EXPECT_EQ(span.name, "embeddings text-embedding-3-small");
  EXPECT_EQ(span.kind, telemetry::span_kind::client);
  EXPECT_EQ(json::write_text(span.attributes),
            R"({"gen_ai.embeddings.dimension.count":2,"gen_ai.operation.name":"embeddings",)"
            R"("gen_ai.provider.name":"openai","gen_ai.request.encoding_formats":["base64"],)"
            R"("gen_ai.request.model":"text-embedding-3-small","gen_ai.response.model":"answered",)"
            R"("gen_ai.usage.input_tokens":7,"server.address":"api.openai.com",)"
            R"("server.port":443,"skein.usage.cost":1.4e-07})");
  std::vector<std::string> measured;
  for (const auto& point : metrics.all()) {
    measured.push_back(point.name + " " + point.at("gen_ai.operation.name") + " " +
                       std::to_string(point.count));
  }
  EXPECT_THAT(measured,
              ::testing::UnorderedElementsAre("gen_ai.client.operation.duration embeddings 1",
                                              "gen_ai.client.token.usage embeddings 1"));
}

TEST_F(Embeddings, TheParentIsTakenAtTheCallAndLeavingEndsTheSpan) {
  openai::embedder model(openai_options());
  auto work = [](embedding_client& c) -> task<> {
    { auto never_awaited = c.embed({"a"}); }
    auto late = co_await as_result(with_deadline(1ms, c.embed({"a"})));
    EXPECT_FALSE(late.has_value());
  };
  server.answers = {{200, "{}"}};
  telemetry::operation parent(
      "invoke_agent one", telemetry::operation::kind::internal, current_context(),
      {{"gen_ai.operation.name", "invoke_agent"}, {"gen_ai.agent.name", "one"}});
  {
    context_scope inside(parent.inside());
    run(work(model));
  }
  parent.end(telemetry::outcome::ok);
  const auto spans = ledger.records();
  ASSERT_EQ(spans.size(), 2U);
  EXPECT_EQ(spans[0].attributes.at("skein.outcome"), "deadline");
  EXPECT_EQ(spans[0].parent_span_id, spans[1].span_id);
}

}  // namespace
}  // namespace skein::embeddings_test
