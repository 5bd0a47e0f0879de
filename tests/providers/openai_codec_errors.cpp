// Error answers become one readable line with a cure, and the delay that the server asked for.
#include <gtest/gtest.h>

#include "openai_codec.hpp"
#include "providers/common/http_failure.hpp"

namespace skein::openai::test {
namespace {

using providers::answer_headers;
using providers::error_from;
using providers::http_failure;
using providers::retry_delay;
using std::chrono::milliseconds;

constexpr std::string_view url = "https://api.openai.com/v1/chat/completions";

struct row {
  const char* name;
  int status;
  std::string body;
  std::string code;
  std::string what;
};

class openai_error : public ::testing::TestWithParam<row> {};

TEST_P(openai_error, is_one_line_with_a_cure) {
  const row& r = GetParam();
  const provider_error e = error_from({.status = r.status,
                                       .body = r.body,
                                       .url = url,
                                       .model = "gpt-5-mini",
                                       .key_variable = "OPENAI_API_KEY"});
  EXPECT_EQ(e.what(), r.what);
  EXPECT_EQ(e.code(), r.code);
  EXPECT_EQ(e.status(), r.status);
  EXPECT_EQ(e.body(), r.body);
  EXPECT_EQ(e.type(), std::to_string(r.status));
  EXPECT_FALSE(e.retry_after());
}

const std::string from = " from https://api.openai.com/v1/chat/completions";

INSTANTIATE_TEST_SUITE_P(
    rows, openai_error,
    ::testing::Values(
        row{"key", 401,
            R"({"error":{"message":"Incorrect API key provided: sk-1***9.","type":"invalid_request_error","param":null,"code":"invalid_api_key"}})",
            "invalid_api_key",
            "HTTP 401" + from +
                " (invalid_api_key): Incorrect API key provided: sk-1***9. Set OPENAI_API_KEY, or "
                "the "
                "client's api_key, to a key of this server."},
        row{"model", 404,
            R"({"error":{"message":"The model does not exist","code":"model_not_found"}})",
            "model_not_found",
            "HTTP 404" + from +
                " (model_not_found): The model does not exist. Check the model name 'gpt-5-mini' "
                "and the "
                "base URL."},
        row{"rate", 429,
            R"({"error":{"message":"Rate limit reached","code":"rate_limit_exceeded"}})",
            "rate_limit_exceeded",
            "HTTP 429" + from +
                " (rate_limit_exceeded): Rate limit reached. Wait, then try again; send fewer "
                "requests at "
                "a time."},
        row{"quota", 429, R"({"error":{"message":"No credit.","type":"insufficient_quota"}})",
            "insufficient_quota",
            "HTTP 429" + from + " (insufficient_quota): No credit. Add credit to the account."},
        row{"bad", 400,
            R"({"error":{"message":"Unknown parameter: 'top_k'.","type":"invalid_request_error","code":"unknown_parameter"}})",
            "unknown_parameter",
            "HTTP 400" + from + " (unknown_parameter): Unknown parameter: 'top_k'."},
        row{"context", 400, R"({"error":{"message":"Too long","code":"context_length_exceeded"}})",
            "context_length_exceeded",
            "HTTP 400" + from +
                " (context_length_exceeded): Too long. Send less history, or use a model with a "
                "larger "
                "context."},
        row{"html", 502, "<html>\r\n<h1>Bad\tGateway</h1></html>\n", "",
            "HTTP 502" + from +
                ": <html> <h1>Bad Gateway</h1></html>. The server failed: try again later."},
        row{"empty", 503, "", "", "HTTP 503" + from + ". The server failed: try again later."},
        row{"fastapi", 422, R"({"detail":[{"loc":["body"],"msg":"field required"}]})", "",
            "HTTP 422" + from + R"(: [{"loc":["body"],"msg":"field required"}])"},
        row{"vllm", 400,
            R"({"object":"error","message":"bad","type":"BadRequestError","code":400})", "400",
            "HTTP 400" + from + " (400): bad"},
        row{"ollama", 404, R"({"error":"model 'x' not found"})", "",
            "HTTP 404" + from +
                ": model 'x' not found. Pull it with `ollama pull gpt-5-mini`, or check the model "
                "name and the base URL."},
        row{"gemini", 400,
            R"([{"error":{"code":400,"message":"API key not valid","status":"INVALID_ARGUMENT"}}])",
            "INVALID_ARGUMENT", "HTTP 400" + from + " (INVALID_ARGUMENT): API key not valid"},
        row{"large", 413, "", "", "HTTP 413" + from + ". Send less history or smaller media."}),
    [](const auto& r) { return std::string(r.param.name); });

TEST(openai_errors, are_short_and_valid_text) {
  const provider_error e = error_from({.status = 500, .body = "\xFF\x01" + std::string(5000, 'x')});
  EXPECT_LT(std::string_view(e.what()).size(), 600U);
  EXPECT_TRUE(std::string_view(e.what()).starts_with("HTTP 500: \xEF\xBF\xBD xxx")) << e.what();
  EXPECT_EQ(e.body().size(), 5002U);
}

TEST(openai_errors, say_how_long_to_wait) {
  const provider_error e = error_from({.status = 429, .headers = {.retry_after = "2"}});
  EXPECT_EQ(e.retry_after(), milliseconds(2000));
  EXPECT_EQ(std::string_view(e.what()), "HTTP 429. Wait 2000 ms, then try again.");
}

TEST(openai_retry_delay, is_read_from_every_header) {
  using namespace std::chrono;
  const auto now = sys_days(2026y / November / 23) + 8h + 30min + 500ms;
  struct delay_row {
    answer_headers headers;
    std::optional<milliseconds> delay;
  };
  const std::vector<delay_row> rows = {
      {{}, std::nullopt},
      {{.retry_after_ms = "250"}, 250ms},
      {{.retry_after_ms = "250.2", .retry_after = "9"}, 251ms},
      {{.retry_after_ms = "x", .retry_after = "9"}, 9s},
      {{.retry_after = " 0 "}, 0ms},
      {{.retry_after = "1.5"}, 1500ms},
      {{.retry_after = "-1"}, std::nullopt},
      {{.retry_after = "nan"}, std::nullopt},
      {{.retry_after = "inf"}, std::nullopt},
      {{.retry_after = "1e300"}, milliseconds(hours(366 * 24))},
      {{.retry_after = "soon"}, std::nullopt},
      {{.retry_after = "Mon, 23 Nov 2026 08:30:10 GMT"}, 9500ms},
      {{.retry_after = "Mon, 23 Nov 2026 08:00:00 GMT"}, 0ms},
      {{.retry_after = "Mon, 23 Nov"}, std::nullopt},
      {{.limits = {.requests_left = 0, .requests_reset = 6min}}, 6min},
      {{.limits = {.requests_left = 5, .requests_reset = 6min}}, std::nullopt},
      {{.limits = {.requests_left = 0,
                   .tokens_left = 0,
                   .requests_reset = 1s,
                   .tokens_reset = 1h + 2min + 3500ms}},
       1h + 2min + 3500ms},
      {{.limits = {.tokens_left = 0, .tokens_reset = 20ms}}, 20ms},
      {{.limits = {.tokens_left = 0}}, std::nullopt},
      {{.retry_after = "9", .limits = {.tokens_left = 0, .tokens_reset = 20ms}}, 9s},
  };
  for (auto r : rows) {
    r.headers.now = now;
    EXPECT_EQ(retry_delay(r.headers), r.delay)
        << r.headers.retry_after_ms << "|" << r.headers.retry_after;
  }
}

TEST(openai_errors, name_the_request) {
  struct id_row {
    http::header_list headers;
    std::string body;
    std::string id;
  };
  for (const auto& r : std::vector<id_row>{
           {{{"x-request-id", "req_1"}}, "", "req_1"},
           {{{"Request-Id", "req_018E"}}, R"({"request_id":"other"})", "req_018E"},
           {{{"apim-request-id", "a-1"}}, "", "a-1"},
           {{{"x-goog-request-id", "g-1"}}, "", "g-1"},
           {{{"mistral-correlation-id", "m-1"}}, "", "m-1"},
           {{}, R"({"type":"error","error":{"message":"No"},"request_id":"req_b"})", "req_b"},
           {{}, R"({"request_id":7})", ""},
           {{{"x-request-id", " "}}, "no JSON", ""},
       }) {
    const http::response_head head{.status = 400, .headers = r.headers, .http_version = "2"};
    const provider_error e = error_from(
        {.status = 400,
         .body = r.body,
         .headers = providers::answer_headers_of(head, std::chrono::system_clock::time_point())});
    EXPECT_EQ(e.request_id(), r.id);
    EXPECT_EQ(std::string_view(e.what()).ends_with(". Request " + r.id + "."), !r.id.empty())
        << e.what();
  }
  const provider_error e = error_from(
      {.status = 429, .headers = {.retry_after = "2", .request_id = "req_1\r\nX: y\xFF"}});
  EXPECT_EQ(std::string_view(e.what()),
            "HTTP 429. Wait 2000 ms, then try again. Request req_1 X: y\xEF\xBF\xBD.");
}

}  // namespace
}  // namespace skein::openai::test
