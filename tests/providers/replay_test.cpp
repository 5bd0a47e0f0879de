// Cassettes: what is recorded is replayed, piece by piece and at the same times; a request that
// differs stops the run; no secret gets into the file.
#include <atomic>
#include <chrono>
#include <filesystem>
#include <format>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <tuple>
#include <unistd.h>
#include <utility>
#include <vector>

#include <gmock/gmock.h>

#include <skein/async/run.hpp>
#include <skein/async/simulated_runtime.hpp>
#include <skein/async/time.hpp>
#include <skein/async/when.hpp>
#include <skein/chat/message_json.hpp>
#include <skein/providers/openai.hpp>
#include <skein/providers/replay.hpp>
#include <skein/telemetry/install.hpp>
#include <skein/telemetry/ledger.hpp>
#include <skein/telemetry/tree.hpp>
#include <skein/testing/model_server.hpp>
#include <skein/testing/scripted_transport.hpp>

namespace skein::replay::test {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;

class cassette_file {
 public:
  cassette_file() {
    static std::atomic<int> next = 0;
    path_ = std::filesystem::temp_directory_path() /
            std::format("skein-cassette-{}-{}", getpid(), next++);
  }
  ~cassette_file() { std::filesystem::remove(path_); }
  cassette_file(const cassette_file&) = delete;
  cassette_file& operator=(const cassette_file&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  [[nodiscard]] std::string text() const {
    std::ifstream in(path_, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  void write(std::string_view text) const { std::ofstream(path_, std::ios::binary) << text; }

 private:
  std::filesystem::path path_;
};

// One answer, piece by piece.
struct fixed_transport final : http::transport {
  http::response_head answer{
      .status = 200, .headers = {{"Content-Type", "text/plain"}}, .http_version = "2"};
  std::vector<std::pair<std::chrono::microseconds, std::string>> pieces;
  std::optional<transport_error> failure;

  skein::stream<std::string_view> send(http::request, http::response_head& head) override {
    co_await sleep_for(2500us);
    head = answer;
    co_yield std::string_view();
    for (const auto& [after, piece] : pieces) {
      co_await sleep_for(after);
      co_yield std::string_view(piece);
    }
    if (failure) throw *failure;
  }
};

// Everything that a consumer sees of an exchange.
struct seen {
  int status = 0;
  http::header_list headers;
  std::vector<std::pair<std::chrono::microseconds, std::string>> pieces;
  std::string end;  // empty if it was well
  std::chrono::microseconds ended{};
  friend bool operator==(const seen&, const seen&) = default;
};

task<seen> look(http::transport& through, http::request r, std::size_t leave_after = 1000) {
  seen s;
  http::response_head head;
  const auto sent = runtime::current()->now();
  auto since = [&] {
    return std::chrono::floor<std::chrono::microseconds>(runtime::current()->now() - sent);
  };
  auto pieces = through.send(std::move(r), head);
  try {
    while (auto* piece = co_await pieces.next()) {
      if (!piece->empty()) s.pieces.emplace_back(since(), *piece);
      if (s.pieces.size() == leave_after) break;
    }
  } catch (const error& e) {
    s.end = e.type() + ": " + e.what();
  } catch (const cancelled& e) {
    s.end = e.what();
  }
  s.ended = since();
  s.status = head.status;
  s.headers = head.headers;
  co_return s;
}

http::request asking(std::string body = R"({"model":"m","messages":[{"content":"Oslo?"}]})") {
  return {
      .url = "http://host/v1/chat", .headers = {{"Accept", "text/plain"}}, .body = std::move(body)};
}

template <class T>
T simulate(task<T> work) {
  simulated_runtime rt(1);
  return sync_wait(rt, std::move(work));
}

seen recorded(http::transport& through, const cassette_file& file, http::request r = asking()) {
  recorder recording(through, file.path());
  auto s = simulate(look(recording, std::move(r)));
  recording.check();
  return s;
}

TEST(Replay, ACassetteIsReadable) {
  fixed_transport server;
  server.pieces = {{100us, "data: \"Grüße\"\n\n"}, {1s, "\xff\x01"}};
  cassette_file file;
  std::ignore = recorded(server, file);
  EXPECT_EQ(file.text(),
            R"({"cassette":1}
{"exchange":1,"method":"POST","url":"http://host/v1/chat","headers":["Accept: text/plain"],"json":{"model":"m","messages":[{"content":"Oslo?"}]}}
{"ms":2.5,"status":200,"http":"2","headers":["Content-Type: text/plain"]}
{"ms":2.6,"text":"data: \"Grüße\"\n\n"}
{"ms":1002.6,"base64":"/wE="}
{"ms":1002.6,"end":"complete"}
)");
}

TEST(Replay, TheSamePiecesAtTheSameTimesWithTheSameEnd) {
  struct {
    std::vector<std::pair<std::chrono::microseconds, std::string>> pieces;
    int status = 200;
    std::optional<transport_error> failure = {};
  } const table[] = {
      {{}},
      {{{1ms, "all at once"}}},
      {{{0us, "a"}, {0us, "b"}, {70s, "\xe2\x98"}, {1us, "\x80"}, {0us, std::string("\0\r\n", 3)}}},
      {{{1ms, "{\"error\":{}}"}}, 429},
      {{{1ms, "cut he"}}, 200, transport_error("host:80: closed", "connection_closed")},
      {{}, 200, transport_error("host:80: silence", "timeout")},
  };
  for (const auto& [pieces, status, failure] : table) {
    fixed_transport server;
    server.pieces = pieces;
    server.answer.status = status;
    server.answer.headers.emplace_back("Retry-After", "3");
    server.failure = failure;
    cassette_file file;
    const auto first = recorded(server, file);
    EXPECT_EQ(first.pieces.size(), pieces.size());
    player again(file.path());
    EXPECT_EQ(simulate(look(again, asking())), first);
    EXPECT_NO_THROW(again.expect_all_used());
  }
}

TEST(Replay, AServerThatCannotBeReachedCannotBeReachedAgain) {
  struct unreachable final : http::transport {
    skein::stream<std::string_view> send(http::request, http::response_head&) override {
      co_await sleep_for(30s);
      throw transport_error("host:80: no connection", "connect_failed");
      co_yield std::string_view();
    }
  } nobody;
  cassette_file file;
  const auto first = recorded(nobody, file);
  EXPECT_EQ(first.end, "connect_failed: host:80: no connection");
  player again(file.path());
  EXPECT_EQ(simulate(look(again, asking())), first);
}

TEST(Replay, WhereTheConsumerLeftNobodyGetsMore) {
  fixed_transport server;
  server.pieces = {{1ms, "one"}, {1ms, "two"}, {1ms, "three"}};
  cassette_file file;
  {
    recorder recording(server, file.path());
    EXPECT_EQ(simulate(look(recording, asking(), 2)).pieces.size(), 2u);
  }
  EXPECT_THAT(file.text(), HasSubstr("\"end\":\"left\""));
  player again(file.path());
  const auto s = simulate(look(again, asking()));
  EXPECT_EQ(s.pieces.size(), 2u);
  EXPECT_THAT(s.end, HasSubstr("replay_mismatch"));
  EXPECT_EQ(simulate(look(*std::make_unique<player>(file.path()), asking(), 2)).end, "");
}

TEST(Replay, ADeadlineThatPassedPassesAgain) {
  fixed_transport server;
  server.pieces = {{1ms, "one"}, {1h, "never"}};
  auto hurried = [](http::transport& t) -> task<seen> {
    co_return co_await with_deadline(20ms, look(t, asking()));
  };
  cassette_file file;
  recorder recording(server, file.path());
  const auto first = simulate(hurried(recording));
  EXPECT_EQ(first.end, "deadline passed");
  player again(file.path());
  EXPECT_EQ(simulate(hurried(again)), first);
}

TEST(Replay, ARequestThatDiffersStopsAndSaysWhere) {
  fixed_transport server;
  struct {
    http::request then;
    http::request now;
    difference expected;
  } const table[] = {
      {asking(),
       asking(R"({"model":"m","messages":[{"content":"Rome?"}]})"),
       {"$.messages[0].content", "\"Oslo?\"", "\"Rome?\""}},
      {asking(),
       asking(R"({"model":"m","messages":[{"content":"Oslo?"}],"n e w":[1]})"),
       {"$[\"n e w\"]", "nothing", "[1]"}},
      {asking(), asking(R"({"messages":[{"content":"Oslo?"}]})"), {"$.model", "\"m\"", "nothing"}},
      {asking(),
       asking(R"({"model":"m","messages":[{"content":"Oslo?"},2.5]})"),
       {"$.messages[1]", "nothing", "2.5"}},
      {asking(R"({"a":"...................................................................x"})"),
       asking(R"({"a":"...................................................................y"})"),
       {"$.a", "…\"........................x\"", "…\"........................y\""}},
      {asking("plain é text"),
       asking("plain è text"),
       {"byte 7", "\"plain é text\"", "\"plain è text\""}},
      {asking(),
       asking("no JSON"),
       {"byte 0", R"("{\"model\":\"m\",\"messages\":[{\"content\":\"Oslo?\"}]}")", "\"no JSON\""}},
      {asking(),
       {.method = "PUT", .url = "http://host/v1/chat"},
       {"method", "\"POST\"", "\"PUT\""}},
      {asking(),
       {.url = "http://host/v2/chat"},
       {"url", "\"http://host/v1/chat\"", "\"http://host/v2/chat\""}},
      {asking(),
       {.url = "http://host/v1/chat", .headers = {{"accept", "x"}}},
       {"header Accept", "\"text/plain\"", "\"x\""}},
      {asking(),
       {.url = "http://host/v1/chat", .headers = {{"Accept", "text/plain"}, {"beta", "1"}}},
       {"header beta", "nothing", "\"1\""}},
  };
  for (const auto& [then, now, expected] : table) {
    cassette_file file;
    std::ignore = recorded(server, file, then);
    player again(file.path());
    auto failing = [](http::transport& t, http::request r) -> task<> {
      http::response_head head;
      auto pieces = t.send(std::move(r), head);
      co_await pieces.next();
    };
    simulated_runtime rt(1);
    try {
      sync_wait(rt, failing(again, now));
      ADD_FAILURE() << expected.where;
    } catch (const mismatch& e) {
      EXPECT_EQ(e.difference().where, expected.where);
      EXPECT_EQ(e.difference().recorded, expected.recorded);
      EXPECT_EQ(e.difference().now, expected.now);
      EXPECT_THAT(e.what(), HasSubstr(file.path().string() + ":2"));
      EXPECT_THAT(e.what(), HasSubstr(expected.now));
    }
    EXPECT_EQ(again.unused(), 1u);
    EXPECT_THROW(again.expect_all_used(), mismatch);
    EXPECT_EQ(simulate(look(again, then)).end, "");
    EXPECT_THAT(simulate(look(again, then)).end, HasSubstr("all 1 exchanges"));
  }
}

TEST(Replay, WhoAsksAndTheOrderOfMembersMakeNoDifference) {
  fixed_transport server;
  cassette_file file;
  auto then = asking(R"({"a":1,"b":[2.50]})");
  then.headers.emplace_back("Authorization", "Bearer abc");
  then.headers.emplace_back("OpenAI-Organization", "one");
  std::ignore = recorded(server, file, then);
  auto now = asking(R"({ "b": [2.5], "a": 1 })");
  now.headers.emplace_back("User-Agent", "other");
  player again(file.path());
  EXPECT_EQ(simulate(look(again, now)).end, "");
}

TEST(Replay, NoSecretIsWritten) {
  const std::string canaries[] = {"canary-one-0123456789", "canary-two-0123456789",
                                  "canary-three-01234567", "canary-four-012345678",
                                  "canary-five-012345678", "canary-six-0123456789",
                                  "canary-seven-01234567"};
  fixed_transport server;
  server.answer.headers = {{"Set-Cookie", canaries[3]},
                           {"x-ratelimit-remaining-tokens", "17"},
                           {"x-echo", "you sent " + canaries[0]}};
  server.pieces = {{0us, "your key canary-one-01"}, {0us, "23456789 is wrong, " + canaries[1]}};
  server.failure =
      transport_error("http://u:" + canaries[4] + "@host: closed", "connection_closed");
  cassette_file file;
  const http::request r{.url = "https://user:" + canaries[4] +
                               "@host/v1/m:stream?alt=sse&key=" + canaries[5] + "&x=1",
                        .headers = {{"Authorization", "Bearer " + canaries[0]},
                                    {"x-api-key", canaries[1]},
                                    {"X-Goog-Api-Key", canaries[2]},
                                    {"api-key", canaries[6]},
                                    {"Cookie", canaries[3]},
                                    {"anthropic-version", "2023-06-01"}},
                        .body = R"({"mine":")" + canaries[0] + R"("})"};
  const auto first = recorded(server, file, r);
  const auto text = file.text();
  for (const auto& canary : canaries) EXPECT_THAT(text, Not(HasSubstr(canary.substr(7))));
  EXPECT_THAT(text, Not(HasSubstr("23456789")));
  EXPECT_THAT(text, HasSubstr(R"("url":"https://host/v1/m:stream?alt=sse&x=1")"));
  EXPECT_THAT(text, HasSubstr(R"(["anthropic-version: 2023-06-01"])"));
  EXPECT_THAT(text, HasSubstr(R"("x-ratelimit-remaining-tokens: 17")"));

  // Without any of them it is the same request, and the pieces are cut where they were.
  player again(file.path());
  const auto second = simulate(
      look(again, {.url = "https://host/v1/m:stream?alt=sse&x=1",
                   .headers = {{"anthropic-version", "2023-06-01"}},
                   .body = R"({"mine":")" + std::string(canaries[0].size(), '*') + R"("})"}));
  ASSERT_EQ(second.pieces.size(), 2u);
  EXPECT_EQ(second.pieces[0].second, "your key *************");
  EXPECT_EQ(second.pieces[1].second, "******** is wrong, *********************");
}

TEST(Replay, ExchangesSideBySideComeInAnyOrder) {
  testing::scripted_transport server(testing::turns({{.text = "one"}, {.text = "two"}}),
                                     {.piece = 0});
  auto both = [](http::transport& t, bool swapped) -> task<std::vector<seen>> {
    auto a = asking(R"({"model":"a","stream":true,"messages":[]})");
    auto b = asking(R"({"model":"b","stream":true,"messages":[]})");
    if (swapped) std::swap(a, b);
    auto [x, y] = co_await when_all(look(t, a), look(t, b));
    if (swapped) std::swap(x, y);
    std::vector<seen> out;
    out.push_back(std::move(x));
    out.push_back(std::move(y));
    co_return out;
  };
  cassette_file file;
  std::vector<seen> first;
  {
    recorder recording(server, file.path());
    first = simulate(both(recording, false));
  }
  for (const bool swapped : {false, true}) {
    player again(file.path());
    EXPECT_EQ(simulate(both(again, swapped)), first);
    EXPECT_EQ(again.unused(), 0u);
  }
}

TEST(Replay, OfEqualRequestsTheFirstAnswerComesFirst) {
  struct counting final : http::transport {
    int asked = 0;
    skein::stream<std::string_view> send(http::request, http::response_head& head) override {
      head.status = ++asked == 1 ? 429 : 200;
      co_yield std::string_view();
      co_yield std::string_view(std::to_string(asked));
    }
  } server;
  auto twice = [](http::transport& t) -> task<std::vector<seen>> {
    std::vector<seen> all;
    for (int i = 0; i < 2; ++i) all.push_back(co_await look(t, asking()));
    co_return all;
  };
  cassette_file file;
  recorder recording(server, file.path());
  const auto first = simulate(twice(recording));
  EXPECT_NE(first[0], first[1]);
  player again(file.path());
  EXPECT_EQ(simulate(twice(again)), first);
}

TEST(Replay, AFileCutAnywhereIsReadAsFarAsItGoes) {
  fixed_transport server;
  server.pieces = {{1ms, "one"}, {1ms, "\xff"}};
  cassette_file file;
  std::ignore = recorded(server, file);
  const auto text = file.text();
  const auto request_end = text.find('\n', text.find('\n') + 1);
  for (std::size_t size = 0; size < text.size(); ++size) {
    SCOPED_TRACE(size);
    file.write(text.substr(0, size));
    if (size <= text.find('\n')) {
      EXPECT_THROW(player(file.path()), schema_error);
      continue;
    }
    player cut(file.path());
    EXPECT_EQ(cut.unused(), size > request_end ? 1u : 0u);
    if (size <= request_end) continue;
    const auto s = simulate(look(cut, asking()));
    EXPECT_THAT(s.end, HasSubstr("replay_mismatch"));  // never taken for a whole answer
  }
}

TEST(Replay, WhatIsNoCassetteIsRefusedWithThePlace) {
  const std::pair<const char*, const char*> table[] = {
      {"hello\n", ":1"},
      {"{}\n", "it is no cassette"},
      {"{\"cassette\":2}\n", "version 2"},
      {"{\"cassette\":1}\n{\"ms\":1,\"end\":\"complete\"}\n", ":2: the line: it belongs to no"},
      {"{\"cassette\":1}\n{\"exchange\":1}\n{\"ms\":1,\"end\":\"well\"}\n",
       "'well' is not complete"},
      {"{\"cassette\":1}\n{\"exchange\":1}\n{\"end\":\"complete\"}\n", ":3: ms: it is missing"},
      {"{\"cassette\":1}\n{\"exchange\":1}\n{\"ms\":-1,\"end\":\"left\"}\n", "no time since"},
      {"{\"cassette\":1}\n{\"exchange\":1}\n{\"ms\":1e13,\"end\":\"left\"}\n", "no time since"},
      {"{\"cassette\":1}\n{\"exchange\":1}\n{\"ms\":1,\"status\":99}\n", ":3: status: 99 is no"},
      {"{\"cassette\":1}\n{\"exchange\":1}\n{\"ms\":1,\"status\":4294967496}\n", "status"},
      {"{\"cassette\":1}\n{\"exchange\":1}\n{\"ms\":1,\"text\":\"\"}\n", "the head of the answer"},
      {"{\"cassette\":1}\n{\"exchange\":1,\"headers\":[\"x\"]}\n", "'x' is no header"},
      {"{\"cassette\":1}\n{\"exchange\":1,\"base64\":\"%\"}\n", "not base64"},
      {"{\"cassette\":1}\n{\"exchange\":1,\"color\":\"red\"}\n", "color"},
  };
  for (const auto& [text, expected] : table) {
    cassette_file file;
    file.write(text);
    try {
      player none(file.path());
      ADD_FAILURE() << text;
    } catch (const schema_error& e) {
      EXPECT_THAT(e.what(), HasSubstr(file.path().string()));
      EXPECT_THAT(e.what(), HasSubstr(expected));
    }
  }
  EXPECT_THROW(player("/no/such/folder/file"), usage_error);
  EXPECT_THROW(player{std::filesystem::temp_directory_path()}, usage_error);
  fixed_transport server;
  EXPECT_THROW(recorder(server, "/no/such/folder/file"), usage_error);
}

TEST(Replay, ADiskThatIsFullIsSaid) {
  fixed_transport server;
  EXPECT_THROW(recorder(server, "/dev/full"), usage_error);
}

// What a run of a client comes to: what it says, how that was cut, and its spans.
struct run_of_client {
  std::string answer;
  std::vector<std::string> texts;
  std::string tree;
  friend bool operator==(const run_of_client&, const run_of_client&) = default;
};

task<run_of_client> ask(chat_client& model) {
  run_of_client out;
  auto answer = model.stream({.messages = {user_message("hi")}});
  try {
    while (auto* update = co_await answer.next()) {
      if (auto* text = std::get_if<text_delta>(update)) out.texts.push_back(text->text);
    }
    out.answer = "complete ";
  } catch (const error& e) {
    out.answer = e.type() + " " + e.what() + " ";
  }
  out.answer += json::serialize(message_to_json(answer.response().message));
  co_return out;
}

run_of_client run_client(http::transport& through, const std::string& url) {
  telemetry::span_ledger ledger;
  telemetry::scoped_provider provider(ledger);
  openai::client model(
      {.model = "scripted", .api_key = "sk-test", .base_url = url, .transport = &through});
  auto out = sync_wait(ask(model));
  out.tree = telemetry::render_tree(ledger.records(), telemetry::golden_tree);
  return out;
}

// A client against a server, then the same client with nothing behind it.
TEST(Replay, AClientCannotTellTheCassetteFromTheServer) {
  telemetry::install();
  using testing::fault_kind;
  const testing::fault table[] = {{},
                                  {fault_kind::cut, 900},
                                  {fault_kind::reset, 900},
                                  {fault_kind::malformed, 2},
                                  {fault_kind::rate_limited},
                                  {fault_kind::server_error},
                                  {fault_kind::no_done},
                                  {fault_kind::error_event, 2}};
  for (const auto& fault : table) {
    SCOPED_TRACE(static_cast<int>(fault.kind));
    cassette_file file;
    run_of_client first;
    std::string url;
    {
      testing::model_server server(
          testing::turns({{.text = "Hello, world: 東京 🌧", .fault = fault, .chunk_size = 3}}));
      url = server.url();
      http::client_options options;
      options.proxy = "";
      http::client client(options);
      http::client_transport transport(client);
      recorder recording(transport, file.path());
      first = run_client(recording, url);
      recording.check();
    }
    EXPECT_THAT(file.text(), Not(HasSubstr("sk-test")));
    player again(file.path());
    EXPECT_EQ(run_client(again, url), first);
    EXPECT_EQ(again.unused(), 0u);
    EXPECT_THAT(first.tree, HasSubstr("chat scripted"));
  }
}

}  // namespace
}  // namespace skein::replay::test
