// Clients that come together, leave early, do not read or do not speak, and a server that goes
// first.
#include <chrono>
#include <deque>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <skein/core/error.hpp>
#include <skein/testing/openai_bytes.hpp>

#include "testing/peer.hpp"

namespace skein::testing {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

const scripted_turn endless{.text = "Hi", .fault = fault{.kind = fault_kind::stall, .at = 99999}};

TEST(clients, many_at_once_each_with_their_own_answer) {
  model_server server([](const json::value& request) {
    return scripted_turn{.text = std::string(200, request.at("model").as_string()[0]),
                         .chunk_size = 1,
                         .chunk_delay = 1ms};
  });
  const auto body = [](std::size_t i) {
    return std::string{R"({"stream":true,"messages":[],"model":")"} +
           static_cast<char>('a' + i % 26) + "\"}";
  };
  std::deque<peer> clients;
  for (std::size_t i = 0; i < 50; ++i) clients.emplace_back(server).send(post(body(i)));
  EXPECT_TRUE(server.wait_for([](const auto& now) { return now.requests == 50; }, patience));
  for (std::size_t i = 0; i < 50; ++i) {
    const scripted_turn turn{.text = std::string(200, static_cast<char>('a' + i % 26)),
                             .chunk_size = 1};
    EXPECT_EQ(read_answer(clients[i]).body, response_bytes(json::parse(body(i)), turn));
  }
  EXPECT_TRUE(
      server.wait_for([](const auto& now) { return now.completed_exchanges == 50; }, patience));
}

TEST(clients, whoever_leaves_is_noticed_in_every_state) {
  struct {
    const char* name;
    scripted_turn turn;
    bool blocked;
  } const cases[]{{"while stalling", endless, false},
                  {"before the first event", {.text = "Hi", .first_delay = 1h}, false},
                  {"between events", {.text = "Hi", .chunk_delay = 1h}, false},
                  {"while it does not read", long_turn(64 * 1024), true}};
  for (const auto& c : cases) {
    model_server server(turns({c.turn}));
    {
      peer client(server);
      client.send(post(streamed_hello));
      (void)client.read_until("\r\n\r\n");
      const auto blocked = c.blocked ? 1U : 0U;
      EXPECT_TRUE(server.wait_for(
          [&](const auto& now) { return now.blocked_connections == blocked; }, patience))
          << c.name;
      EXPECT_EQ(server.open_exchanges(), 1U) << c.name;
    }
    EXPECT_TRUE(server.wait_for_open_exchanges(0, patience)) << c.name;
    EXPECT_TRUE(server.wait_for_open_connections(0, patience)) << c.name;
    const auto now = server.counters();
    EXPECT_EQ(now.broken_exchanges, 1U) << c.name;
    EXPECT_EQ(now.completed_exchanges, 0U) << c.name;
    EXPECT_EQ(now.blocked_connections, 0U) << c.name;
    EXPECT_FALSE(server.connections()[0].open) << c.name;
  }
}

TEST(clients, a_half_closed_connection_is_one_that_has_left) {
  model_server server(turns({endless}));
  peer client(server);
  client.send(post(streamed_hello));
  ASSERT_TRUE(server.wait_for_open_exchanges(1, patience));
  client.socket().shutdown(boost::asio::ip::tcp::socket::shutdown_send);
  EXPECT_TRUE(server.wait_for_open_exchanges(0, patience));
}

TEST(clients, one_who_does_not_read_is_not_written_to) {
  model_server server(turns({long_turn(8 * 1024)}), {.send_buffer = 16 * 1024});
  peer client(server.port(), 16 * 1024);
  client.send(post(streamed_hello));
  const auto is_blocked = [](const server_counters& now) { return now.blocked_connections == 1; };
  ASSERT_TRUE(server.wait_for(is_blocked, patience));
  const auto stuck = server.connections()[0];
  EXPECT_TRUE(stuck.blocked);
  EXPECT_LT(stuck.bytes_sent, 1024U * 1024U);  // of eight
  EXPECT_EQ(stuck.bytes_sent, server.bytes_sent());
  // Another client is served meanwhile, and nothing more goes to the first.
  peer other(server);
  other.send("GET /v1/models HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(read_answer(other).status, 200);
  EXPECT_EQ(server.connections()[0].bytes_sent, stuck.bytes_sent);
  // Once it reads it gets everything.
  EXPECT_EQ(read_answer(client).body,
            response_bytes(json::parse(streamed_hello), long_turn(8 * 1024)));
}

TEST(clients, idle_ones_are_put_out) {
  model_server server(turns({{.text = "Hi", .first_delay = 100ms}}), {.idle_timeout = 50ms});
  peer silent(server);
  EXPECT_EQ(silent.read_all(), "");
  peer half(server);
  half.send("POST /v1/chat");
  EXPECT_EQ(half.read_all(), "");
  peer waiting(server);  // a response in progress is not idleness
  waiting.send(post(plain_hello));
  EXPECT_EQ(read_answer(waiting).status, 200);
  EXPECT_EQ(waiting.read_all(), "");
}

TEST(clients, stop_does_not_wait_for_them) {
  auto server = std::make_unique<model_server>([](const json::value& request) {
    return request.at("model") == "m" ? endless : long_turn(64 * 1024);
  });
  std::deque<peer> clients;
  clients.emplace_back(*server);  // one that says nothing
  clients.emplace_back(*server).send("POST /v1/chat");
  clients.emplace_back(*server).send(post(streamed_hello));
  clients.emplace_back(*server).send(post(R"({"model":"long","stream":true,"messages":[]})"));
  clients.emplace_back(*server).send("hello\r\n\r\n");  // turned away, in its farewell
  (void)read_answer(clients.back());
  ASSERT_TRUE(server->wait_for(
      [](const auto& now) {
        return now.open_connections == 5 && now.open_exchanges == 2 && now.blocked_connections == 1;
      },
      patience));
  const auto start = steady_clock::now();
  server.reset();
  EXPECT_LT(steady_clock::now() - start, 1s);
  for (auto& client : clients) {
    (void)client.read_all();
    EXPECT_TRUE(client.ending);
  }
}

TEST(clients, stop_at_any_moment) {
  for (int i = 0; i < 100; ++i) {
    model_server server(turns({{.text = "Hello there"}}));
    std::deque<peer> clients;
    for (int k = 0; k < i % 4; ++k) clients.emplace_back(server).send(post(streamed_hello));
  }
}

TEST(clients, a_wait_ends_with_its_time) {
  model_server server(turns({}));
  EXPECT_FALSE(server.wait_for_open_exchanges(1, 1ms));
  EXPECT_FALSE(server.wait_for_requests(1, 1ms));
  EXPECT_TRUE(server.wait_for_open_exchanges(0, 0ms));
}

TEST(clients, a_wait_in_another_thread_sees_the_change) {
  model_server server(turns({endless}));
  auto seen = std::async(std::launch::async, [&] { return server.wait_for_requests(1, patience); });
  peer client(server);
  client.send(post(streamed_hello));
  EXPECT_TRUE(seen.get());
}

TEST(clients, only_the_newest_records_are_kept) {
  model_server server(turns({{.text = "Hi"}}), {.keep_records = 2});
  for (const std::string target : {"/1", "/2", "/3"}) {
    peer client(server);
    client.send("GET " + target + " HTTP/1.1\r\nConnection: close\r\n\r\n");
    (void)client.read_all();
    ASSERT_TRUE(server.wait_for_open_connections(0, patience));
  }
  const auto requests = server.requests();
  ASSERT_EQ(requests.size(), 2U);
  EXPECT_EQ(requests[0].target, "/2");
  EXPECT_EQ(requests[1].connection, 3U);
  ASSERT_EQ(server.connections().size(), 2U);
  EXPECT_EQ(server.connections()[0].id, 2U);
  EXPECT_EQ(server.counters().requests, 3U);
}

TEST(clients, an_address_in_use_is_told) {
  model_server first(turns({}));
  EXPECT_EQ(first.url(), "http://127.0.0.1:" + std::to_string(first.port()) + "/v1");
  try {
    const model_server second(turns({}), {.port = first.port()});
    ADD_FAILURE();
  } catch (const transport_error& e) {
    EXPECT_EQ(e.type(), "listen_failed");
    EXPECT_TRUE(std::string{e.what()}.contains(std::to_string(first.port()))) << e.what();
  }
}

}  // namespace
}  // namespace skein::testing
