// Requests go out and bodies come in whole, over connections that are kept.
#include <format>
#include <vector>

#include <gmock/gmock.h>

#include <skein/async/simulated_runtime.hpp>
#include <skein/testing/openai_bytes.hpp>

#include "http/client_fixture.hpp"

namespace skein::http::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

testing::responder long_answer(std::size_t characters) {
  return [characters](const auto&) {
    return testing::scripted_turn{.text = std::string(characters, 'x'), .chunk_size = 100};
  };
}

SKEIN_HTTP_SUITE(ClientStream);

TEST_P(ClientStream, TheBodyArrivesWholeAndInPieces) {
  testing::model_server server([](const auto&) {
    return testing::scripted_turn{.chunks = std::vector<std::string>(50, "word "),
                                  .chunk_delay = 1ms};
  });
  client c(options_for_test());
  auto work = [&]() -> task<std::string> {
    auto x = c.send(chat_request(server));
    const auto& head = co_await x.head();
    EXPECT_EQ(head.status, 200);
    EXPECT_EQ(head.http_version, "1.1");
    EXPECT_THAT(std::string(head.header("CONTENT-type").value_or("")),
                HasSubstr("text/event-stream"));
    EXPECT_EQ(head.header("no-such-header"), std::nullopt);
    std::string all;
    std::size_t pieces = 0;
    while (auto piece = co_await x.next()) {
      EXPECT_FALSE(piece->empty());
      all += *piece;
      ++pieces;
    }
    EXPECT_GT(pieces, 10U);
    EXPECT_EQ(co_await x.next(), std::nullopt);
    co_return all;
  };
  const auto body = run(work());
  std::size_t events = 0;
  for (auto at = body.find("word "); at != std::string::npos; at = body.find("word ", at + 1))
    ++events;
  EXPECT_EQ(events, 50U);
  EXPECT_TRUE(body.ends_with("data: [DONE]\n\n"));
}

TEST_P(ClientStream, NextAloneWaitsForTheHeadToo) {
  testing::model_server server(long_answer(10));
  client c(options_for_test());
  auto work = [&]() -> task<> {
    auto x = c.send(chat_request(server));
    EXPECT_TRUE((co_await x.next()).has_value());
    EXPECT_EQ((co_await x.head()).status, 200);
  };
  run(work());
}

TEST_P(ClientStream, AnExchangeThatIsNeverAwaitedSendsNothing) {
  raw_server server([&](peer& p) { p.until_closed(); });
  client c(options_for_test());
  { auto x = c.send({.url = server.url()}); }
  EXPECT_EQ(c.open_exchanges(), 0U);
  EXPECT_EQ(server.counts().accepted, 0U);
}

TEST_P(ClientStream, ExchangesOneAfterAnotherShareAConnection) {
  testing::model_server server(long_answer(1000));
  client c(options_for_test());
  auto work = [&]() -> task<> {
    for (int i = 0; i < 5; ++i) co_await fetch(c, chat_request(server));
  };
  run(work());
  EXPECT_EQ(server.counters().requests, 5U);
  EXPECT_EQ(server.counters().accepted_connections, 1U);
  EXPECT_EQ(c.open_connections(), 1U);
  EXPECT_EQ(c.open_exchanges(), 0U);
}

TEST_P(ClientStream, FiftyAtOnce) {
  testing::model_server server([](const auto&) {
    return testing::scripted_turn{.chunks = std::vector<std::string>(20, "abc"),
                                  .chunk_delay = 1ms};
  });
  client c(options_for_test());
  auto one = [&](std::size_t& done) -> task<> {
    const auto body = co_await fetch(c, chat_request(server));
    EXPECT_TRUE(body.ends_with("data: [DONE]\n\n"));
    ++done;
  };
  std::vector<std::size_t> done(50, 0);
  auto work = [&]() -> task<> {
    task_group all;
    for (auto& d : done) all.spawn(one(d));
    co_await all.join();
  };
  run(work());
  EXPECT_EQ(std::ranges::count(done, 1U), 50);
  EXPECT_TRUE(server.wait_for([](const auto& n) { return n.completed_exchanges == 50; }, 10s));
  EXPECT_LE(c.open_connections(), c.options().pooled_connections);
}

TEST_P(ClientStream, MoreThanTheHostsConnectionsWaitForTheirTurnWithoutTimingOut) {
  testing::model_server server([](const auto&) {
    return testing::scripted_turn{.chunks = {"a", "b", "c"}, .chunk_delay = 60ms};
  });
  auto o = options_for_test();
  o.max_connections_per_host = 1;
  o.timeouts.connect = 300ms;  // of which the last waits three times as much
  client c(o);
  auto one = [&]() -> task<> { co_await fetch(c, chat_request(server)); };
  auto work = [&]() -> task<> {
    task_group all;
    for (int i = 0; i < 4; ++i) all.spawn(one());
    co_await all.join();
  };
  run(work());
  EXPECT_TRUE(server.wait_for(
      [](const testing::server_counters& now) { return now.completed_exchanges == 4U; }, 10s));
  EXPECT_EQ(server.counters().accepted_connections, 1U);
}

