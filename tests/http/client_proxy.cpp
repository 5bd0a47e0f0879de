// Proxies, from the environment and from the options.
#include <cstdlib>
#include <thread>

#include <boost/asio/connect.hpp>
#include <boost/asio/write.hpp>
#include <gmock/gmock.h>

#include "http/client_fixture.hpp"

namespace skein::http::test {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

// Sets variables until the test is over; all of a proxy's are empty before.
class environment {
 public:
  environment() {
    for (const auto* name : names) {
      if (const auto* value = std::getenv(name)) before_.emplace_back(name, value);
      unsetenv(name);
    }
  }
  ~environment() {
    for (const auto* name : names) unsetenv(name);
    for (const auto& [name, value] : before_) setenv(name.c_str(), value.c_str(), 1);
  }
  environment(const environment&) = delete;
  environment& operator=(const environment&) = delete;
  void set(const char* name, const std::string& value) { setenv(name, value.c_str(), 1); }

 private:
  static constexpr const char* names[] = {"http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy",
                                          "ALL_PROXY",  "no_proxy",    "NO_PROXY"};
  std::vector<std::pair<std::string, std::string>> before_;
};

// Answers plain requests itself and carries tunnels to this machine.
class proxy_server {
 public:
  [[nodiscard]] std::string url() const { return server_.url(""); }
  [[nodiscard]] std::vector<std::string> requests() const { return server_.requests(); }

 private:
  void serve(peer& p) {
    while (true) {
      const auto r = server_.take_request(p);
      if (r.empty()) return;
      if (r.starts_with("CONNECT 127.0.0.1:")) return tunnel(p, r.substr(18, r.find(' ', 18) - 18));
      p.write(r.starts_with("CONNECT") ? "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"
                                       : answer("from the proxy"));
    }
  }
  static void tunnel(peer& p, const std::string& port) {
    boost::asio::io_context io;
    tcp::socket far(io);
    far.connect(
        {boost::asio::ip::address_v4::loopback(), static_cast<std::uint16_t>(std::stoi(port))});
    p.write("HTTP/1.1 200 Connection established\r\nX-Proxy: yes\r\n\r\n");
    std::jthread back([&] {
      char data[4096];
      boost::system::error_code ec;
      while (const auto n = far.read_some(boost::asio::buffer(data), ec)) p.write({data, n});
      p.shut();
    });
    boost::system::error_code ec;
    for (auto b = p.bytes(1); !b.empty() && !ec; b = p.bytes(1))
      boost::asio::write(far, boost::asio::buffer(b), ec);
    far.shutdown(tcp::socket::shutdown_both, ec);
  }
  raw_server server_{[this](peer& p) { serve(p); }};
};

client_options from_environment() {
  auto o = options_for_test();
  o.proxy.reset();
  return o;
}

TEST(ClientProxy, PlainRequestsGoToTheProxyOfTheEnvironment) {
  proxy_server proxy;
  environment env;
  env.set("http_proxy", proxy.url());
  client c(from_environment());
  EXPECT_EQ(sync_wait(fetch(c, {.url = "http://upstream.example/path"})), "from the proxy");
  ASSERT_EQ(proxy.requests().size(), 1U);
  EXPECT_THAT(proxy.requests()[0], StartsWith("POST http://upstream.example/path HTTP/1.1\r\n"));
}

TEST(ClientProxy, NoProxyNamesTheExceptions) {
  proxy_server proxy;
  raw_server direct([](peer& p) {
    p.request();
    p.write(answer("direct"));
  });
  environment env;
  env.set("http_proxy", proxy.url());
  env.set("no_proxy", "localhost,127.0.0.1");
  client c(from_environment());
  EXPECT_EQ(sync_wait(fetch(c, {.url = direct.url()})), "direct");
  EXPECT_TRUE(proxy.requests().empty());
}

TEST(ClientProxy, AnEmptyOptionMeansNone) {
  proxy_server proxy;
  raw_server direct([](peer& p) {
    p.request();
    p.write(answer("direct"));
  });
  environment env;
  env.set("http_proxy", proxy.url());
  client c(options_for_test());
  EXPECT_EQ(sync_wait(fetch(c, {.url = direct.url()})), "direct");
}

TEST(ClientProxy, AnExplicitOneGoesBeforeTheEnvironments) {
  proxy_server proxy;
  environment env;
  env.set("http_proxy", "http://127.0.0.1:1");
  auto o = options_for_test();
  o.proxy = proxy.url();
  client c(o);
  EXPECT_EQ(sync_wait(fetch(c, {.url = "http://upstream.example/"})), "from the proxy");
}

TEST(ClientProxy, TlsGoesThroughATunnel) {
  proxy_server proxy;
  const auto identity = testing::self_signed();
  testing::model_server server(
      [](const auto&) { return testing::scripted_turn{.text = "through"}; }, {.tls = identity});
  environment env;
  env.set("https_proxy", proxy.url());
  const temporary_file ca(identity.certificate);
  auto o = from_environment();
  o.ca_file = ca.path();
  client c(o);
  auto work = [&]() -> task<> {
    auto x = c.send(chat_request(server));
    const auto& head = co_await x.head();
    EXPECT_EQ(head.status, 200);
    EXPECT_EQ(head.header("x-proxy"), std::nullopt);
    EXPECT_TRUE((co_await read_all(x)).ends_with("data: [DONE]\n\n"));
  };
  sync_wait(work());
  ASSERT_EQ(proxy.requests().size(), 1U);
  EXPECT_THAT(proxy.requests()[0], StartsWith("CONNECT 127.0.0.1:"));
}

TEST(ClientProxy, ATunnelThatIsRefusedIsAFailedConnection) {
  proxy_server proxy;
  auto o = options_for_test();
  o.proxy = proxy.url();
  client c(o);
  const auto failure = sync_wait(failing_fetch(c, {.url = "https://upstream.example/"}));
  EXPECT_EQ(failure.type, "connect_failed");
  EXPECT_THAT(failure.text, HasSubstr("403"));
}

}  // namespace
}  // namespace skein::http::test
