// The clients of Gemini and Ollama over a transport that answers from a script: what is sent, and
// what comes of every kind of answer.
#include <cstdlib>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include <skein/async/asio_runtime.hpp>
#include <skein/async/run.hpp>
#include <skein/core/error.hpp>
#include <skein/http/transport.hpp>
#include <skein/providers/gemini.hpp>
#include <skein/providers/ollama.hpp>
#include <skein/telemetry/operation.hpp>

#include "codec.hpp"

namespace skein::providers::test {
namespace {

struct scripted_wire final : http::transport {
  int status = 200;
  std::string type = "application/json";
  std::string body = {};
  http::request sent = {};

  skein::stream<std::string_view> send(http::request r, http::response_head& head) override {
    sent = std::move(r);
    head.status = status;
    head.headers = {{"content-type", type}};
    for (std::size_t at = 0; at < body.size(); at += 10) {
      co_yield std::string_view(body).substr(at, 10);
    }
  }
  [[nodiscard]] std::string header(std::string_view name) const {
    for (const auto& [key, value] : sent.headers) {
      if (key == name) return value;
    }
    return "(none)";
  }
};

// The answer's text, or what the exception says of itself.
std::string ask(chat_client& client, const chat_options& options = {}) {
  asio_runtime runtime{1};
  const chat_request request{.messages = {user_message("hi")}};
  try {
    return "answer: " + sync_wait(runtime, collect(client.stream(request, options))).text();
  } catch (const error& e) {
    return e.type() + ": " + e.what();
  }
}

std::string conformance(const std::string& file) {
  return read_file(tests_of_providers() / "conformance" / file);
}

const std::string mild = "answer: It is 17 °C in Oslo.\nMild — for “autumn” ☀";

class provider_clients : public ::testing::Test {
 protected:
  void SetUp() override {
    for (const char* variable : {"GEMINI_API_KEY", "GOOGLE_API_KEY", "GEMINI_BASE_URL",
                                 "GOOGLE_GEMINI_BASE_URL", "OLLAMA_HOST", "OLLAMA_API_KEY"}) {
      unsetenv(variable);
    }
  }
  void TearDown() override { SetUp(); }
  scripted_wire wire;
};

// ---- Gemini

TEST_F(provider_clients, gemini_streams) {
  wire.type = "text/event-stream";
  wire.body = conformance("gemini/text.sse");
  gemini::client client({.model = "gemini-3-flash",
                         .api_key = std::string("k"),
                         .headers = {{"X-Client", "c"}},
                         .transport = &wire});
  EXPECT_EQ(ask(client, {.extra_headers = {{"X-Request", "r"}}}), mild);
  EXPECT_EQ(wire.sent.method, "POST");
  EXPECT_EQ(wire.sent.url,
            "https://generativelanguage.googleapis.com/v1beta/models/gemini-3-flash:"
            "streamGenerateContent?alt=sse");
  EXPECT_EQ(wire.header("x-goog-api-key"), "k");
  EXPECT_EQ(wire.header("Content-Type"), "application/json");
  EXPECT_EQ(wire.header("Accept"), "text/event-stream");
  EXPECT_EQ(wire.header("X-Client"), "c");
  EXPECT_EQ(wire.header("X-Request"), "r");
  EXPECT_EQ(wire.sent.body, R"({"contents":[{"role":"user","parts":[{"text":"hi"}]}]})");
  EXPECT_EQ(client.info().provider, "gcp.gemini");
  EXPECT_EQ(client.info().server_address, "generativelanguage.googleapis.com");
  EXPECT_EQ(client.info().server_port, 443);
}

TEST_F(provider_clients, gemini_answers_whole) {
  wire.body = conformance("gemini/text.json");
  gemini::client client(
      {.model = "tunedModels/a b", .base_url = "http://localhost:1/proxy/v1/", .transport = &wire});
  EXPECT_EQ(ask(client, {.streaming = false}), mild);
  EXPECT_EQ(wire.sent.url, "http://localhost:1/proxy/v1/tunedModels/a%20b:generateContent");
  EXPECT_EQ(wire.header("x-goog-api-key"), "(none)");
  EXPECT_EQ(ask(client), mild) << "whole, although a stream was asked for";
}

TEST_F(provider_clients, gemini_wants_a_key_for_google_only) {
  gemini::client client({.model = "m", .transport = &wire});
  EXPECT_EQ(ask(client),
            "usage_error: gemini: no API key: set GEMINI_API_KEY (or GOOGLE_API_KEY), or "
            "client_options::api_key");
  EXPECT_EQ(wire.sent.url, "") << "nothing was sent";
}

TEST_F(provider_clients, gemini_reads_the_environment) {
  wire.body = conformance("gemini/text.json");
  setenv("GOOGLE_API_KEY", "google", 1);
  setenv("GOOGLE_GEMINI_BASE_URL", "http://localhost:2", 1);
  gemini::client google({.model = "m", .transport = &wire});
  EXPECT_EQ(ask(google), mild);
  EXPECT_EQ(wire.header("x-goog-api-key"), "google");
  EXPECT_EQ(google.info().server_port, 2);
  setenv("GEMINI_API_KEY", "gemini", 1);
  setenv("GEMINI_BASE_URL", "http://localhost:3", 1);
  gemini::client own({.model = "m", .transport = &wire});
  EXPECT_EQ(ask(own), mild);
  EXPECT_EQ(wire.header("x-goog-api-key"), "gemini");
  EXPECT_EQ(wire.sent.url, "http://localhost:3/v1beta/models/m:streamGenerateContent?alt=sse");
  EXPECT_THROW(gemini::client({.base_url = "localhost"}), usage_error);
  EXPECT_TRUE(ask(*std::make_unique<gemini::client>(gemini::client_options{.transport = &wire}))
                  .starts_with("usage_error: gemini: no model named"));
}

TEST_F(provider_clients, gemini_says_what_went_wrong) {
  struct row {
    int status;
    std::string error;
    std::string said;
  };
  const std::string from = " from http://localhost:1/v1beta/models/m:streamGenerateContent ";
  gemini::client client({.model = "m", .base_url = "http://localhost:1", .transport = &wire});
  for (const auto& r : std::vector<row>{
           {400,
            R"("message":"API key not valid.","status":"INVALID_ARGUMENT","details":[)"
            R"({"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"API_KEY_INVALID"}])",
            "(API_KEY_INVALID): API key not valid. Set GEMINI_API_KEY, or the client's api_key, to "
            "a key of this server."},
           {404, R"("message":"models/m is not found.","status":"NOT_FOUND")",
            "(NOT_FOUND): models/m is not found. Check the model name 'm' and the base URL."},
           {429,
            R"("message":"Quota exceeded.","status":"RESOURCE_EXHAUSTED","details":[)"
            R"({"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"34.5s"}])",
            "(RESOURCE_EXHAUSTED): Quota exceeded. Wait 34500 ms, then try again."},
           {503, R"("message":"Overloaded.","status":"UNAVAILABLE")",
            "(UNAVAILABLE): Overloaded. The server failed: try again later."}}) {
    wire.status = r.status;
    const std::string code = std::to_string(r.status);
    wire.body = R"({"error":{"code":)" + code + "," + r.error + "}}";
    EXPECT_EQ(ask(client), code + ": HTTP " + code + from + r.said);
  }
}

