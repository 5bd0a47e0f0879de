// A client by its name in one string, and the listing of a provider's models.
#include <cstdlib>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <skein/async/run.hpp>
#include <skein/core/error.hpp>
#include <skein/providers/models.hpp>
#include <skein/providers/named.hpp>
#include <skein/providers/openai_servers.hpp>

#include "canned_transport.hpp"

namespace skein::named_test {
namespace {

using providers::test::canned_transport;

// For a test, a variable of the environment has this value, or none.
class variable {
 public:
  variable(const char* name, const char* value) : name_(name) {
    if (const char* was = std::getenv(name)) was_ = was;
    value ? setenv(name, value, 1) : unsetenv(name);
  }
  variable(const variable&) = delete;
  variable& operator=(const variable&) = delete;
  ~variable() { was_ ? setenv(name_, was_->c_str(), 1) : unsetenv(name_); }

 private:
  const char* name_;
  std::optional<std::string> was_;
};

// No server but the providers' own.
struct no_urls {
  variable openai{"OPENAI_BASE_URL", nullptr};
  variable anthropic{"ANTHROPIC_BASE_URL", nullptr};
  variable gemini{"GEMINI_BASE_URL", nullptr};
  variable google{"GOOGLE_GEMINI_BASE_URL", nullptr};
  variable ollama{"OLLAMA_HOST", nullptr};
};

std::string what_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const usage_error& e) {
    return e.what();
  }
  return {};
}

// What goes out when the model of this name is asked.
http::request sent_by(const std::string& name, named_options options = {}) {
  canned_transport wire(R"({"choices":[{"message":{"content":"ok"},"finish_reason":"stop"}]})");
  options.transport = &wire;
  const auto client = client_named(name, std::move(options));
  const auto answer =
      sync_wait(collect(client->stream({.messages = {user_message("Hi")}}, {.streaming = false})));
  EXPECT_EQ(answer.text(), "ok");
  return wire.sent().at(0);
}

TEST(client_named, takes_provider_model_and_url_from_one_string) {
  struct row {
    std::string name, provider, model, host;
    std::uint16_t port = 443;
  };
  const no_urls at_home;
  for (const auto& r : std::vector<row>{
           {"openai:gpt-5-mini", "openai", "gpt-5-mini", "api.openai.com"},
           {"openai-responses:gpt-5-mini", "openai", "gpt-5-mini", "api.openai.com"},
           {"anthropic:claude-sonnet-4-5", "anthropic", "claude-sonnet-4-5", "api.anthropic.com"},
           {"gemini:gemini-3-flash", "gcp.gemini", "gemini-3-flash",
            "generativelanguage.googleapis.com"},
           {"ollama:qwen3:4b", "ollama", "qwen3:4b", "127.0.0.1", 11434},
           {"groq:openai/gpt-oss-20b", "groq", "openai/gpt-oss-20b", "api.groq.com"},
           {"mistral:mistral-small-latest", "mistral_ai", "mistral-small-latest", "api.mistral.ai"},
           {"vllm:Qwen/Qwen3-8B@http://10.0.0.7:9000/v1", "vllm", "Qwen/Qwen3-8B", "10.0.0.7",
            9000},
           {"llama-server:m", "llama_cpp", "m", "127.0.0.1", 8080},
           {"compat:a:b@v1@http://example.org/v1", "openai", "a:b@v1", "example.org", 80}}) {
    const auto info = client_named(r.name)->info();
    EXPECT_EQ(info.provider, r.provider) << r.name;
    EXPECT_EQ(info.model, r.model) << r.name;
    EXPECT_EQ(info.server_address, r.host) << r.name;
    EXPECT_EQ(info.server_port, r.port) << r.name;
  }
}

TEST(client_named, lets_options_win_over_the_name) {
  const auto sent = sent_by("compat:m@http://example.org/v1",
                            {.api_key = "k", .base_url = "http://example.net/v2"});
  EXPECT_EQ(sent.url, "http://example.net/v2/chat/completions");
  EXPECT_EQ(http::find_header(sent.headers, "authorization"), "Bearer k");
}

TEST(client_named, says_what_is_wrong_with_a_name) {
  const auto unknown = what_of([] { (void)client_named("gpt-5-mini"); });
  EXPECT_TRUE(unknown.starts_with("'gpt-5-mini' names no provider")) << unknown;
  for (const auto name : provider_names()) EXPECT_TRUE(unknown.contains(name)) << name;
  EXPECT_EQ(what_of([] { (void)client_named("openai:"); }),
            "'openai:' names no model: write openai:MODEL, e.g. openai:gpt-5-mini");
  EXPECT_EQ(what_of([] { (void)client_named("openai"); }),
            "'openai' names no model: write openai:MODEL, e.g. openai:gpt-5-mini");
  EXPECT_TRUE(what_of([] { (void)client_named("compat:m"); }).contains("names no server"));
  EXPECT_TRUE(what_of([] {
                (void)client_named("openai:m", {.base_url = "nonsense"});
              }).contains("not an http or https URL"));
}

