// HTTP without sockets, on the runtime's own clock: the bytes of model_server, cut where a test
// says.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>

#include <skein/http/transport.hpp>
#include <skein/testing/script.hpp>

namespace skein::testing {

struct wire_options {
  std::size_t piece = 64;                // bytes handed over at once; 0: of random size, 1 to 64
  std::chrono::milliseconds latency{1};  // of the runtime's time, before each piece
  // Body bytes, counted over all exchanges in the order in which they are handed over, after which
  // the connection breaks (transport_error `connection_closed`).
  std::size_t break_after = std::numeric_limits<std::size_t>::max();
};

// Answers as the responder says, in the protocols and at the paths of model_server; any other path
// is a usage_error. Copies nothing from run to run: make one for each. One thread.
class scripted_transport final : public http::transport {
 public:
  explicit scripted_transport(responder answer, wire_options how = {});
  ~scripted_transport() override;

  [[nodiscard]] skein::stream<std::string_view> send(http::request r,
                                                     http::response_head& head) override;

  [[nodiscard]] std::size_t open_exchanges() const noexcept;
  [[nodiscard]] std::size_t exchanges() const noexcept;  // begun so far
  [[nodiscard]] std::size_t bytes() const noexcept;      // of bodies, handed over so far

 private:
  struct state;
  static skein::stream<std::string_view> play(std::shared_ptr<state> s, http::request r,
                                              http::response_head& head);
  std::shared_ptr<state> state_;
};

}  // namespace skein::testing
