// A plain client that shows every byte. Nothing waits longer than `patience`.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>

#include <skein/json/value.hpp>
#include <skein/testing/model_server.hpp>

namespace skein::testing {

inline constexpr std::chrono::seconds patience{20};

class peer {
 public:
  explicit peer(std::uint16_t port, int receive_buffer = 0) : socket_(io_) {
    const boost::asio::ip::tcp::endpoint to(boost::asio::ip::make_address("127.0.0.1"), port);
    socket_.open(to.protocol());
    if (receive_buffer > 0) {
      socket_.set_option(boost::asio::socket_base::receive_buffer_size(receive_buffer));
    }
    socket_.connect(to);
  }
  explicit peer(const model_server& server) : peer(server.port()) {}

  void send(std::string_view bytes) { boost::asio::write(socket_, boost::asio::buffer(bytes)); }

  // Everything up to and including `end`.
  std::string read_until(std::string_view end) {
    std::optional<std::size_t> length;
    boost::asio::async_read_until(socket_, boost::asio::dynamic_buffer(pending_), end,
                                  [&](boost::system::error_code ec, std::size_t n) {
                                    if (!ec) length = n;
                                  });
    run();
    if (!length)
      throw std::runtime_error("no \"" + std::string{end} + "\" in: " + pending_.substr(0, 200));
    return take(*length);
  }
  std::string read(std::size_t n) {
    if (pending_.size() < n) {
      boost::asio::async_read(socket_, boost::asio::dynamic_buffer(pending_),
                              boost::asio::transfer_exactly(n - pending_.size()),
                              [](boost::system::error_code, std::size_t) {});
      run();
    }
    if (pending_.size() < n) throw std::runtime_error("cut short: " + pending_.substr(0, 200));
    return take(n);
  }
  // Everything until the server ends the connection; `ending` tells how.
  std::string read_all() {
    boost::asio::async_read(socket_, boost::asio::dynamic_buffer(pending_),
                            [&](boost::system::error_code ec, std::size_t) { ending = ec; });
    run();
    return take(pending_.size());
  }
  boost::system::error_code ending;

  boost::asio::ip::tcp::socket& socket() { return socket_; }

 private:
  void run() {
    io_.restart();
    io_.run_for(patience);
    if (!io_.stopped())
      throw std::runtime_error("the server sends nothing more after: " + pending_.substr(0, 200));
  }
  std::string take(std::size_t n) {
    auto taken = pending_.substr(0, n);
    pending_.erase(0, n);
    return taken;
  }

  boost::asio::io_context io_;
  boost::asio::ip::tcp::socket socket_;
  std::string pending_;
};

struct answer_seen {
  int status = 0;
  std::string head;
  std::string body;

  [[nodiscard]] json::value json() const { return json::parse(body); }
};

// One HTTP response, chunking removed.
template <class Peer>
answer_seen read_answer(Peer& peer) {
  answer_seen seen;
  seen.head = peer.read_until("\r\n\r\n");
  seen.status = std::stoi(seen.head.substr(9, 3));
  if (seen.head.contains("Transfer-Encoding: chunked")) {
    for (;;) {
      const auto size = std::stoul(peer.read_until("\r\n"), nullptr, 16);
      const auto chunk = peer.read(size + 2);
      if (size == 0) return seen;
      seen.body += chunk.substr(0, size);
    }
  }
  const std::string_view length = "Content-Length: ";
  if (const auto at = seen.head.find(length); at != std::string::npos) {
    seen.body = peer.read(std::stoul(seen.head.substr(at + length.size())));
  }
  return seen;
}

inline std::string post(std::string_view body, std::string_view headers = {},
                        std::string_view target = "/v1/chat/completions") {
  std::string text = "POST ";
  text.append(target).append(" HTTP/1.1\r\nHost: here\r\n").append(headers);
  text += "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n";
  return text.append(body);
}

inline constexpr std::string_view streamed_hello =
    R"({"model":"m","stream":true,"messages":[{"role":"user","content":"hello"}]})";
inline constexpr std::string_view plain_hello =
    R"({"model":"m","messages":[{"role":"user","content":"hello"}]})";

// An answer of about `kilobytes` KiB in chunks of 1 KiB.
inline scripted_turn long_turn(std::size_t kilobytes) {
  scripted_turn turn;
  turn.chunks.assign(kilobytes, std::string(1024, 'x'));
  return turn;
}

}  // namespace skein::testing
