// One client's connection: reads requests, plays replies, notices at once when the client leaves.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>

#include "testing/journal.hpp"
#include "testing/reply.hpp"
#include "testing/wire.hpp"

namespace skein::testing {

class connection {
 public:
  connection(std::unique_ptr<wire> wire, const responder& respond, const server_options& options,
             journal& journal);
  ~connection();
  connection(const connection&) = delete;
  connection& operator=(const connection&) = delete;

  // Until the connection is over, for whatever reason. The object must outlive it.
  asio::awaitable<void> run();
  // Makes run() end soon, whatever it is doing.
  void stop();

 private:
  struct exchange;

  asio::awaitable<void> receive();
  asio::awaitable<void> serve();
  asio::awaitable<std::optional<http_request>> next_request();
  asio::awaitable<bool> more_bytes();
  asio::awaitable<void> turn_away(const api_error& error);
  asio::awaitable<bool> play(const reply& reply, unsigned http_version, bool keep_alive);
  asio::awaitable<bool> play_body(const reply& reply, bool chunked);
  asio::awaitable<void> fail(fault_kind kind);
  asio::awaitable<void> send(std::string_view bytes);
  asio::awaitable<void> wait(std::chrono::steady_clock::time_point until);
  void record(const http_request& request);

  std::unique_ptr<wire> wire_;
  const responder& respond_;
  const server_options& options_;
  journal& journal_;
  std::size_t id_;
  wire::observer watch_;

  std::array<char, 16 * 1024> arriving_;  // read into by receive() alone
  boost::beast::flat_buffer inbox_;
  asio::steady_timer arrived_;   // never fires for receive(): cancelled when inbox_ has grown
  asio::steady_timer consumed_;  // never fires: cancelled when inbox_ has shrunk
  bool stopped_ = false;
};

}  // namespace skein::testing
