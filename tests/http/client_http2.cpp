// HTTP/2 where the server offers it, against a peer that speaks just enough of RFC 9113.
#include <cstdint>
#include <mutex>
#include <set>

#include <gmock/gmock.h>

#include "http/client_fixture.hpp"

namespace skein::http::test {
namespace {

// Answers every request with `first`; what follows is up to the mode.
class h2_server {
 public:
  enum class mode : std::uint8_t { answer, begin_only, begin_longer_each_time };
  explicit h2_server(mode m, std::string body = "first") : mode_(m), body_(std::move(body)) {}

  [[nodiscard]] std::string url() const { return server_.url(); }
  [[nodiscard]] const testing::tls_identity& identity() const { return identity_; }
  [[nodiscard]] std::size_t connections() const { return server_.counts().accepted; }
  [[nodiscard]] bool wait_for_resets(std::size_t n) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, 10s, [&] { return resets_ >= n; });
  }
  [[nodiscard]] bool wait_for_close() {
    return server_.wait_for([](const auto& n) { return n.open == 0; });
  }

 private:
  enum : std::uint8_t { data = 0, headers = 1, rst_stream = 3, settings = 4, ping = 6 };
  enum : std::uint8_t { end_stream = 1, ack = 1, end_headers = 4 };

  static std::string frame(std::uint8_t type, std::uint8_t flags, std::uint32_t stream,
                           std::string_view payload) {
    std::string f;
    for (int shift : {16, 8, 0}) f += static_cast<char>(payload.size() >> shift);
    f += static_cast<char>(type);
    f += static_cast<char>(flags);
    for (int shift : {24, 16, 8, 0}) f += static_cast<char>(stream >> shift);
    return f.append(payload);
  }
  void serve(peer& p) {
    constexpr std::string_view preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    const auto opening = p.bytes(preface.size());
    if (opening != preface) {  // HTTP/1.1, and its first bytes are gone
      p.request();
      p.write(answer("one"));
      return;
    }
    p.write(frame(settings, 0, 0, {}));
    while (true) {
      const auto head = p.bytes(9);
      if (head.size() < 9) return;
      auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(head[i]); };
      const auto payload = p.bytes(static_cast<std::size_t>(byte(0)) << 16 |
                                   static_cast<std::size_t>(byte(1)) << 8 | byte(2));
      const auto type = byte(3);
      const auto flags = byte(4);
      const auto stream = static_cast<std::uint32_t>(byte(7)) << 8 | byte(8);
      if (type == settings && (flags & ack) == 0) p.write(frame(settings, ack, 0, {}));
      if (type == ping && (flags & ack) == 0) p.write(frame(ping, ack, 0, payload));
      if ((type == headers || type == data) && (flags & end_stream) != 0) respond(p, stream);
      if (type == rst_stream) {
        std::lock_guard lock(mutex_);
        ++resets_;
        changed_.notify_all();
      }
    }
  }
  void respond(peer& p, std::uint32_t stream) {
    using namespace std::string_literals;
    p.write(frame(headers, end_headers, stream, "\x88\x00\x01x\x03two"s));  // :status 200, x: two
    if (mode_ == mode::begin_longer_each_time) body_ += body_;
    for (std::size_t at = 0; at < body_.size(); at += 8000) {
      p.write(frame(data, 0, stream, body_.substr(at, 8000)));
    }
    if (mode_ == mode::answer) p.write(frame(data, end_stream, stream, {}));
  }

  mode mode_;
  std::string body_;
  testing::tls_identity identity_ = testing::self_signed();
  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t resets_ = 0;
  raw_server server_{[this](peer& p) { serve(p); }, identity_, "h2"};
};

class ClientHttp2 : public Client {
 protected:
  client_options trusting(const h2_server& s) {
    ca_.emplace(s.identity().certificate);
    auto o = options_for_test();
    o.ca_file = ca_->path();
    return o;
  }
  std::optional<temporary_file> ca_;
};
INSTANTIATE_TEST_SUITE_P(Runtimes, ClientHttp2, each_runtime(), runtime_name);

