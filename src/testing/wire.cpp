#include "testing/wire.hpp"

#include <algorithm>
#include <utility>

#include <boost/asio/post.hpp>
#include <boost/asio/socket_base.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

namespace skein::testing {
namespace {

class plain final : public wire {
 public:
  explicit plain(tcp::socket socket) : socket_(std::move(socket)) { socket_.non_blocking(true); }

  asio::awaitable<void> open() override { co_return; }

  asio::awaitable<std::size_t> read_some(asio::mutable_buffer to) override {
    co_return co_await socket_.async_read_some(to, asio::use_awaitable);
  }

  // Tries first and waits second, so that "the system takes no more" is an event that can be told.
  asio::awaitable<void> write(std::string_view bytes, const observer& watch) override {
    const auto executor = co_await asio::this_coro::executor;
    while (!bytes.empty()) {
      boost::system::error_code ec;
      const auto n = socket_.write_some(asio::buffer(bytes), ec);
      if (ec == asio::error::would_block) {
        watch.blocked();
        co_await socket_.async_wait(tcp::socket::wait_write, asio::use_awaitable);
        watch.unblocked();
        continue;
      }
      if (ec) throw boost::system::system_error(ec);
      watch.sent(n);
      bytes.remove_prefix(n);
      co_await asio::post(executor, asio::use_awaitable);  // others have their turn
    }
  }

  void end_writes() override {
    boost::system::error_code ignored;
    socket_.shutdown(tcp::socket::shutdown_send, ignored);
  }

  asio::awaitable<void> finish() override {
    cut();
    co_return;
  }

  tcp::socket& socket() override { return socket_; }

 private:
  tcp::socket socket_;
};

class tls final : public wire {
 public:
  tls(tcp::socket socket, asio::ssl::context& context) : stream_(std::move(socket), context) {}

  asio::awaitable<void> open() override {
    co_await stream_.async_handshake(asio::ssl::stream_base::server, asio::use_awaitable);
  }

  asio::awaitable<std::size_t> read_some(asio::mutable_buffer to) override {
    co_return co_await stream_.async_read_some(to, asio::use_awaitable);
  }

  asio::awaitable<void> write(std::string_view bytes, const observer& watch) override {
    while (!bytes.empty()) {
      const auto n = co_await stream_.async_write_some(asio::buffer(bytes), asio::use_awaitable);
      watch.sent(n);
      bytes.remove_prefix(n);
    }
  }

  void end_writes() override {}

  asio::awaitable<void> finish() override {
    co_await stream_.async_shutdown(asio::use_awaitable);
    cut();
  }

  tcp::socket& socket() override { return stream_.next_layer(); }

 private:
  asio::ssl::stream<tcp::socket> stream_;
};

}  // namespace

void wire::cut() {
  boost::system::error_code ignored;
  socket().shutdown(tcp::socket::shutdown_both, ignored);
  socket().close(ignored);
}

void wire::reset() {
  boost::system::error_code ignored;
  socket().set_option(asio::socket_base::linger(true, 0), ignored);
  socket().close(ignored);
}

std::unique_ptr<wire> plain_wire(tcp::socket socket) {
  return std::make_unique<plain>(std::move(socket));
}

std::unique_ptr<wire> tls_wire(tcp::socket socket, asio::ssl::context& context) {
  return std::make_unique<tls>(std::move(socket), context);
}

}  // namespace skein::testing
