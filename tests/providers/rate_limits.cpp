// What the head of an answer says of limits comes with the answer.
#include <string>

#include <gtest/gtest.h>

#include <skein/async/run.hpp>
#include <skein/async/simulated_runtime.hpp>
#include <skein/providers/openai.hpp>

#include "providers/common/rate_limit_headers.hpp"

namespace skein::providers::test {
namespace {

TEST(rate_limit_headers, are_read_by_all_their_names) {
  const auto read = [](http::header_list headers) {
    return rate_limits_of({.status = 200, .headers = std::move(headers), .http_version = "2"}, {});
  };
  EXPECT_TRUE(read({}).empty());
  EXPECT_EQ(read({{"X-RateLimit-Limit-Requests", "60"},
                  {"x-ratelimit-remaining-requests", " 59 "},
                  {"x-ratelimit-limit-tokens", "150000"},
                  {"x-ratelimit-remaining-tokens", "149984"}}),
            (rate_limits{
                .requests = 60, .requests_left = 59, .tokens = 150'000, .tokens_left = 149'984}));
  EXPECT_EQ(
      read({{"anthropic-ratelimit-requests-limit", "50"},
            {"anthropic-ratelimit-requests-remaining", "0"},
            {"anthropic-ratelimit-tokens-limit", "40000"},
            {"anthropic-ratelimit-tokens-remaining", "39000"}}),
      (rate_limits{.requests = 50, .requests_left = 0, .tokens = 40'000, .tokens_left = 39'000}));
  EXPECT_TRUE(read({{"x-ratelimit-limit-requests", "many"},
                    {"x-ratelimit-remaining-requests", "-1"},
                    {"x-ratelimit-limit-tokens", ""},
                    {"x-ratelimit-remaining-tokens", "1e3"}})
                  .empty());
}

TEST(rate_limit_headers, say_when_all_is_there_again) {
  using namespace std::chrono;
  const auto now = sys_days(2026y / November / 23) + 8h + 30min + 500ms;
  struct row {
    http::header_list headers;
    std::optional<milliseconds> requests;
    std::optional<milliseconds> tokens = {};
  };
  const std::string reset = "anthropic-ratelimit-requests-reset";
  for (const auto& r : std::vector<row>{
           {{{"x-ratelimit-reset-requests", "1s"}, {"X-RateLimit-Reset-Tokens", "6m0s"}}, 1s, 6min},
           {{{"x-ratelimit-reset-requests", "8.64s"}}, 8640ms},
           {{{"x-ratelimit-reset-requests", "2m59.56s"}}, 2min + 59560ms},
           {{{"x-ratelimit-reset-requests", "12ms"}}, 12ms},
           {{{"x-ratelimit-reset-requests", "soon"}}, std::nullopt},
           {{{"x-ratelimit-reset-requests", "-1s"}}, std::nullopt},
           {{{reset, "2026-11-23T08:31:00Z"},
             {"anthropic-ratelimit-tokens-reset", "2026-11-23T08:30:02Z"}},
            59500ms,
            1500ms},
           {{{reset, "2026-11-23T08:30:01.2504Z"}}, 751ms},
           {{{reset, "2026-11-23t09:30:01+01:00"}}, 500ms},
           {{{reset, "2026-11-23T08:29:00Z"}}, 0ms},
           // By the clock of the server, which may be another.
           {{{reset, "2026-11-23T10:00:30Z"}, {"Date", "Mon, 23 Nov 2026 10:00:10 GMT"}}, 20s},
           {{{reset, "2026-11-23T08:31:00Z"}, {"Date", "yesterday"}}, 59500ms},
           {{{reset, "2026-11-23"}}, std::nullopt},
           {{{reset, "2026-11-23T08:31:00"}}, std::nullopt},
           {{{reset, "2026-11-23T08:31:00Zx"}}, std::nullopt},
           {{{reset, "2026-11-23T08:31:00.Z"}}, std::nullopt},
           {{{reset, "2026-13-23T08:31:00Z"}}, std::nullopt},
           {{{reset, ""}}, std::nullopt},
       }) {
    SCOPED_TRACE(r.headers[0].second);
    const auto read =
        rate_limits_of({.status = 200, .headers = r.headers, .http_version = "2"}, now);
    EXPECT_EQ(read.requests_reset, r.requests);
    EXPECT_EQ(read.tokens_reset, r.tokens);
  }
}

class one_answer final : public http::transport {
 public:
  one_answer(std::string type, std::string body) : type_(std::move(type)), body_(std::move(body)) {}
  stream<std::string_view> send(http::request, http::response_head& head) override {
    head = {.status = 200,
            .headers = {{"content-type", type_}, {"x-ratelimit-remaining-tokens", "7"}},
            .http_version = "2"};
    return play(body_);
  }

 private:
  static stream<std::string_view> play(std::string_view body) {
    co_yield body.substr(0, 20);
    co_yield body.substr(20);
  }
  std::string type_;
  std::string body_;
};

TEST(rate_limit_headers, come_once_with_what_names_the_answer) {
  for (const bool streaming : {true, false}) {
    one_answer transport(
        streaming ? "text/event-stream" : "application/json",
        streaming
            ? "data: {\"id\":\"1\",\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\n"
              "data: {\"id\":\"1\",\"model\":\"m\",\"choices\":[{\"delta\":{\"content\":\"b\"},"
              "\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n"
            : "{\"id\":\"1\",\"model\":\"m\",\"choices\":[{\"message\":{\"content\":\"ab\"},"
              "\"finish_reason\":\"stop\"}]}");
    openai::client model(
        {.model = "m", .api_key = "key", .base_url = "http://here/v1", .transport = &transport});
    simulated_runtime rt(1);
    std::vector<rate_limits> said;
    std::string text;
    sync_wait(rt,
              [](chat_client& from, bool whole, std::vector<rate_limits>& to,
                 std::string& all) -> task<> {
                auto answer =
                    from.stream({.messages = {user_message("hi")}}, {.streaming = !whole});
                while (auto* u = co_await answer.next()) {
                  const auto* started = std::get_if<response_started>(u);
                  if (started != nullptr && !started->limits.empty()) to.push_back(started->limits);
                  all += u->text();
                }
              }(model, !streaming, said, text));
    EXPECT_EQ(text, "ab");
    EXPECT_EQ(said, std::vector<rate_limits>{{.tokens_left = 7}});
  }
}

}  // namespace
}  // namespace skein::providers::test