TEST(client_named, takes_the_key_of_its_own_provider_only) {
  const variable openai_key("OPENAI_API_KEY", "of-openai");
  const variable openai_url("OPENAI_BASE_URL", "http://elsewhere.example/v1");
  const variable groq_key("GROQ_API_KEY", "of-groq");
  const variable local_key("LLAMA_API_KEY", nullptr);
  const variable compat_key("OPENAI_COMPAT_API_KEY", "of-compat");
  const auto key_sent = [](const std::string& name) {
    const auto sent = sent_by(name);
    return std::string(http::find_header(sent.headers, "authorization").value_or("none"));
  };
  EXPECT_EQ(key_sent("openai:m"), "Bearer of-openai");
  EXPECT_EQ(key_sent("groq:m"), "Bearer of-groq");
  EXPECT_EQ(key_sent("llama-server:m"), "none");
  EXPECT_EQ(key_sent("compat:m@http://example.org/v1"), "Bearer of-compat");
  EXPECT_EQ(sent_by("openai:m").url, "http://elsewhere.example/v1/chat/completions");
  EXPECT_EQ(sent_by("groq:m").url, "https://api.groq.com/openai/v1/chat/completions");
}

TEST(client_named, says_which_key_is_missing_at_the_request) {
  const variable no_key("GROQ_API_KEY", nullptr);
  EXPECT_EQ(what_of([] { (void)sent_by("groq:m"); }),
            "groq: no key for api.groq.com; set GROQ_API_KEY or client_options::api_key");
  // Another server may want none.
  EXPECT_EQ(what_of([] { (void)sent_by("groq:m@http://127.0.0.1:1/v1"); }), "");
}

// ---- list_models

std::vector<std::string> listed(const std::string& provider, canned_transport& wire,
                                secret<std::string> key = "k") {
  return sync_wait(list_models(provider, {.api_key = std::move(key), .transport = &wire}));
}

TEST(models_of_providers, are_listed_by_the_names_that_client_named_takes) {
  struct row {
    std::string provider, answer, url, header, key;
    std::vector<std::string> names;
  };
  const std::string data = R"({"object":"list","data":[{"id":"b"},{"id":"a/c"},{},null]})";
  const no_urls at_home;
  for (const auto& r : std::vector<row>{
           {"openai",
            data,
            "https://api.openai.com/v1/models",
            "authorization",
            "Bearer k",
            {"openai:a/c", "openai:b"}},
           {"groq",
            data,
            "https://api.groq.com/openai/v1/models",
            "authorization",
            "Bearer k",
            {"groq:a/c", "groq:b"}},
           {"compat@http://example.org/v1",
            data,
            "http://example.org/v1/models",
            "authorization",
            "Bearer k",
            {"compat:a/c@http://example.org/v1", "compat:b@http://example.org/v1"}},
       }) {
    canned_transport wire(r.answer);
    const auto names = listed(r.provider, wire);
    EXPECT_EQ(names, r.names) << r.provider;
    for (const auto& name : names) EXPECT_NO_THROW((void)client_named(name)) << name;
    const auto& sent = wire.sent().at(0);
    EXPECT_EQ(sent.method, "GET");
    EXPECT_EQ(sent.url, r.url);
    EXPECT_EQ(http::find_header(sent.headers, r.header), r.key) << r.provider;
  }
}

// Answers in turn, the last one for ever.
class paged_transport final : public http::transport {
 public:
  explicit paged_transport(std::vector<std::string> pages) : pages_(std::move(pages)) {}
  [[nodiscard]] skein::stream<std::string_view> send(http::request r,
                                                     http::response_head& head) override {
    const auto& page = pages_[std::min(urls.size(), pages_.size() - 1)];
    urls.push_back(std::move(r.url));
    return play(page, head);
  }
  std::vector<std::string> urls;

 private:
  static skein::stream<std::string_view> play(std::string_view page, http::response_head& head) {
    head.status = 200;
    co_yield page;
  }
  std::vector<std::string> pages_;
};

