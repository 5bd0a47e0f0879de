#include <format>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/beast/core/string.hpp>

#include <skein/core/error.hpp>
#include <skein/testing/model_server.hpp>

#include "net/listener.hpp"
#include "testing/connection.hpp"

namespace skein::testing {
namespace {

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
        listener_(io_, "model_server:",
                  {.address = options_.address,
                   .port = options_.port,
                   .send_buffer = options_.send_buffer > 0
                                      ? std::optional(static_cast<int>(options_.send_buffer))
                                      : std::nullopt}) {
    asio::co_spawn(io_, listener_.accept([this](tcp::socket s) { return host(std::move(s)); }),
                   net::rethrow);
    thread_ = std::jthread([this] { io_.run(); });
  }

  // With everything closed the context runs out of work, and every coroutine ends by itself.
  ~machine() {
    asio::post(io_, [this] {
      listener_.close();
      for (auto* open : open_) open->stop();
    });
  }

  machine(const machine&) = delete;
  machine& operator=(const machine&) = delete;

  [[nodiscard]] const journal& records() const noexcept { return journal_; }
  [[nodiscard]] std::uint16_t port() const noexcept { return listener_.port(); }
  [[nodiscard]] std::string url() const { return listener_.url(tls_ ? "https" : "http") + "/v1"; }

 private:
  asio::awaitable<void> host(tcp::socket socket) {
    boost::system::error_code ignored;
    socket.set_option(tcp::no_delay(true), ignored);
    connection client(tls_ ? tls_wire(std::move(socket), *tls_) : plain_wire(std::move(socket)),
                      respond_, options_, journal_);
    open_.insert(&client);
    if (listener_.is_open()) co_await client.run();
    open_.erase(&client);
    listener_.connection_ended();
  }

  const responder respond_;
  const server_options options_;
  journal journal_;
  std::optional<asio::ssl::context> tls_;
  std::set<connection*> open_;
  asio::io_context io_{1};
  net::listener listener_;
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
