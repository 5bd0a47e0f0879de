#include "testing/connection.hpp"

#include <algorithm>
#include <format>
#include <string>
#include <utility>
#include <variant>

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/string.hpp>
#include <boost/beast/http/parser.hpp>

namespace skein::testing {
namespace {

namespace beast_http = boost::beast::http;
using namespace asio::experimental::awaitable_operators;
using std::chrono::steady_clock;

// A head must fit into the inbox in one piece.
constexpr std::size_t head_limit = 32 * 1024;
constexpr std::size_t inbox_limit = 64 * 1024;
// How long a client may take to read an error before the connection goes (RFC 9112, 9.6).
constexpr std::chrono::seconds farewell{2};

std::string chunk_of(std::string_view bytes) {
  return std::format("{:x}\r\n{}\r\n", bytes.size(), bytes);
}

asio::awaitable<bool> succeeds(asio::awaitable<void> operation) {
  try {
    co_await std::move(operation);
    co_return true;
  } catch (const boost::system::system_error&) {
    co_return false;
  }
}

// Until the timer is cancelled or fires.
asio::awaitable<void> wait_on(asio::steady_timer& timer) {
  boost::system::error_code ignored;
  co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
}

std::optional<std::size_t> last_byte(const fault& fault) {
  using enum fault_kind;
  const bool limited = fault.kind == cut || fault.kind == stall || fault.kind == reset;
  return limited ? std::optional{fault.at} : std::nullopt;
}

}  // namespace

// Counts an exchange as broken unless it is completed.
struct connection::exchange {
  explicit exchange(journal& journal) : journal_(&journal) {}
  ~exchange() {
    if (journal_) journal_->exchange_broken();
  }
  exchange(const exchange&) = delete;
  exchange& operator=(const exchange&) = delete;
  void complete() { std::exchange(journal_, nullptr)->exchange_completed(); }

