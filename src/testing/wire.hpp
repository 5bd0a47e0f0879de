// A connection's bytes, plain or under TLS.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string_view>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>

namespace skein::testing {

namespace asio = boost::asio;
using asio::ip::tcp;

// One read and one write may be in progress at a time. Operations throw
// boost::system::system_error.
class wire {
 public:
  // What becomes of a write, as it happens.
  struct observer {
    std::function<void(std::size_t)> sent;
    std::function<void()> blocked;
    std::function<void()> unblocked;
  };

  wire() = default;
  wire(const wire&) = delete;
  wire& operator=(const wire&) = delete;
  virtual ~wire() = default;

  virtual asio::awaitable<void> open() = 0;
  virtual asio::awaitable<std::size_t> read_some(asio::mutable_buffer to) = 0;
  virtual asio::awaitable<void> write(std::string_view bytes, const observer& watch) = 0;
  // Says that nothing more will be written, where the transport can say so without waiting.
  virtual void end_writes() = 0;
  // The orderly end, without a read in progress.
  virtual asio::awaitable<void> finish() = 0;
  virtual tcp::socket& socket() = 0;

  void cut();    // close at once, in good order for TCP
  void reset();  // close at once with RST
};

[[nodiscard]] std::unique_ptr<wire> plain_wire(tcp::socket socket);
[[nodiscard]] std::unique_ptr<wire> tls_wire(tcp::socket socket, asio::ssl::context& context);

}  // namespace skein::testing
