// Accepts connections on this machine, through times without descriptors or memory.
#pragma once

#include <chrono>
#include <cstdint>
#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace skein::net {

// For co_spawn: what fails there is a defect of the server and must not go unnoticed.
inline constexpr auto rethrow = [](const std::exception_ptr& e) {
  if (e) std::rethrow_exception(e);
};

// On the thread of its context, but for port() and url().
class listener {
 public:
  struct place {
    std::string address;
    std::uint16_t port = 0;               // 0 takes a free one
    std::optional<int> send_buffer = {};  // of the connections
  };
  // Throws transport_error if it cannot listen; `who` begins the message.
  listener(boost::asio::io_context& io, std::string_view who, const place& where);

  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
  [[nodiscard]] std::string url(std::string_view scheme) const;

  // Until close(). `host(socket)` is a coroutine, started for each connection.
  template <class Host>
  boost::asio::awaitable<void> accept(Host host) {
    namespace asio = boost::asio;
    while (is_open()) {
      boost::system::error_code ec;
      auto socket = co_await acceptor_.async_accept(asio::redirect_error(asio::use_awaitable, ec));
      if (!ec) {
        asio::co_spawn(io_, host(std::move(socket)), rethrow);
      } else if (is_open() && ec != asio::error::connection_aborted) {
        // Out of descriptors or memory: try again when a connection has ended, or somewhat later.
        spare_.expires_after(std::chrono::seconds{1});
        co_await spare_.async_wait(asio::redirect_error(asio::use_awaitable, ec));
      }
    }
  }
  void connection_ended() { spare_.cancel(); }
  [[nodiscard]] bool is_open() const { return acceptor_.is_open(); }
  void close();

 private:
  boost::asio::io_context& io_;
  std::string address_;
  boost::asio::ip::tcp::acceptor acceptor_;
  boost::asio::steady_timer spare_;  // cancelled when descriptors may be free again
  std::uint16_t port_ = 0;
};

}  // namespace skein::net
