// A model provider on this machine over HTTP/1.1 (and TLS), in five protocols, with scripted
// answers and scripted failures. For tests, `skein model-server` and `skein demo`.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <skein/testing/script.hpp>

namespace skein::testing {

struct tls_identity {
  std::string certificate;  // PEM, chain included
  std::string key;          // PEM
};

// A fresh key with a self-signed certificate for a DNS name or an IP address, valid from yesterday
// for two days. A client trusts it by taking `certificate` as its authority.
[[nodiscard]] tls_identity self_signed(std::string_view host = "127.0.0.1");

struct server_options {
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;                          // 0: one that is free
  std::vector<std::string> models = {"scripted"};  // what GET .../models lists
  std::optional<std::string> require_key = {};     // the key that requests must carry
  std::optional<tls_identity> tls = {};            // TLS 1.2 or newer
  std::size_t body_limit = 16 * 1024 * 1024;       // bytes of a request; beyond: 413
  std::chrono::milliseconds idle_timeout{60'000};  // of a connection without a response in progress
  std::size_t send_buffer =
      0;  // SO_SNDBUF in bytes, so that back-pressure is felt soon; 0: system's
  std::size_t keep_records = 1000;  // requests and closed connections remembered, newest
};

struct recorded_request {
  std::size_t connection = 0;                        // connections are numbered from 1
  std::chrono::steady_clock::time_point received{};  // when the last byte of it arrived
  std::string method = {};
  std::string target = {};
  std::vector<std::pair<std::string, std::string>> headers = {};  // as received, in order
  std::string body = {};

  // The first header of that name, whatever its case.
  [[nodiscard]] std::optional<std::string> header(std::string_view name) const;
};

struct recorded_connection {
  std::size_t id = 0;
  std::size_t requests = 0;
  std::size_t bytes_sent = 0;  // handed to the system, before TLS
  bool open = true;
  bool blocked =
      false;  // the system takes no more bytes until the client reads (not known for TLS)
};

struct server_counters {
  std::size_t requests = 0;        // complete ones
  std::size_t open_exchanges = 0;  // responses in progress
  std::size_t completed_exchanges = 0;
  std::size_t broken_exchanges = 0;  // the client left, a fault ended it, or the server stopped
  std::size_t accepted_connections = 0;
  std::size_t open_connections = 0;
  std::size_t blocked_connections = 0;
  std::size_t events_sent = 0;  // of streamed answers, whole ones
  std::size_t bytes_sent = 0;   // heads and HTTP chunking included, before TLS
};

// Serves from its construction to its destruction, on one thread of its own. The path chooses the
// protocol, after any prefix: POST /chat/completions and /responses (OpenAI), /messages
// (Anthropic), /models/NAME:generateContent and :streamGenerateContent (Gemini), /api/chat
// (Ollama); errors have its shape. GET /models lists as OpenAI does; everything else is an error in
// OpenAI's shape. A key is a bearer token, or in x-api-key or x-goog-api-key. HTTP/1.1 with
// keep-alive and pipelining; a response is written as fast as the client reads it. A client that
// closes (or half-closes) its connection has left: its response ends at once. All members may be
// called from any thread.
class model_server {
 public:
  // Throws transport_error if the address cannot be listened on, usage_error for a bad TLS
  // identity.
  explicit model_server(responder answer, server_options options = {});
  // Closes all connections, whatever their state, and waits for nobody but a running responder.
  ~model_server();
  model_server(const model_server&) = delete;
  model_server& operator=(const model_server&) = delete;

  [[nodiscard]] std::uint16_t port() const noexcept;
  [[nodiscard]] std::string url() const;  // e.g. http://127.0.0.1:40123/v1

  [[nodiscard]] std::vector<recorded_request> requests() const;        // in order of arrival
  [[nodiscard]] std::vector<recorded_connection> connections() const;  // in order of their ids
  [[nodiscard]] server_counters counters() const;                      // one consistent moment
  [[nodiscard]] std::size_t open_exchanges() const { return counters().open_exchanges; }
  [[nodiscard]] std::size_t open_connections() const { return counters().open_connections; }
  [[nodiscard]] std::size_t events_sent() const { return counters().events_sent; }
  [[nodiscard]] std::size_t bytes_sent() const { return counters().bytes_sent; }

  // Blocks until the condition holds, looked at with every change, or the time is over; says which.
  // The condition must not call the server.
  bool wait_for(const std::function<bool(const server_counters&)>& condition,
                std::chrono::milliseconds timeout) const;
  bool wait_for_open_exchanges(std::size_t n, std::chrono::milliseconds timeout) const;
  bool wait_for_open_connections(std::size_t n, std::chrono::milliseconds timeout) const;
  bool wait_for_requests(std::size_t n, std::chrono::milliseconds timeout) const;  // at least n

 private:
  class machine;
  std::unique_ptr<machine> machine_;
};

}  // namespace skein::testing
