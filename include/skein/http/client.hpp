// The HTTP client: libcurl's protocols on the runtime's own event loop, without a thread of its
// own.
//
//   http::client client;
//   auto exchange = client.send({.url = "https://...", .headers = {...}, .body = json});
//   if ((co_await exchange.head()).status != 200) ...
//   while (auto piece = co_await exchange.next()) decoder.feed(*piece);
//
// TLS certificates are verified; HTTP/2 is used where a TLS server offers it; redirects are answers
// like any other; bodies arrive as sent (`Accept-Encoding: identity` unless the request says else);
// proxies come from http_proxy, https_proxy, all_proxy and no_proxy as libcurl reads them. A
// request that finds its pooled connection closed by the server, before any byte of the answer, is
// sent again on a new one.
#pragma once

#include <chrono>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <skein/async/detail/root.hpp>
#include <skein/async/task.hpp>
#include <skein/http/message.hpp>

namespace skein::http {

// What one exchange may cost. Passing a limit is a protocol_error `limit_exceeded`.
struct limits {
  std::size_t header_bytes = std::size_t{64} << 10;  // of the response, status line included
  std::size_t header_count = 256;
  std::size_t body_bytes = std::size_t{64} << 20;
  // How far the client reads ahead of its consumer; no error, the socket is just not read further.
  // HTTP hands over pieces of up to 16 KiB, and one of them always fits. Beyond it, only what the
  // kernel's socket buffers hold, and for HTTP/2 its stream window, is under way.
  std::size_t buffered_bytes = std::size_t{256} << 10;
};

// How long the peer may keep an exchange waiting; zero is forever. A passed one is a
// transport_error `timeout` that names it, `timeout_connect` for connect. They are of real time,
// whatever the runtime. Neither a place in the queue for a connection nor time in which the
// consumer keeps the buffer full counts as the peer's.
struct timeouts {
  std::chrono::milliseconds connect{10'000};      // name, TCP and TLS together
  std::chrono::milliseconds first_byte{120'000};  // from the connection's being there to the answer
  std::chrono::milliseconds idle{60'000};         // between bytes of the answer
  std::chrono::milliseconds total{0};             // from the first wait to the last byte
};

enum class http2 : std::uint8_t { negotiate, off };

// Where a client connects to, whatever names resolve to. Public addresses are those of the
// internet: not this machine, a private network, a link, a group, nor what clouds reserve for
// metadata (IANA's registries of special-purpose addresses). To anywhere else nothing is sent, not
// even a connection is tried: a transport_error `address_refused`. A proxy would hide the address,
// so none is used.
enum class reach : std::uint8_t { everywhere, public_addresses };

struct client_options {
  http::limits limits = {};
  http::timeouts timeouts = {};
  // A PEM file of authorities to trust, used instead of the system's bundle file.
  std::string ca_file = {};
  // Unset: from the environment. Empty: none.
  std::optional<std::string> proxy = {};
  std::size_t max_connections_per_host = 0;  // 0: no limit; further exchanges wait for their turn
  std::size_t pooled_connections = 16;       // kept open between exchanges
  std::string user_agent = "skein";
  http::http2 http2 = http2::negotiate;
  http::reach reach = http::reach::everywhere;
  std::vector<std::string> also_reachable = {};  // addresses beside public ones, e.g. 10.0.0.7
};

namespace detail {
class transfer;
struct client_state;

// Suspends until the head is there, or a piece of the body, or the exchange has ended or failed.
class exchange_wait : public skein::detail::wait {
 public:
  enum class until : std::uint8_t { head, body };
  exchange_wait(transfer* t, until u) noexcept : transfer_(t), until_(u) {}
  exchange_wait(exchange_wait&&) noexcept = default;
  ~exchange_wait();
  bool await_ready();
  bool await_suspend(std::coroutine_handle<> h);

  // For the transfer, under its lock.
  [[nodiscard]] until what() const noexcept { return until_; }
  [[nodiscard]] bool claim() const noexcept { return owner()->claim(ticket()); }
  using wait::owner;

 protected:
  transfer& resumed_transfer();

 private:
  transfer* transfer_;
  until until_;
  bool waiting_ = false;
};

class head_wait : public exchange_wait {
 public:
  explicit head_wait(transfer* t) noexcept : exchange_wait(t, until::head) {}
  const response_head& await_resume();
};

class body_wait : public exchange_wait {
 public:
  explicit body_wait(transfer* t) noexcept : exchange_wait(t, until::body) {}
  std::optional<std::string_view> await_resume();
};
}  // namespace detail

// One request and its response. Nothing is sent before the first wait, which also ties the exchange
// to the runtime it happens on. Dropping it closes it: on return the request is gone from the
// connection, and an HTTP/1 connection in the midst of it is closed. One coroutine waits at a time.
//
// Both waits are cancellation points, and cancelling one closes the exchange. Beside `cancelled`
// they throw transport_error with type() `dns_failed`, `connect_failed`, `tls_failed`,
// `timeout_connect`, `timeout` or `connection_closed`, and protocol_error with `limit_exceeded` or
// `malformed`. What came before a failure is handed out first; then every further wait throws the
// failure again.
class [[nodiscard("dropping an exchange closes it")]] exchange {
 public:
  exchange(exchange&&) noexcept;
  exchange& operator=(exchange&&) noexcept;
  ~exchange();

  // The status and headers of the final response; the reference lives as long as the exchange.
  [[nodiscard]] detail::head_wait head() noexcept { return detail::head_wait(transfer_.get()); }

  // Everything of the body that has arrived since the last call, never an empty piece; valid until
  // the next call. Nothing at the regular end, and ever after.
  [[nodiscard]] detail::body_wait next() noexcept { return detail::body_wait(transfer_.get()); }

  // As dropping it; a later wait throws usage_error. Any thread, but not while a coroutine waits.
  void close() noexcept;

 private:
  friend class client;
  explicit exchange(std::unique_ptr<detail::transfer> t) noexcept;
  std::unique_ptr<detail::transfer> transfer_;
};

// Connections are pooled per client and runtime; they are closed with the client or with the
// runtime, whichever goes first. Any number of runtimes, one after another or side by side, may use
// a client. All members may be called from any thread.
class client {
 public:
  explicit client(client_options options = {});
  client(client&&) noexcept = default;
  client& operator=(client&&) noexcept;
  // Closes all exchanges; a coroutine that waits for one gets a transport_error
  // `connection_closed`.
  ~client();

  // Throws usage_error for a request that HTTP cannot carry: its URL, method or a header.
  [[nodiscard]] exchange send(request r);

  [[nodiscard]] const client_options& options() const noexcept;
  // Exchanges that were started and have neither ended nor been closed; connections, idle ones
  // included.
  [[nodiscard]] std::size_t open_exchanges() const;
  [[nodiscard]] std::size_t open_connections() const;

 private:
  std::shared_ptr<detail::client_state> state_;
};

// The rest of the body in one piece. More than `limit` bytes are a protocol_error `limit_exceeded`.
[[nodiscard]] task<std::string> read_all(exchange& from, std::size_t limit = std::size_t{64} << 20);

}  // namespace skein::http
