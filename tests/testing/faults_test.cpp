// Each fault, as a client sees it.
#include <chrono>
#include <string>

#include <gtest/gtest.h>

#include <skein/testing/openai_bytes.hpp>

#include "testing/peer.hpp"

namespace skein::testing {
namespace {

const auto asked = json::parse(streamed_hello);

scripted_turn with(fault what) { return {.text = "Hello there, how are you?", .fault = what}; }

// The body of a response that ends before it is complete: what came of the chunks.
std::string body_of(std::string all) {
  all.erase(0, all.find("\r\n\r\n") + 4);
  std::string body;
  while (!all.empty()) {
    const auto line = all.find("\r\n");
    const auto size = std::stoul(all.substr(0, line), nullptr, 16);
    body += all.substr(line + 2, size);
    all.erase(0, line + 2 + size + 2);
  }
  return body;
}

TEST(faults, cut_and_reset_end_the_body_at_the_byte) {
  const auto whole = response_bytes(asked, with({}));
  const auto first = sse_events(asked, with({}))[0].size();
  for (const auto kind : {fault_kind::cut, fault_kind::reset}) {
    for (const std::size_t at :
         {std::size_t{1}, first - 1, first, first + 1, whole.size(), std::size_t{99999}}) {
      model_server server(turns({with({.kind = kind, .at = at})}));
      peer client(server);
      client.send(post(streamed_hello));
      const auto all = client.read_all();
      EXPECT_FALSE(all.ends_with("0\r\n\r\n")) << at;
      if (kind == fault_kind::cut) {
        // A reset may overtake the bytes before it.
        EXPECT_EQ(body_of(all), whole.substr(0, at));
        EXPECT_EQ(client.ending, boost::asio::error::eof);
      } else {
        EXPECT_EQ(client.ending, boost::asio::error::connection_reset);
      }
      EXPECT_TRUE(
          server.wait_for([](const auto& now) { return now.broken_exchanges == 1; }, patience));
    }
  }
}

TEST(faults, cut_and_reset_before_anything) {
  model_server server(turns({with({.kind = fault_kind::cut}), with({.kind = fault_kind::reset})}));
  peer cut(server);
  cut.send(post(streamed_hello));
  EXPECT_TRUE(cut.read_all().ends_with("\r\n\r\n"));  // the head, and no more
  EXPECT_EQ(cut.ending, boost::asio::error::eof);
  peer reset(server);
  reset.send(post(R"({"model":"m","messages":[{"role":"assistant","content":""}]})"));
  EXPECT_EQ(reset.read_all(), "");
  EXPECT_EQ(reset.ending, boost::asio::error::connection_reset);
}

TEST(faults, cut_of_a_whole_answer_leaves_its_length_unfulfilled) {
  model_server server(turns({with({.kind = fault_kind::cut, .at = 10})}));
  peer client(server);
  client.send(post(plain_hello));
  const auto all = client.read_all();
  const auto whole = response_bytes(json::parse(plain_hello), with({}));
  EXPECT_TRUE(all.contains("Content-Length: " + std::to_string(whole.size()) + "\r\n"));
  EXPECT_TRUE(all.ends_with("\r\n\r\n" + whole.substr(0, 10)));
}

TEST(faults, stall_keeps_the_connection_until_the_client_leaves) {
  model_server server(turns({with({.kind = fault_kind::stall, .at = 20})}));
  {
    peer client(server);
    client.send(post(streamed_hello));
    (void)client.read_until("\r\n\r\n14\r\n");
    EXPECT_EQ(client.read(22), R"(data: {"id":"chatcmp)"
                               "\r\n");
    EXPECT_EQ(server.open_exchanges(), 1U);
    EXPECT_EQ(server.open_connections(), 1U);
  }
  EXPECT_TRUE(server.wait_for_open_exchanges(0, patience));
  EXPECT_TRUE(server.wait_for_open_connections(0, patience));
  EXPECT_EQ(server.counters().broken_exchanges, 1U);
}

TEST(faults, slow_waits_before_each_event) {
  using namespace std::chrono_literals;
  const auto events = sse_events(asked, with({})).size();
  model_server server(turns({with({.kind = fault_kind::slow, .delay = 5ms})}));
  peer client(server);
  const auto start = std::chrono::steady_clock::now();
  client.send(post(streamed_hello));
  EXPECT_EQ(read_answer(client).body, response_bytes(asked, with({})));
  EXPECT_GE(std::chrono::steady_clock::now() - start, 5ms * events);
}

TEST(faults, http_errors) {
  using namespace std::chrono_literals;
  model_server server(turns({with({.kind = fault_kind::rate_limited, .retry_after = 7s}),
                             with({.kind = fault_kind::server_error})}));
  peer client(server);
  client.send(post(streamed_hello));
  auto seen = read_answer(client);
  EXPECT_EQ(seen.status, 429);
  EXPECT_TRUE(seen.head.contains("Retry-After: 7\r\n"));
  EXPECT_EQ(seen.json().at("error").at("code"), "rate_limit_exceeded");
  client.send(post(R"({"model":"m","messages":[{"role":"assistant","content":""}]})"));
  seen = read_answer(client);
  EXPECT_EQ(seen.status, 500);
  EXPECT_FALSE(seen.head.contains("Retry-After"));
  EXPECT_EQ(seen.json().at("error").at("type"), "server_error");
}

TEST(faults, in_the_text_of_the_stream) {
  for (const auto kind : {fault_kind::malformed, fault_kind::no_done, fault_kind::error_event}) {
    const auto turn = with({.kind = kind, .at = 2});
    model_server server(turns({turn}));
    peer client(server);
    client.send(post(streamed_hello));
    const auto body = read_answer(client).body;
    EXPECT_EQ(body, response_bytes(asked, turn));
    EXPECT_NE(body, response_bytes(asked, with({})));
  }
}

}  // namespace
}  // namespace skein::testing
