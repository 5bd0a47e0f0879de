#include "net/listener.hpp"

#include <format>

#include <skein/core/error.hpp>

namespace skein::net {

namespace asio = boost::asio;
using asio::ip::tcp;

listener::listener(asio::io_context& io, std::string_view who, const place& where)
    : io_(io), address_(where.address), acceptor_(io), spare_(io) {
  try {
    const tcp::endpoint endpoint(asio::ip::make_address(where.address), where.port);
    acceptor_.open(endpoint.protocol());
    acceptor_.set_option(tcp::acceptor::reuse_address(true));
    if (where.send_buffer) {
      // Set before the connection is there: accepted sockets inherit it.
      acceptor_.set_option(asio::socket_base::send_buffer_size(*where.send_buffer));
    }
    acceptor_.bind(endpoint);
    acceptor_.listen();
    port_ = acceptor_.local_endpoint().port();
  } catch (const boost::system::system_error& e) {
    throw transport_error(
        std::format("{} cannot listen on {} port {}: {}. Choose another address or port; port 0 "
                    "takes a free one.",
                    who, where.address, where.port, e.code().message()),
        "listen_failed");
  }
}

std::string listener::url(std::string_view scheme) const {
  const bool v6 = address_.contains(':');
  return std::format("{}://{}{}{}:{}", scheme, v6 ? "[" : "", address_, v6 ? "]" : "", port_);
}

void listener::close() {
  acceptor_.close();
  spare_.cancel();
}

}  // namespace skein::net
