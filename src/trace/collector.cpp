#include <array>
#include <format>
#include <mutex>
#include <set>
#include <string_view>
#include <thread>
#include <utility>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/string.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>

#include <skein/core/error.hpp>
#include <skein/trace/collector.hpp>

#include "net/listener.hpp"
#include "trace/receiver.hpp"

namespace skein::trace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::ip::tcp;

namespace {

constexpr std::uint32_t head_limit = 16 * 1024;
constexpr std::chrono::seconds farewell{2};

using response = http::response<http::string_body>;

response to_http(receiver_reply reply, unsigned version, bool keep_alive) {
  response out(static_cast<http::status>(reply.status), version);
  out.set(http::field::content_type, reply.content_type);
  if (reply.status == 405) out.set(http::field::allow, "POST");
  if (reply.retry) out.set(http::field::retry_after, "1");
  out.keep_alive(keep_alive);
  out.body() = std::move(reply.body);
  out.prepare_payload();
  return out;
}

std::string_view view_of(beast::string_view s) { return {s.data(), s.size()}; }

}  // namespace

class collector::machine {
 public:
  machine(store into, collector_options options)
      : store_(std::move(into)),
        options_(std::move(options)),
        listener_(io_, "the collector", {.address = options_.address, .port = options_.port}) {
    asio::co_spawn(io_, listener_.accept([this](tcp::socket s) { return host(std::move(s)); }),
                   net::rethrow);
    thread_ = std::jthread([this] { io_.run(); });
  }

  // With everything closed the context runs out of work, and every coroutine ends by itself.
  ~machine() {
    asio::post(io_, [this] {
      listener_.close();
      for (auto* open : open_) open->close();
    });
  }

  machine(const machine&) = delete;
  machine& operator=(const machine&) = delete;

  [[nodiscard]] std::uint16_t port() const noexcept { return listener_.port(); }
  [[nodiscard]] std::string url() const { return listener_.url("http"); }
  [[nodiscard]] collector_counters counters() const {
    std::lock_guard lock(mutex_);
    return counters_;
  }

 private:
  asio::awaitable<void> host(tcp::socket socket) {
    beast::tcp_stream stream(std::move(socket));
    boost::system::error_code ignored;
    stream.socket().set_option(tcp::no_delay(true), ignored);
    const bool crowded = open_.size() >= options_.max_connections;
    open_.insert(&stream);
    try {
      if (crowded) {
        co_await turn_away(stream, refuse(503, "too many connections"));
      } else if (listener_.is_open()) {
        co_await serve(stream);
      }
    } catch (const boost::system::system_error&) {
      // The client is gone, too slow, or we are leaving.
    }
    open_.erase(&stream);
    listener_.connection_ended();
  }

  asio::awaitable<void> serve(beast::tcp_stream& stream) {
    beast::flat_buffer buffer(head_limit + options_.max_body);
    while (listener_.is_open()) {
      http::request_parser<http::string_body> parser;
      parser.header_limit(head_limit);
      parser.body_limit(options_.max_body);
      boost::system::error_code ec;
      stream.expires_after(options_.idle_timeout);
      co_await http::async_read_header(stream, buffer, parser,
                                       asio::redirect_error(asio::use_awaitable, ec));
      if (!ec) {
        stream.expires_after(options_.request_timeout);
        if (beast::iequals(parser.get()[http::field::expect], "100-continue")) {
          http::response<http::empty_body> go_on(http::status::continue_, parser.get().version());
          co_await http::async_write(stream, go_on, asio::use_awaitable);
        }
        co_await http::async_read(stream, buffer, parser,
                                  asio::redirect_error(asio::use_awaitable, ec));
      }
      if (ec == http::error::end_of_stream) co_return;
      if (ec == http::error::body_limit) {
        co_await turn_away(
            stream, refuse(413, std::format("the body is larger than {} bytes", options_.max_body),
                           view_of(parser.get()[http::field::content_type])));
        co_return;
      }
      if (ec == http::error::header_limit) {
        co_await turn_away(stream, refuse(431, "the head is too large"));
        co_return;
      }
      if (ec && ec.category() == make_error_code(http::error::end_of_stream).category()) {
        co_await turn_away(stream, refuse(400, "this is not HTTP/1.1: " + ec.message()));
        co_return;
      }
      if (ec) co_return;
      const auto& request = parser.get();
      const bool keep_alive = request.keep_alive();
      auto out = to_http(respond(request), request.version(), keep_alive);
      stream.expires_after(options_.request_timeout);
      co_await http::async_write(stream, out, asio::use_awaitable);
      if (!keep_alive) co_return;
    }
  }

  receiver_reply respond(const http::request<http::string_body>& request) {
    auto reply = answer({.method = view_of(request.method_string()),
                         .target = view_of(request.target()),
                         .content_type = view_of(request[http::field::content_type]),
                         .content_encoding = view_of(request[http::field::content_encoding]),
                         .body = request.body()},
                        options_.max_body,
                        {.spans = [this](auto s) { store_.insert(s); },
                         .metrics = [this](auto m) { store_.insert(m); }});
    count(reply);
    return reply;
  }

  void count(const receiver_reply& reply) {
    std::lock_guard lock(mutex_);
    ++counters_.requests;
    counters_.spans += reply.spans;
    counters_.points += reply.points;
    counters_.log_records += reply.log_records;
    counters_.rejected += reply.rejected;
    if (reply.status != 200) ++counters_.refused;
    if (!reply.failure.empty()) counters_.last_failure = reply.failure;
  }

  // What the client still sends is read and dropped for a while: closing at once could destroy the
  // answer on its way (RFC 9112, 9.6).
  asio::awaitable<void> turn_away(beast::tcp_stream& stream, receiver_reply reply) {
    count(reply);
    auto out = to_http(std::move(reply), 11, false);
    stream.expires_after(farewell);
    co_await http::async_write(stream, out, asio::use_awaitable);
    boost::system::error_code ec;
    stream.socket().shutdown(tcp::socket::shutdown_send, ec);
    std::array<char, 4096> dropped;
    while (!ec) {
      co_await stream.async_read_some(asio::buffer(dropped),
                                      asio::redirect_error(asio::use_awaitable, ec));
    }
  }

  store store_;  // the thread's
  const collector_options options_;
  mutable std::mutex mutex_;
  collector_counters counters_;
  std::set<beast::tcp_stream*> open_;
  asio::io_context io_{1};
  net::listener listener_;
  std::jthread thread_;
};

collector::collector(store into, collector_options options)
    : machine_(std::make_unique<machine>(std::move(into), std::move(options))) {}
collector::~collector() = default;

std::uint16_t collector::port() const noexcept { return machine_->port(); }
std::string collector::url() const { return machine_->url(); }
collector_counters collector::counters() const { return machine_->counters(); }

}  // namespace skein::trace