TEST_F(provider_clients, gemini_is_cut) {
  wire.type = "text/event-stream";
  wire.body = R"(data: {"candidates": [{"content": {"parts": [{"text": "a"}]}}]})"
              "\n\n";
  gemini::client client({.model = "m", .base_url = "http://localhost:1", .transport = &wire});
  EXPECT_TRUE(ask(client).starts_with("stream_cut: gemini: the stream ended"));
}

// ---- Ollama

TEST_F(provider_clients, ollama_streams) {
  wire.type = "application/x-ndjson";
  wire.body = conformance("ollama/text.ndjson");
  ollama::client client({.model = "qwen3", .keep_alive = "10m", .transport = &wire});
  EXPECT_EQ(ask(client), mild);
  EXPECT_EQ(wire.sent.method, "POST");
  EXPECT_EQ(wire.sent.url, "http://127.0.0.1:11434/api/chat");
  EXPECT_EQ(wire.header("Authorization"), "(none)");
  EXPECT_EQ(wire.header("Accept"), "application/x-ndjson");
  EXPECT_EQ(wire.sent.body, R"({"model":"qwen3","stream":true,"keep_alive":"10m",)"
                            R"("messages":[{"role":"user","content":"hi"}]})");
  EXPECT_EQ(client.info().provider, "ollama");
  EXPECT_EQ(client.info().server_address, "127.0.0.1");
  EXPECT_EQ(client.info().server_port, 11434);
}