 private:
  journal* journal_;
};

connection::connection(std::unique_ptr<wire> wire, const responder& respond,
                       const server_options& options, journal& journal)
    : wire_(std::move(wire)),
      respond_(respond),
      options_(options),
      journal_(journal),
      id_(journal.connection_opened()),
      watch_{.sent = [this](std::size_t n) { journal_.bytes_sent(id_, n); },
             .blocked = [this] { journal_.blocked(id_); },
             .unblocked = [this] { journal_.unblocked(id_); }},
      arrived_(wire_->socket().get_executor()),
      consumed_(wire_->socket().get_executor(), steady_clock::time_point::max()) {}

connection::~connection() {
  wire_->cut();
  journal_.connection_closed(id_);
}

void connection::stop() {
  stopped_ = true;
  wire_->cut();
  consumed_.cancel();
}

// The reader never stops reading while there is room, so the end of the connection ends the
// server's side wherever it is: writing, waiting or stalling.
asio::awaitable<void> connection::run() {
  const auto opened =
      co_await (succeeds(wire_->open()) || wait(steady_clock::now() + options_.idle_timeout));
  if (opened.index() != 0 || !std::get<0>(opened)) co_return;
  co_await (receive() || serve());
  if (!wire_->socket().is_open()) co_return;
  co_await (succeeds(wire_->finish()) || wait(steady_clock::now() + farewell));
}

asio::awaitable<void> connection::receive() {
  try {
    while (!stopped_) {
      if (inbox_.size() >= inbox_limit) {
        co_await wait_on(consumed_);
        continue;
      }
      // Not into the inbox directly: what is read from it meanwhile would move the place to write
      // to.
      const auto n = co_await wire_->read_some(asio::buffer(arriving_));
      inbox_.commit(asio::buffer_copy(inbox_.prepare(n), asio::buffer(arriving_, n)));
      arrived_.cancel();
    }
  } catch (const boost::system::system_error&) {
    // The end of the connection, which is what the caller waits for.
  }
}

asio::awaitable<void> connection::serve() {
  try {
    while (auto request = co_await next_request()) {
      record(*request);
      exchange in_progress(journal_);
      const auto reply = answer(*request, respond_, options_);
      const bool chunked = reply.streamed && request->version() >= 11;
      // A streamed answer to HTTP/1.0 ends with the connection.
      const bool keep_alive = request->keep_alive() && chunked == reply.streamed;
      if (!co_await play(reply, request->version(), keep_alive)) co_return;
      in_progress.complete();
      if (!keep_alive) co_return;
    }
  } catch (const boost::system::system_error&) {
    // A failed write: the client is gone, or receive() is over and has cancelled this.
  }
}

asio::awaitable<std::optional<http_request>> connection::next_request() {
  beast_http::request_parser<beast_http::string_body> parser;
  parser.header_limit(head_limit);
  parser.body_limit(options_.body_limit);
  parser.eager(true);
  bool continued = false;
  for (;;) {
    boost::system::error_code ec;
    const auto before = inbox_.size();
    if (before > 0) {
      inbox_.consume(parser.put(inbox_.data(), ec));
      consumed_.cancel();
    }
    const auto left = inbox_.size();
    if (ec && ec != beast_http::error::need_more) {
      const bool too_large = ec == beast_http::error::body_limit;
      co_await turn_away({.status = too_large                               ? 413
                                    : ec == beast_http::error::header_limit ? 431
                                                                            : 400,
                          .message = too_large ? std::format("The request is larger than {} bytes.",
                                                             options_.body_limit)
                                               : "This is not HTTP/1.1: " + ec.message(),
                          .type = "invalid_request_error"});
      co_return std::nullopt;
    }
    if (parser.is_done()) co_return parser.release();
    if (parser.is_header_done() && !std::exchange(continued, true) &&
        boost::beast::iequals(parser.get()[beast_http::field::expect], "100-continue")) {
      co_await send("HTTP/1.1 100 Continue\r\n\r\n");
    }
    const bool progress = left > 0 && left < before;
    const bool nothing_new = inbox_.size() == left;
    if (!progress && nothing_new && !co_await more_bytes()) co_return std::nullopt;
  }
}

// False when the idle time is over.
asio::awaitable<bool> connection::more_bytes() {
  const auto had = inbox_.size();
  arrived_.expires_after(options_.idle_timeout);
  co_await wait_on(arrived_);
  co_return inbox_.size() > had;
}

// The rest of the request is unread, so closing at once could destroy the answer on its way.
asio::awaitable<void> connection::turn_away(const api_error& error) {
  const auto reply = refuse(error);
  co_await send(head_of(reply, 11, false) + reply.pieces.front());
  wire_->end_writes();
  const auto deadline = steady_clock::now() + farewell;
  while (steady_clock::now() < deadline) {
    inbox_.consume(inbox_.size());
    consumed_.cancel();
    arrived_.expires_at(deadline);
    co_await wait_on(arrived_);
  }
}

// False if a fault has ended the connection.
asio::awaitable<bool> connection::play(const reply& reply, unsigned http_version, bool keep_alive) {
  if (reply.fault.kind == fault_kind::reset && reply.fault.at == 0) {
    co_await fail(fault_kind::reset);
    co_return false;
  }
  const bool chunked = reply.streamed && http_version >= 11;
  co_await send(head_of(reply, http_version, keep_alive));
  if (!co_await play_body(reply, chunked)) co_return false;
  if (chunked) co_await send("0\r\n\r\n");
  co_return true;
}

asio::awaitable<bool> connection::play_body(const reply& reply, bool chunked) {
  const auto limit = last_byte(reply.fault);
  std::size_t sent = 0;
  auto due = steady_clock::now() + reply.first_delay;
  for (std::size_t at = 0; at < reply.pieces.size() && sent != limit;) {
    // Paced by the clock rather than by pauses, but a slow client is not caught up with in a burst.
    if (due > steady_clock::now()) co_await wait(due);
    due = std::max(due, steady_clock::now() - reply.delay) + reply.delay;

    std::string bytes;
    std::size_t events = 0;
    while (events < reply.pieces_per_write && at < reply.pieces.size()) {
      if (limit && sent + bytes.size() + reply.pieces[at].size() > *limit) {
        bytes += reply.pieces[at].substr(0, *limit - sent - bytes.size());
        at = reply.pieces.size();
        break;
      }
      bytes += reply.pieces[at++];
      ++events;
    }
    if (!bytes.empty()) co_await send(chunked ? chunk_of(bytes) : bytes);
    sent += bytes.size();
    if (reply.streamed && events > 0) journal_.events_sent(events);
  }
  if (!limit) co_return true;
  co_await fail(reply.fault.kind);
  co_return false;
}

asio::awaitable<void> connection::fail(fault_kind kind) {
  if (kind == fault_kind::stall) co_await wait(steady_clock::time_point::max());
  if (kind == fault_kind::reset) {
    wire_->reset();
  } else {
    wire_->cut();
  }
}

asio::awaitable<void> connection::send(std::string_view bytes) {
  co_await wire_->write(bytes, watch_);
}

asio::awaitable<void> connection::wait(steady_clock::time_point until) {
  asio::steady_timer timer(wire_->socket().get_executor(), until);
  co_await timer.async_wait(asio::use_awaitable);
}

void connection::record(const http_request& request) {
  recorded_request recorded{.connection = id_,
                            .received = steady_clock::now(),
                            .method = std::string{request.method_string()},
                            .target = std::string{request.target()},
                            .body = request.body()};
  for (const auto& field : request) {
    recorded.headers.emplace_back(std::string{field.name_string()}, std::string{field.value()});
  }
  journal_.request_received(std::move(recorded));
}

}  // namespace skein::testing
