#include <exception>
#include <format>
#include <set>
#include <string>
#include <thread>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/string.hpp>

#include <skein/core/error.hpp>
#include <skein/testing/model_server.hpp>

#include "testing/connection.hpp"

namespace skein::testing {
namespace {

// A failure here is a defect of the server: it must not go unnoticed.
constexpr auto rethrow = [](const std::exception_ptr& e) {
  if (e) std::rethrow_exception(e);
};

std::optional<asio::ssl::context> tls_context(const std::optional<tls_identity>& identity) {
  if (!identity) return std::nullopt;
  try {
    asio::ssl::context context(asio::ssl::context::tls_server);
    context.set_options(asio::ssl::context::default_workarounds | asio::ssl::context::no_tlsv1 |
                        asio::ssl::context::no_tlsv1_1);
    context.use_certificate_chain(asio::buffer(identity->certificate));
    context.use_private_key(asio::buffer(identity->key), asio::ssl::context::pem);
    return context;
  } catch (const boost::system::system_error& e) {
    throw usage_error(
        std::format("model_server: the TLS certificate or key is of no use: {}. Give both as "
                    "PEM text.",
                    e.code().message()));
  }
}

}  // namespace

class model_server::machine {
 public:
  machine(responder answer, server_options options)
      : respond_(std::move(answer)),
        options_(std::move(options)),
        journal_(options_.keep_records),
        tls_(tls_context(options_.tls)),
        acceptor_(io_),
        spare_(io_) {
    listen();
    asio::co_spawn(io_, accept(), rethrow);
    thread_ = std::jthread([this] { io_.run(); });
  }

  // With everything closed the context runs out of work, and every coroutine ends by itself.
  ~machine() {
    asio::post(io_, [this] {
      acceptor_.close();
      spare_.cancel();
      for (auto* open : open_) open->stop();
    });
  }

  machine(const machine&) = delete;
  machine& operator=(const machine&) = delete;

  [[nodiscard]] const journal& records() const noexcept { return journal_; }
  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
  [[nodiscard]] std::string url() const {
    const bool v6 = options_.address.contains(':');
    return std::format("{}://{}{}{}:{}/v1", tls_ ? "https" : "http", v6 ? "[" : "",
                       options_.address, v6 ? "]" : "", port_);
  }

 private:
  void listen() {
    try {
      const tcp::endpoint endpoint(asio::ip::make_address(options_.address), options_.port);
      acceptor_.open(endpoint.protocol());
      acceptor_.set_option(tcp::acceptor::reuse_address(true));
      if (options_.send_buffer > 0) {
        // Set before the connection is there: accepted sockets inherit it.
        acceptor_.set_option(
            asio::socket_base::send_buffer_size(static_cast<int>(options_.send_buffer)));
      }
      acceptor_.bind(endpoint);
      acceptor_.listen();
      port_ = acceptor_.local_endpoint().port();
    } catch (const boost::system::system_error& e) {
      throw transport_error(
          std::format("model_server: cannot listen on {} port {}: {}. Choose another "
                      "address or port; port 0 takes a free one.",
                      options_.address, options_.port, e.code().message()),
          "listen_failed");
    }
  }

  asio::awaitable<void> accept() {
    while (acceptor_.is_open()) {
      boost::system::error_code ec;
      auto socket = co_await acceptor_.async_accept(asio::redirect_error(asio::use_awaitable, ec));
      if (!ec) {
        asio::co_spawn(io_, host(std::move(socket)), rethrow);
      } else if (acceptor_.is_open() && ec != asio::error::connection_aborted) {
        // Out of descriptors or memory: try again when a connection has ended, or somewhat later.
        spare_.expires_after(std::chrono::seconds{1});
        co_await spare_.async_wait(asio::redirect_error(asio::use_awaitable, ec));
      }
    }
  }

  asio::awaitable<void> host(tcp::socket socket) {
    boost::system::error_code ignored;
    socket.set_option(tcp::no_delay(true), ignored);
    connection client(tls_ ? tls_wire(std::move(socket), *tls_) : plain_wire(std::move(socket)),
                      respond_, options_, journal_);
    open_.insert(&client);
    if (acceptor_.is_open()) co_await client.run();
    open_.erase(&client);
    spare_.cancel();
  }

  const responder respond_;
  const server_options options_;
  journal journal_;
  std::optional<asio::ssl::context> tls_;
  std::uint16_t port_ = 0;
  std::set<connection*> open_;
  asio::io_context io_{1};
  tcp::acceptor acceptor_;
  asio::steady_timer spare_;  // cancelled when descriptors may be free again
  std::jthread thread_;
};

model_server::model_server(responder answer, server_options options)
    : machine_(std::make_unique<machine>(std::move(answer), std::move(options))) {}
model_server::~model_server() = default;

std::uint16_t model_server::port() const noexcept { return machine_->port(); }
std::string model_server::url() const { return machine_->url(); }
std::vector<recorded_request> model_server::requests() const {
  return machine_->records().requests();
}
std::vector<recorded_connection> model_server::connections() const {
  return machine_->records().connections();
}
server_counters model_server::counters() const { return machine_->records().counters(); }

bool model_server::wait_for(const std::function<bool(const server_counters&)>& condition,
                            std::chrono::milliseconds timeout) const {
  return machine_->records().wait_for(condition, timeout);
}
bool model_server::wait_for_open_exchanges(std::size_t n, std::chrono::milliseconds timeout) const {
  return wait_for([n](const auto& now) { return now.open_exchanges == n; }, timeout);
}
bool model_server::wait_for_open_connections(std::size_t n,
                                             std::chrono::milliseconds timeout) const {
  return wait_for([n](const auto& now) { return now.open_connections == n; }, timeout);
}
bool model_server::wait_for_requests(std::size_t n, std::chrono::milliseconds timeout) const {
  return wait_for([n](const auto& now) { return now.requests >= n; }, timeout);
}

std::optional<std::string> recorded_request::header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (boost::beast::iequals(key, name)) return value;
  }
  return std::nullopt;
}

}  // namespace skein::testing
