// A server whose answers are whatever bytes a test wants: a blocking script for each connection, on
// a thread of its own.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>

#include <skein/testing/model_server.hpp>

namespace skein::http::test {

using namespace std::chrono_literals;
using boost::asio::ip::tcp;

// The server's end of a connection.
class peer {
 public:
  explicit peer(tcp::socket s) : socket_(std::move(s)) {}

  // One request with its body; empty when the client has left.
  std::string request();
  // Exactly n bytes, fewer when the client has left.
  std::string bytes(std::size_t n);
  bool write(std::string_view data);
  // Waits until the client closes or resets, and reads what it still sends.
  void until_closed();
  // Makes the end of the connection a reset.
  void reset() noexcept;
  void handshake(boost::asio::ssl::context& tls);
  void shut() noexcept;
  void close() noexcept;

 private:
  std::size_t some(char* to, std::size_t n);

  tcp::socket socket_;
  std::unique_ptr<boost::asio::ssl::stream<tcp::socket&>> tls_;
  std::string unread_;
};

struct raw_counts {
  std::size_t accepted = 0;
  std::size_t open = 0;
  std::size_t requests = 0;
};

class raw_server {
 public:
  using script = std::function<void(peer&)>;
  explicit raw_server(script s, std::optional<testing::tls_identity> tls = {},
                      std::string alpn = {});
  ~raw_server();

  [[nodiscard]] std::uint16_t port() const { return acceptor_.local_endpoint().port(); }
  [[nodiscard]] std::string url(std::string_view path = "/") const;
  [[nodiscard]] std::vector<std::string> requests() const;
  [[nodiscard]] raw_counts counts() const;
  bool wait_for(const std::function<bool(const raw_counts&)>& what,
                std::chrono::milliseconds limit = 10s) const;

  // For scripts: reads a request and remembers it.
  std::string take_request(peer& p);

 private:
  void accept();
  void serve(peer& p);

  script script_;
  std::optional<boost::asio::ssl::context> tls_;
  std::string alpn_;
  boost::asio::io_context io_;
  tcp::acceptor acceptor_;
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  bool stopping_ = false;
  raw_counts counts_;
  std::vector<std::string> requests_;
  std::list<peer> peers_;
  std::vector<std::jthread> threads_;
  std::jthread acceptor_thread_;
};

// An answer with its length.
[[nodiscard]] std::string answer(std::string_view body, std::string_view more_headers = {});

}  // namespace skein::http::test
