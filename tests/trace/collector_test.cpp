// The collector over real sockets.
#include <array>
#include <chrono>
#include <format>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <gtest/gtest.h>
#include <opentelemetry/sdk/trace/simple_processor_factory.h>
#include <opentelemetry/sdk/trace/tracer_provider.h>

#include <skein/trace/collector.hpp>
#include <skein/trace/exporter.hpp>

#include "support.hpp"

namespace skein::test {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using trace::collector;
using trace::store;

class connection {
 public:
  explicit connection(std::uint16_t port) : socket_(io_) {
    socket_.connect({asio::ip::make_address("127.0.0.1"), port});
  }
  void send(const std::string& bytes) { asio::write(socket_, asio::buffer(bytes)); }
  // A head and the body that its Content-Length announces; empty if the connection is over.
  std::string receive() {
    boost::system::error_code ec;
    auto n = asio::read_until(socket_, asio::dynamic_buffer(inbox_), "\r\n\r\n", ec);
    if (ec) return {};
    std::size_t length = 0;
    if (auto at = inbox_.find("Content-Length: "); at < n)
      length = std::stoul(inbox_.substr(at + 16));
    while (inbox_.size() < n + length && !ec) {
      std::array<char, 4096> more;
      inbox_.append(more.data(), socket_.read_some(asio::buffer(more), ec));
    }
    auto answer = inbox_.substr(0, n + length);
    inbox_.erase(0, n + length);
    return answer;
  }

 private:
  asio::io_context io_;
  tcp::socket socket_;
  std::string inbox_;
};

std::string post(const std::string& body, const std::string& more = "") {
  return std::format(
      "POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-protobuf\r\n"
      "Content-Length: {}\r\n{}\r\n{}",
      body.size(), more, body);
}

class TraceCollector : public ::testing::Test {
 protected:
  temporary_folder folder_;
  std::string path_ = folder_.file("s");
  std::string body_ = proto_request({proto_span(raw_id(1, 16), raw_id(2, 8))});
  [[nodiscard]] std::size_t stored() const {
    return store(path_, {.mode = trace::access::read}).load(digits(1, 32)).size();
  }
};

TEST_F(TraceCollector, WhatIsAnsweredIsStored) {
  collector c(store(path_), {.port = 0});
  connection client(c.port());
  for (unsigned i = 1; i <= 3; ++i) {
    client.send(post(proto_request({proto_span(raw_id(1, 16), raw_id(i, 8))})));
    EXPECT_TRUE(client.receive().starts_with("HTTP/1.1 200 OK\r\n"));
    EXPECT_EQ(stored(), i);
  }
  auto seen = c.counters();
  EXPECT_EQ(seen.requests, 3U);
  EXPECT_EQ(seen.spans, 3U);
}

TEST_F(TraceCollector, ContinuesWhoAsks) {
  collector c(store(path_), {.port = 0});
  connection client(c.port());
  auto whole = post(body_, "Expect: 100-continue\r\n");
  auto head = whole.size() - body_.size();
  client.send(whole.substr(0, head));
  EXPECT_TRUE(client.receive().starts_with("HTTP/1.1 100 "));
  client.send(whole.substr(head));
  EXPECT_TRUE(client.receive().starts_with("HTTP/1.1 200 "));
}

TEST_F(TraceCollector, RefusesTooMuch) {
  collector c(store(path_), {.port = 0, .max_body = 1000});
  connection large(c.port());
  large.send(post(std::string(1001, 'x')));
  EXPECT_TRUE(large.receive().starts_with("HTTP/1.1 413 "));
  connection long_head(c.port());
  long_head.send("POST /v1/traces HTTP/1.1\r\nX: " + std::string(20'000, 'x'));
  EXPECT_TRUE(long_head.receive().starts_with("HTTP/1.1 431 "));
  connection other(c.port());
  other.send("hello\r\n\r\n");
  EXPECT_TRUE(other.receive().starts_with("HTTP/1.1 400 "));
  connection right(c.port());
  right.send(post(body_));
  EXPECT_TRUE(right.receive().starts_with("HTTP/1.1 200 "));
  EXPECT_EQ(c.counters().refused, 3U);
}

TEST_F(TraceCollector, ServesNoMoreConnectionsThanItMay) {
  collector c(store(path_), {.port = 0, .max_connections = 2});
  {
    connection a(c.port());
    connection b(c.port());
    for (auto* held : {&a, &b}) {
      held->send(post(body_));
      EXPECT_TRUE(held->receive().starts_with("HTTP/1.1 200 "));
    }
    connection one_more(c.port());
    auto answer = one_more.receive();
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 503 ")) << answer;
    EXPECT_TRUE(answer.contains("Retry-After: 1"));
  }
  // Until those are gone, which the collector sees when it sees it.
  for (int attempt = 0; attempt < 1000; ++attempt) {
    connection again(c.port());
    again.send(post(body_));
    if (again.receive().starts_with("HTTP/1.1 200 ")) return;
  }
  FAIL() << "nobody is served any more";
}

TEST_F(TraceCollector, WaitsForNobodyForever) {
  collector c(store(path_), {.port = 0,
                             .request_timeout = std::chrono::milliseconds(50),
                             .idle_timeout = std::chrono::milliseconds(50)});
  connection silent(c.port());
  EXPECT_EQ(silent.receive(), "");
  connection slow(c.port());
  slow.send(post(body_).substr(0, 120));
  EXPECT_EQ(slow.receive(), "");
}

TEST_F(TraceCollector, EndsWhileOthersAreConnected) {
  std::vector<std::unique_ptr<connection>> clients;
  {
    collector c(store(path_), {.port = 0});
    for (int i = 0; i < 5; ++i) {
      clients.push_back(std::make_unique<connection>(c.port()));
      clients.back()->send(post(body_).substr(0, static_cast<std::size_t>(i) * 30));
    }
    clients[0]->send(post(body_));
    EXPECT_TRUE(clients[0]->receive().starts_with("HTTP/1.1 200 "));
  }
  EXPECT_EQ(stored(), 1U);
}

TEST_F(TraceCollector, SaysWhyItCannotListen) {
  collector c(store(path_), {.port = 0});
  try {
    collector again(store(path_), {.port = c.port()});
    FAIL() << "two listen on one port";
  } catch (const transport_error& e) {
    EXPECT_TRUE(std::string(e.what()).contains(std::to_string(c.port()))) << e.what();
  }
}

TEST(TraceExporter, PutsSpansOfThisProcessIntoTheStore) {
  temporary_folder folder;
  auto path = folder.file("s");
  {
    namespace sdk = opentelemetry::sdk::trace;
    sdk::TracerProvider provider(
        sdk::SimpleSpanProcessorFactory::Create(trace::make_exporter(store(path))));
    auto tracer = provider.GetTracer("tester");
    auto root = tracer->StartSpan("root");
    opentelemetry::trace::StartSpanOptions below;
    below.parent = root->GetContext();
    tracer->StartSpan("child", below)->End();
    root->End();
  }
  store s(path, {.mode = trace::access::read});
  auto traces = s.list();
  ASSERT_EQ(traces.size(), 1U);
  EXPECT_EQ(traces[0].name, "root");
  EXPECT_EQ(traces[0].spans, 2);
}

}  // namespace
}  // namespace skein::test
