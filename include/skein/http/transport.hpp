// What a provider needs of HTTP: one request out, one body in. The client is one; a test that
// counts bytes on a virtual clock is another.
#pragma once

#include <string_view>

#include <skein/async/stream.hpp>
#include <skein/http/message.hpp>

namespace skein::http {

class transport {
 public:
  transport() = default;
  transport(const transport&) = delete;
  transport& operator=(const transport&) = delete;
  virtual ~transport() = default;

  // Nothing is sent before the first pull. The pieces of the body, each valid until the next pull;
  // `head`, which must outlive the stream, is filled before the first piece (an empty one if the
  // body is). Throws what http::exchange throws. Dropping the stream closes the exchange.
  [[nodiscard]] virtual stream<std::string_view> send(request r, response_head& head) = 0;
};

class client;

// Sends through a client that outlives it.
class client_transport final : public transport {
 public:
  explicit client_transport(client& through) noexcept : client_(through) {}
  [[nodiscard]] stream<std::string_view> send(request r, response_head& head) override;

 private:
  client& client_;
};

}  // namespace skein::http