struct sent_case {
  const char* name;
  request what;
  std::vector<const char*> there;
  std::vector<const char*> absent;
};
class ClientRequest : public ::testing::TestWithParam<sent_case> {};

TEST_P(ClientRequest, IsWrittenAsAsked) {
  std::string got;
  raw_server server([&](peer& p) {
    got = p.request();
    p.write(answer(GetParam().what.method == "HEAD" ? "" : "ok"));
  });
  client c(options_for_test());
  auto r = GetParam().what;
  r.url = server.url("/v1/x?y=1");
  EXPECT_EQ(sync_wait(fetch(c, r)), r.method == "HEAD" ? "" : "ok");
  EXPECT_TRUE(got.starts_with(r.method + " /v1/x?y=1 HTTP/1.1\r\n")) << got;
  for (const auto* t : GetParam().there) EXPECT_THAT(got, HasSubstr(t));
  for (const auto* t : GetParam().absent) EXPECT_THAT(got, Not(HasSubstr(t)));
}

INSTANTIATE_TEST_SUITE_P(
    Requests, ClientRequest,
    ::testing::Values(
        sent_case{"Post",
                  {.body = "{}"},
                  {"Content-Length: 2\r\n", "\r\n\r\n{}", "Accept-Encoding: identity\r\n",
                   "User-Agent: skein\r\n"},
                  {"Expect", "Content-Type", "Transfer-Encoding"}},
        sent_case{"LargePost",
                  {.body = std::string(3'000'000, 'b')},
                  {"Content-Length: 3000000\r\n"},
                  {"Expect"}},
        sent_case{"EmptyPost", {}, {"Content-Length: 0\r\n"}, {"Expect"}},
        sent_case{"Headers",
                  {.headers = {{"Content-Type", "application/json"},
                               {"X-Empty", ""},
                               {"Accept-Encoding", "gzip"}},
                   .body = "{}"},
                  {"Content-Type: application/json\r\n", "X-Empty:", "Accept-Encoding: gzip\r\n"},
                  {"identity"}},
        sent_case{"Get", {.method = "GET"}, {}, {"Content-Length"}},
        sent_case{"GetWithBody", {.method = "GET", .body = "q"}, {"Content-Length: 1\r\n"}, {}},
        sent_case{"Head", {.method = "HEAD"}, {}, {"Content-Length"}},
        sent_case{"Delete", {.method = "DELETE"}, {}, {"Content-Length"}},
        sent_case{"Put", {.method = "PUT", .body = "123"}, {"Content-Length: 3\r\n"}, {}}),
    [](const auto& test) { return test.param.name; });

TEST(ClientResponse, InterimHeadsAndTrailersAreNotTheHead) {
  raw_server server([](peer& p) {
    p.request();
    p.write(
        "HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\nHTTP/1.1 429 Too Many\r\nRetry-After: 7\r\n"
        "X-Folded: a\r\n  b\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nX-Trailer: "
        "t\r\n\r\n");
  });
  client c(options_for_test());
  auto work = [&]() -> task<> {
    auto x = c.send({.url = server.url()});
    const auto head = co_await x.head();
    EXPECT_EQ(head.status, 429);
    EXPECT_EQ(head.header("retry-after"), "7");
    EXPECT_EQ(head.header("x-folded"), "a b");
    EXPECT_EQ(head.header("link"), std::nullopt);
    EXPECT_EQ(co_await read_all(x), "hi");
    EXPECT_EQ((co_await x.head()).header("x-trailer"), std::nullopt);
  };
  sync_wait(work());
}

TEST(ClientResponse, RedirectsAreAnswers) {
  raw_server server([](peer& p) {
    p.request();
    p.write("HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n");
  });
  client c(options_for_test());
  auto work = [&]() -> task<int> {
    co_return (co_await c.send({.url = server.url()}).head()).status;
  };
  EXPECT_EQ(sync_wait(work()), 302);
  EXPECT_EQ(server.counts().accepted, 1U);
}

TEST(ClientResponse, ABodyWithoutLengthEndsWithTheConnection) {
  raw_server server([](peer& p) {
    p.request();
    p.write("HTTP/1.0 200 OK\r\n\r\nall of it");
  });
  client c(options_for_test());
  EXPECT_EQ(sync_wait(fetch(c, {.url = server.url()})), "all of it");
}

TEST(ClientResponse, APooledConnectionThatTheServerClosedIsReplaced) {
  raw_server server([&](peer& p) {
    p.request();
    p.write(answer("once"));
  });
  client c(options_for_test());
  asio_runtime rt;
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(sync_wait(rt, fetch(c, {.url = server.url()})), "once");
    EXPECT_TRUE(server.wait_for([](const auto& n) { return n.open == 0; }));
  }
  EXPECT_EQ(server.counts().accepted, 3U);
}

TEST(ClientSimulated, TheClientWorksOnVirtualTimeToo) {
  testing::model_server server(long_answer(5000));
  client c(options_for_test());
  for (std::uint64_t seed = 0; seed < 5; ++seed) {
    simulated_runtime rt(seed);
    EXPECT_TRUE(sync_wait(rt, fetch(c, chat_request(server))).ends_with("data: [DONE]\n\n"));
  }
}

}  // namespace
}  // namespace skein::http::test
