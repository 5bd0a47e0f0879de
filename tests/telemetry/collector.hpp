// Collectors on this machine: one that answers, one that stalls, one that is not there.
#pragma once

#include <condition_variable>
#include <functional>
#include <list>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

namespace skein::test {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using tcp = asio::ip::tcp;

inline tcp::endpoint any_local_port() { return {asio::ip::make_address("127.0.0.1"), 0}; }

// Keeps every request and answers it: with 200, or as it is told, one at a time.
class answering_collector {
 public:
  struct request {
    std::string target;
    std::map<std::string, std::string> headers;
    std::string body;
  };
  struct answer {
    unsigned status = 200;
    std::string body = {};
    std::map<std::string, std::string> headers = {};
  };
  using how = std::function<answer(const request&)>;

  answering_collector() : answering_collector([](const request&) { return answer(); }) {}
  explicit answering_collector(how answers)
      : answers_(std::move(answers)),
        acceptor_(io_, any_local_port()),
        thread_([this] { serve(); }) {}
  answering_collector(const answering_collector&) = delete;
  answering_collector& operator=(const answering_collector&) = delete;
  ~answering_collector() {
    // Whoever is being read from is cut off; who is waited for is this very connection.
    {
      std::lock_guard lock(mutex_);
      stopping_ = true;
      boost::system::error_code ignored;
      for (auto& c : connections_) c.socket.shutdown(tcp::socket::shutdown_both, ignored);
    }
    asio::io_context io;
    tcp::socket wake(io);
    boost::system::error_code ignored;
    wake.connect(acceptor_.local_endpoint(), ignored);
    thread_.join();
    for (auto& c : connections_) c.thread.join();
  }

  [[nodiscard]] std::string url() const {
    return "http://127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port());
  }
  [[nodiscard]] std::vector<request> requests() {
    std::lock_guard lock(mutex_);
    return requests_;
  }

 private:
  void serve() {
    while (true) {
      tcp::socket socket(io_);
      acceptor_.accept(socket);
      std::lock_guard lock(mutex_);
      if (stopping_) return;
      auto& c = connections_.emplace_back(std::move(socket));
      c.thread = std::thread([this, &c] { serve(c.socket); });
    }
  }
  void serve(tcp::socket& socket) {
    boost::beast::flat_buffer buffer;
    boost::system::error_code ec;
    while (true) {
      http::request<http::string_body> got;
      http::read(socket, buffer, got, ec);
      if (ec) return;
      request kept{.target = got.target(), .headers = {}, .body = got.body()};
      for (const auto& h : got) kept.headers[std::string(h.name_string())] = h.value();
      answer said;
      {
        std::lock_guard one_at_a_time(answering_);
        said = answers_(kept);
        std::lock_guard lock(mutex_);
        requests_.push_back(std::move(kept));
      }
      http::response<http::string_body> response(http::int_to_status(said.status), got.version());
      for (const auto& [name, value] : said.headers) response.set(name, value);
      response.body() = said.body;
      response.keep_alive(got.keep_alive());
      response.prepare_payload();
      http::write(socket, response, ec);
      if (ec || !got.keep_alive()) return;
    }
  }

  how answers_;
  asio::io_context io_;
  tcp::acceptor acceptor_;
  std::mutex mutex_;
  std::mutex answering_;
  bool stopping_ = false;
  struct connection {
    explicit connection(tcp::socket s) : socket(std::move(s)) {}
    tcp::socket socket;
    std::thread thread;
  };
  std::list<connection> connections_;
  std::vector<request> requests_;
  std::thread thread_;
};

// The operating system accepts connections, and nobody ever reads.
class stalled_collector {
 public:
  stalled_collector() : acceptor_(io_, any_local_port()) {}
  [[nodiscard]] std::string url() const {
    return "http://127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port());
  }

 private:
  asio::io_context io_;
  tcp::acceptor acceptor_;
};

// An address where nobody listens.
inline std::string dead_url() { return stalled_collector().url(); }

}  // namespace skein::test