TEST_P(ClientHttp2, IsNegotiatedAndSharesAConnection) {
  h2_server server(h2_server::mode::answer);
  client c(trusting(server));
  auto one = [&](int& done) -> task<> {
    auto x = c.send({.url = server.url(), .body = "{}"});
    const auto& head = co_await x.head();
    EXPECT_EQ(head.status, 200);
    EXPECT_EQ(head.http_version, "2");
    EXPECT_EQ(head.header("X"), "two");
    EXPECT_EQ(co_await read_all(x), "first");
    ++done;
  };
  std::vector<int> done(20, 0);
  auto work = [&]() -> task<> {
    task_group all;
    for (auto& d : done) all.spawn(one(d));
    co_await all.join();
  };
  run(work());
  EXPECT_EQ(std::ranges::count(done, 1), 20);
  EXPECT_EQ(server.connections(), 1U);
}

TEST_P(ClientHttp2, IsOffWhenSwitchedOff) {
  h2_server server(h2_server::mode::answer);
  auto o = trusting(server);
  o.http2 = http2::off;
  client c(o);
  auto work = [&]() -> task<> {
    auto x = c.send({.url = server.url(), .body = "{}"});
    EXPECT_EQ((co_await x.head()).http_version, "1.1");
    EXPECT_EQ(co_await read_all(x), "one");
  };
  run(work());
}

TEST_P(ClientHttp2, ADroppedExchangeEndsItsStreamAndNoOther) {
  h2_server server(h2_server::mode::begin_only);
  client c(trusting(server));
  auto work = [&]() -> task<> {
    auto kept = c.send({.url = server.url()});
    EXPECT_EQ(co_await kept.next(), "first");
    {
      auto dropped = c.send({.url = server.url()});
      EXPECT_EQ(co_await dropped.next(), "first");
      EXPECT_EQ(c.open_exchanges(), 2U);
    }
    EXPECT_EQ(c.open_exchanges(), 1U);
    EXPECT_TRUE(co_await seen([&] { return server.wait_for_resets(1); }));
    auto another = c.send({.url = server.url()});
    EXPECT_EQ(co_await another.next(), "first");
    EXPECT_EQ(server.connections(), 1U);
  };
  run(work());
}

TEST_P(ClientHttp2, TheLastExchangeOfAConnectionTakesItAlong) {
  h2_server server(h2_server::mode::begin_only);
  client c(trusting(server));
  auto work = [&]() -> task<> {
    auto x = c.send({.url = server.url()});
    EXPECT_EQ(co_await x.next(), "first");
  };
  run(work());
  EXPECT_EQ(c.open_connections(), 0U);
  EXPECT_TRUE(server.wait_for_close());
}

TEST_P(ClientHttp2, ADropReachesTheServerAlthoughTheOthersAreFull) {
  h2_server server(h2_server::mode::begin_only, std::string(60'000, 'x'));
  auto o = trusting(server);
  o.limits.buffered_bytes = 1;
  client c(o);
  auto work = [&]() -> task<> {
    auto kept = c.send({.url = server.url()});
    co_await kept.head();
    {
      auto dropped = c.send({.url = server.url()});
      co_await dropped.head();
      co_await sleep_for(20ms);  // both are as full as they get
    }
    EXPECT_TRUE(co_await seen([&] { return server.wait_for_resets(1); }));
    std::size_t got = 0;
    while (got < 60'000) got += (co_await kept.next())->size();
    EXPECT_EQ(server.connections(), 1U);
  };
  run(work());
}

TEST_P(ClientHttp2, AnExchangeBeyondItsLimitEndsItsStreamAndNoOther) {
  h2_server server(h2_server::mode::begin_longer_each_time);
  auto o = trusting(server);
  o.limits.body_bytes = 10;  // as long as the first
  client c(o);
  auto work = [&]() -> task<> {
    auto kept = c.send({.url = server.url()});
    EXPECT_EQ(co_await kept.next(), "firstfirst");
    EXPECT_EQ((co_await failing_fetch(c, {.url = server.url()})).type, "limit_exceeded");
    EXPECT_TRUE(co_await seen([&] { return server.wait_for_resets(1); }));
  };
  run(work());
  EXPECT_TRUE(server.wait_for_close());
}

TEST_P(ClientHttp2, AFullExchangeGoesOnWhenItIsTaken) {
  h2_server server(h2_server::mode::answer, std::string(60'000, 'x'));
  auto o = trusting(server);
  o.limits.buffered_bytes = 1;
  client c(o);
  auto work = [&]() -> task<> {
    for (int i = 0; i < 5; ++i) {
      auto x = c.send({.url = server.url()});
      co_await x.head();
      co_await sleep_for(2ms);
      EXPECT_EQ((co_await read_all(x)).size(), 60'000U);
    }
  };
  run(work());
}

}  // namespace
}  // namespace skein::http::test