TEST_F(provider_clients, ollama_answers_whole) {
  wire.type = "application/json; charset=utf-8";
  wire.body = conformance("ollama/text.json");
  setenv("OLLAMA_HOST", "https://example.com/ollama", 1);
  setenv("OLLAMA_API_KEY", "k", 1);
  ollama::client client({.model = "qwen3", .transport = &wire});
  EXPECT_EQ(ask(client, {.streaming = false}), mild);
  EXPECT_EQ(wire.sent.url, "https://example.com:443/ollama/api/chat");
  EXPECT_EQ(wire.header("Authorization"), "Bearer k");
}

TEST_F(provider_clients, ollama_says_what_went_wrong) {
  ollama::client client({.model = "qwen3:4b", .transport = &wire});
  wire.status = 404;
  const std::string from = "404: HTTP 404 from http://127.0.0.1:11434/api/chat: ";
  const std::string cure =
      ". Pull it with `ollama pull qwen3:4b`, or check the model name and the base URL.";
  wire.body = R"({"error":"model 'qwen3:4b' not found"})";
  EXPECT_EQ(ask(client), from + "model 'qwen3:4b' not found" + cure);
  wire.body = R"({"error":"model \"qwen3:4b\" not found, try pulling it first"})";
  EXPECT_EQ(ask(client), from + "model \"qwen3:4b\" not found, try pulling it first" + cure);
  wire.body = "404 page not found";
  EXPECT_EQ(ask(client),
            from + "404 page not found. Check the model name 'qwen3:4b' and the base URL.");

  wire.status = 200;
  wire.type = "application/x-ndjson";
  wire.body = conformance("ollama/error_inside.ndjson");
  EXPECT_TRUE(ask(client).starts_with("provider_error: ollama: the server reported an error"));
  wire.body = "{\"message\":{\"content\":\"a\"},\"done\":false}\n";
  EXPECT_TRUE(ask(client).starts_with("stream_cut: ollama: the stream ended"));
}

TEST_F(provider_clients, ollama_wants_a_key_for_its_cloud_only) {
  ollama::client client({.model = "m", .base_url = "ollama.com", .transport = &wire});
  EXPECT_EQ(ask(client),
            "usage_error: ollama: no API key for ollama.com: set OLLAMA_API_KEY or "
            "client_options::api_key");
  EXPECT_THROW(ollama::client({.base_url = "ftp://x"}), usage_error);
}

// ---- As the pages show them

TEST_F(provider_clients, are_made_in_one_line) {
  skein::gemini::client gemini{{.model = "gemini-3-flash"}};  // key from the environment
  skein::ollama::client ollama{{.model = "qwen3", .keep_alive = "30m"}};
  EXPECT_EQ(gemini.info().model, "gemini-3-flash");
  EXPECT_EQ(ollama.info().model, "qwen3");
}

}  // namespace
}  // namespace skein::providers::test
