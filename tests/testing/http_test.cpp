// What the server says over HTTP.
#include <format>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include <skein/testing/openai_bytes.hpp>

#include "testing/peer.hpp"

namespace skein::testing {
namespace {

TEST(model_server_http, streams_the_very_bytes_of_the_script) {
  const scripted_turn turn{.text = "Hello there, how are you?"};
  model_server server(turns({turn}));
  peer client(server);
  client.send(post(streamed_hello, "Authorization: Bearer k\r\n"));
  const auto seen = read_answer(client);
  EXPECT_EQ(
      seen.head,
      "HTTP/1.1 200 OK\r\nServer: skein\r\nContent-Type: text/event-stream; charset=utf-8\r\n"
      "Cache-Control: no-cache\r\nTransfer-Encoding: chunked\r\nConnection: keep-alive\r\n\r\n");
  const auto asked = json::parse(streamed_hello);
  EXPECT_EQ(seen.body, response_bytes(asked, turn));

  ASSERT_TRUE(server.wait_for_open_exchanges(0, patience));
  EXPECT_EQ(server.events_sent(), sse_events(asked, turn).size());
  const auto requests = server.requests();
  ASSERT_EQ(requests.size(), 1U);
  EXPECT_EQ(requests[0].method, "POST");
  EXPECT_EQ(requests[0].target, "/v1/chat/completions");
  EXPECT_EQ(requests[0].header("authorization"), "Bearer k");
  EXPECT_EQ(requests[0].header("x-none"), std::nullopt);
  EXPECT_EQ(requests[0].body, streamed_hello);
}

TEST(model_server_http, answers_whole_and_keeps_the_connection) {
  model_server server(turns({{.text = "Hi"}}));
  peer client(server);
  for (int i = 0; i < 3; ++i) {
    client.send(post(plain_hello, {}, "/any/prefix/chat/completions?api-version=1"));
    const auto seen = read_answer(client);
    EXPECT_EQ(seen.status, 200);
    EXPECT_EQ(seen.json().at("choices").at(0).at("message").at("content"), "Hi");
  }
  EXPECT_EQ(server.counters().accepted_connections, 1U);
  ASSERT_EQ(server.connections().size(), 1U);
  EXPECT_EQ(server.connections()[0].requests, 3U);
}

TEST(model_server_http, takes_pipelined_requests_in_order) {
  model_server server([](const json::value& request) {
    return scripted_turn{.text = std::string{request.at("model").as_string()}};
  });
  peer client(server);
  client.send(post(R"({"model":"a","messages":[]})") + post(R"({"model":"b","messages":[]})"));
  EXPECT_TRUE(read_answer(client).body.contains("\"content\":\"a\""));
  EXPECT_TRUE(read_answer(client).body.contains("\"content\":\"b\""));
}

TEST(model_server_http, takes_requests_in_any_pieces) {
  model_server server(turns({{.text = "Hi"}}));
  peer client(server);
  client.socket().set_option(boost::asio::ip::tcp::no_delay(true));
  for (const char byte : post(plain_hello)) client.send({&byte, 1});
  EXPECT_EQ(read_answer(client).status, 200);
  client.send(
      "POST /v1/chat/completions HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n");
  client.send(std::format("{:x}\r\n{}\r\n0\r\n\r\n", plain_hello.size(), plain_hello));
  EXPECT_EQ(read_answer(client).status, 200);
}

TEST(model_server_http, takes_a_large_body_and_says_continue) {
  model_server server(turns({{.text = "Hi"}}));
  const auto body = std::format(R"({{"model":"m","messages":[{{"role":"user","content":"{}"}}]}})",
                                std::string(3'000'000, 'x'));
  peer client(server);
  client.send(
      std::format("POST /v1/chat/completions HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n"
                  "Content-Length: {}\r\n\r\n",
                  body.size()));
  EXPECT_EQ(client.read_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  client.send(body);
  EXPECT_EQ(read_answer(client).status, 200);
  EXPECT_EQ(server.requests()[0].body, body);
}

TEST(model_server_http, ends_a_stream_to_http_1_0_with_the_connection) {
  const scripted_turn turn{.text = "Hi"};
  model_server server(turns({turn}));
  peer client(server);
  client.send(std::format("POST /v1/chat/completions HTTP/1.0\r\nContent-Length: {}\r\n\r\n{}",
                          streamed_hello.size(), streamed_hello));
  const auto all = client.read_all();
  EXPECT_FALSE(all.contains("chunked"));
  EXPECT_EQ(all.substr(all.find("\r\n\r\n") + 4),
            response_bytes(json::parse(streamed_hello), turn));
  ASSERT_TRUE(server.wait_for_open_exchanges(0, patience));
  EXPECT_EQ(server.counters().completed_exchanges, 1U);
}

TEST(model_server_http, closes_when_asked_to) {
  model_server server(turns({{.text = "Hi"}}));
  peer client(server);
  client.send(post(plain_hello, "Connection: close\r\n"));
  EXPECT_TRUE(client.read_all().contains("Connection: close\r\n"));
  EXPECT_EQ(client.ending, boost::asio::error::eof);
  EXPECT_TRUE(server.wait_for_open_connections(0, patience));
}

TEST(model_server_http, lists_models) {
  model_server server(turns({}), {.models = {"one", "two"}});
  peer client(server);
  client.send("GET /v1/models HTTP/1.1\r\nHost: h\r\n\r\n");
  const auto data = read_answer(client).json().at("data").as_array();
  ASSERT_EQ(data.size(), 2U);
  EXPECT_EQ(data[1].at("id"), "two");
  EXPECT_EQ(data[1].at("object"), "model");
}

TEST(model_server_http, refuses_in_the_shape_of_openai) {
  model_server server([](const json::value& request) -> scripted_turn {
    if (request.at("model") == "throw") throw std::runtime_error("no idea");
    return {.error = api_error{.status = 418,
                               .message = "short and stout",
                               .type = "teapot",
                               .code = "c",
                               .param = "p"}};
  });
  struct {
    std::string request;
    int status;
    std::string_view says;
  } const cases[]{
      {post("{}", {}, "/v1/completions"), 404, "\"code\":\"unknown_url\""},
      {"GET /v1/chat/completions HTTP/1.1\r\n\r\n", 405, "Not allowed to GET"},
      {"DELETE /v1/models HTTP/1.1\r\n\r\n", 405, "Not allowed to DELETE"},
      {post("{"), 400, "could not parse"},
      {post("[]"), 400, "not an object"},
      {post(R"({"messages":[]})"), 400, "\"param\":\"model\""},
      {post(R"({"model":"m"})"), 400, "\"param\":\"messages\""},
      {post(R"({"model":"m","messages":{}})"), 400, "\"code\":\"missing_required_parameter\""},
      {post(R"({"model":"throw","messages":[]})"), 500, "no idea"},
      {post(plain_hello), 418,
       R"({"error":{"message":"short and stout","type":"teapot","param":"p","code":"c"}})"},
  };
  peer client(server);  // and the connection lives on after each
  for (const auto& c : cases) {
    client.send(c.request);
    const auto seen = read_answer(client);
    EXPECT_EQ(seen.status, c.status) << c.request;
    EXPECT_TRUE(seen.body.contains(c.says)) << seen.body;
    EXPECT_TRUE(seen.json().at("error").as_object().contains("message"));
  }
}

TEST(model_server_http, wants_its_key) {
  model_server server(turns({{.text = "Hi"}}), {.require_key = "secret"});
  peer client(server);
  struct {
    std::string_view header;
    int status;
  } const cases[]{{"", 401},
                  {"Authorization: Bearer wrong\r\n", 401},
                  {"Authorization: secret\r\n", 401},
                  {"Authorization: Bearer secret\r\n", 200}};
  for (const auto& c : cases) {
    client.send(post(plain_hello, c.header));
    EXPECT_EQ(read_answer(client).status, c.status) << c.header;
  }
}

TEST(model_server_http, turns_away_what_it_cannot_take) {
  model_server server(turns({}), {.body_limit = 1000});
  struct {
    std::string request;
    int status;
  } const cases[]{
      {post(std::string(16'000'000, 'x')), 413},  // more than the sockets hold unread
      {"POST /v1/chat/completions HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 1001\r\n\r\n",
       413},
      {"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n" + std::string(1001, 'x'),
       413},
      {"GET /v1/models HTTP/1.1\r\nX: " + std::string(40'000, 'x') + "\r\n\r\n", 431},
      {"hello\r\n\r\n", 400}};
  for (const auto& c : cases) {
    peer client(server);
    client.send(c.request);
    const auto seen = read_answer(client);
    EXPECT_EQ(seen.status, c.status) << seen.body;
    EXPECT_EQ(client.read_all(), "");
    EXPECT_EQ(client.ending, boost::asio::error::eof);  // a reset could have destroyed the answer
  }
  EXPECT_EQ(server.counters().requests, 0U);
}

}  // namespace
}  // namespace skein::testing
