#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include <boost/asio/ssl.hpp>
#include <gtest/gtest.h>

#include <skein/core/error.hpp>
#include <skein/testing/openai_bytes.hpp>

#include "testing/peer.hpp"

namespace skein::testing {
namespace {

namespace ssl = boost::asio::ssl;

// A client that verifies: the authority it trusts, the name it asks for.
class tls_peer {
 public:
  tls_peer(const model_server& server, const std::string& authority, const std::string& host)
      : tcp_(server) {
    context_.add_certificate_authority(boost::asio::buffer(authority));
    context_.set_verify_mode(ssl::verify_peer);
    context_.set_verify_callback(ssl::host_name_verification(host));
    stream_.emplace(tcp_.socket(), context_);
    stream_->handshake(ssl::stream_base::client, handshake);
  }

  void send(std::string_view bytes) { boost::asio::write(*stream_, boost::asio::buffer(bytes)); }
  std::string read_until(std::string_view end) {
    return take(boost::asio::read_until(*stream_, boost::asio::dynamic_buffer(pending_), end));
  }
  std::string read(std::size_t n) {
    if (pending_.size() < n) {
      boost::asio::read(*stream_, boost::asio::dynamic_buffer(pending_),
                        boost::asio::transfer_exactly(n - pending_.size()));
    }
    return take(n);
  }
  boost::system::error_code read_end() {
    boost::system::error_code ec;
    boost::asio::read(*stream_, boost::asio::dynamic_buffer(pending_), ec);
    return ec;
  }
  void leave() { tcp_.socket().close(); }

  boost::system::error_code handshake;

 private:
  std::string take(std::size_t n) {
    auto taken = pending_.substr(0, n);
    pending_.erase(0, n);
    return taken;
  }

  peer tcp_;
  ssl::context context_{ssl::context::tls_client};
  std::optional<ssl::stream<boost::asio::ip::tcp::socket&>> stream_;
  std::string pending_;
};

TEST(tls, streams_to_a_client_that_trusts_it) {
  const auto identity = self_signed();
  const scripted_turn turn = long_turn(100);
  model_server server(turns({turn}), {.tls = identity});
  EXPECT_TRUE(server.url().starts_with("https://127.0.0.1:"));
  tls_peer client(server, identity.certificate, "127.0.0.1");
  ASSERT_FALSE(client.handshake) << client.handshake.message();
  for (int i = 0; i < 2; ++i) {
    client.send(post(streamed_hello));
    EXPECT_EQ(read_answer(client).body, response_bytes(json::parse(streamed_hello), turn));
  }
  EXPECT_EQ(server.counters().accepted_connections, 1U);
  client.send(post(plain_hello, "Connection: close\r\n"));
  (void)read_answer(client);
  EXPECT_EQ(client.read_end(), boost::asio::error::eof);  // close_notify, not a truncation
  client.leave();
  EXPECT_TRUE(server.wait_for_open_connections(0, patience));
}

TEST(tls, is_refused_by_a_client_that_verifies) {
  const auto identity = self_signed();
  model_server server(turns({}), {.tls = identity});
  const auto wrong_authority = tls_peer(server, self_signed().certificate, "127.0.0.1").handshake;
  EXPECT_TRUE(wrong_authority.message().contains("certificate verify failed"))
      << wrong_authority.message();
  const auto wrong_name = tls_peer(server, identity.certificate, "example.com").handshake;
  EXPECT_TRUE(wrong_name.message().contains("certificate verify failed")) << wrong_name.message();
  EXPECT_TRUE(server.wait_for_open_connections(0, patience));
}

TEST(tls, names_are_for_hosts_too) {
  const auto identity = self_signed("model.test");
  model_server server(turns({}), {.tls = identity});
  EXPECT_FALSE(tls_peer(server, identity.certificate, "model.test").handshake);
  EXPECT_TRUE(tls_peer(server, identity.certificate, "127.0.0.1").handshake);
}

TEST(tls, whoever_leaves_is_noticed) {
  const auto identity = self_signed();
  for (const auto& turn :
       {scripted_turn{.text = "Hi", .fault = fault{.kind = fault_kind::stall, .at = 9}},
        long_turn(64 * 1024)}) {
    model_server server(turns({turn}), {.tls = identity});
    tls_peer client(server, identity.certificate, "127.0.0.1");
    client.send(post(streamed_hello));
    (void)client.read_until("\r\n\r\n");
    client.leave();
    EXPECT_TRUE(server.wait_for_open_exchanges(0, patience));
    EXPECT_TRUE(server.wait_for_open_connections(0, patience));
    EXPECT_EQ(server.counters().broken_exchanges, 1U);
  }
}

TEST(tls, stop_does_not_wait_for_a_handshake_or_a_farewell) {
  const auto identity = self_signed();
  std::optional<model_server> server(std::in_place, turns({{.text = "Hi"}}),
                                     server_options{.tls = identity});
  peer never_greets(*server);
  tls_peer never_says_goodbye(*server, identity.certificate, "127.0.0.1");
  never_says_goodbye.send(post(plain_hello, "Connection: close\r\n"));
  (void)read_answer(never_says_goodbye);
  const auto start = std::chrono::steady_clock::now();
  server.reset();
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds{1});
}

TEST(tls, a_plain_client_is_put_out) {
  model_server server(turns({}), {.tls = self_signed()});
  peer client(server);
  client.send("GET /v1/models HTTP/1.1\r\nHost: h\r\n\r\n");
  (void)client.read_all();
  EXPECT_TRUE(client.ending);
  EXPECT_TRUE(server.wait_for_open_connections(0, patience));
}

TEST(tls, a_bad_identity_is_told) {
  EXPECT_THROW(model_server(turns({}), {.tls = tls_identity{"no", "no"}}), usage_error);
  auto mixed = self_signed();
  mixed.key = "no";
  EXPECT_THROW(model_server(turns({}), {.tls = mixed}), usage_error);
}

}  // namespace
}  // namespace skein::testing