TEST(models_of_providers, are_those_of_all_pages) {
  const no_urls at_home;
  const auto list = [](const std::string& provider, paged_transport& wire) {
    const secret<std::string> key("k");
    return sync_wait(list_models(provider, {.api_key = key, .transport = &wire}));
  };
  paged_transport anthropic({R"({"data":[{"id":"b"}],"has_more":true,"last_id":"b&c"})",
                             R"({"data":[{"id":"a"}],"has_more":true,"last_id":"a"})",
                             R"({"data":[{"id":"d"}],"has_more":false,"last_id":"d"})"});
  EXPECT_EQ(list("anthropic", anthropic),
            (std::vector<std::string>{"anthropic:a", "anthropic:b", "anthropic:d"}));
  EXPECT_EQ(anthropic.urls, (std::vector<std::string>{
                                "https://api.anthropic.com/v1/models?limit=1000",
                                "https://api.anthropic.com/v1/models?limit=1000&after_id=b%26c",
                                "https://api.anthropic.com/v1/models?limit=1000&after_id=a"}));

  const std::string google =
      "https://generativelanguage.googleapis.com/v1beta/models?pageSize=1000";
  paged_transport gemini({R"({"models":[{"name":"models/b"}],"nextPageToken":"t/1="})",
                          R"({"models":[{"name":"models/a"}],"nextPageToken":""})"});
  EXPECT_EQ(list("gemini", gemini), (std::vector<std::string>{"gemini:a", "gemini:b"}));
  EXPECT_EQ(gemini.urls, (std::vector<std::string>{google, google + "&pageToken=t%2F1%3D"}));

  // Others have one page, whatever they say.
  paged_transport openai({R"({"data":[{"id":"a"}],"has_more":true,"last_id":"a"})"});
  EXPECT_EQ(list("openai", openai), std::vector<std::string>{"openai:a"});

  paged_transport endless({R"({"data":[{"id":"a"}],"has_more":true,"last_id":"a"})"});
  try {
    (void)list("anthropic", endless);
    ADD_FAILURE();
  } catch (const protocol_error& e) {
    EXPECT_EQ(e.type(), "limit_exceeded");
  }
  EXPECT_EQ(endless.urls.size(), 100u);
}

TEST(models_of_providers, take_the_second_key_as_it_is_meant) {
  const no_urls at_home;
  const variable no_key("ANTHROPIC_API_KEY", nullptr);
  const variable token("ANTHROPIC_AUTH_TOKEN", "t");
  canned_transport wire(R"({"data":[]})");
  EXPECT_TRUE(listed("anthropic", wire, {}).empty());
  EXPECT_EQ(http::find_header(wire.sent().at(0).headers, "authorization"), "Bearer t");
  EXPECT_FALSE(http::find_header(wire.sent().at(0).headers, "x-api-key"));
  EXPECT_EQ(http::find_header(wire.sent().at(0).headers, "anthropic-version"), "2023-06-01");
}

TEST(models_of_providers, fail_each_in_its_own_way) {
  const variable no_key("GROQ_API_KEY", nullptr);
  canned_transport never("");
  EXPECT_EQ(what_of([&] { (void)listed("groq", never, {}); }),
            "groq: no key; export GROQ_API_KEY=...");
  EXPECT_TRUE(never.sent().empty());

  canned_transport wrong_key(R"({"error":{"message":"Invalid API Key"}})", 401);
  try {
    (void)listed("groq", wrong_key);
    ADD_FAILURE();
  } catch (const provider_error& e) {
    EXPECT_EQ(e.status(), 401);
    EXPECT_EQ(std::string(e.what()),
              "HTTP 401 from https://api.groq.com/openai/v1/models: Invalid API Key. Set "
              "GROQ_API_KEY, or the client's api_key, to a key of this server. Request req_7.");
  }
  for (const char* answer : {"<html>", "{}", R"({"data":{}})", "[]", ""}) {
    canned_transport wrong_url(answer, 200, "text/html");
    try {
      (void)listed("compat@http://example.org", wrong_url);
      ADD_FAILURE() << answer;
    } catch (const protocol_error& e) {
      EXPECT_EQ(e.type(), "malformed");
      EXPECT_EQ(std::string(e.what()),
                "compat: the answer of http://example.org/models is no list of models. Check the "
                "base URL: it goes up to what stands before /models");
    }
  }
}

TEST(access_to_providers, says_who_can_be_asked) {
  const no_urls at_home;
  const variable no_key("OPENAI_API_KEY", nullptr);
  const variable groq_key("GROQ_API_KEY", "k");
  std::map<std::string_view, key_state> states;
  for (const auto& access : access_to_providers()) states[access.provider] = access.key;
  EXPECT_EQ(states.at("openai"), key_state::missing);
  EXPECT_EQ(states.at("groq"), key_state::set);
  EXPECT_EQ(states.at("vllm"), key_state::not_wanted);
  EXPECT_FALSE(states.contains("compat"));
  EXPECT_FALSE(states.contains("openai-responses"));
  EXPECT_EQ(states.size(), provider_names().size() - 2);
}

}  // namespace
}  // namespace skein::named_test
