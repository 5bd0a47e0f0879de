// What every provider's decoder of an answer looks like to the exchange: events in, updates out, no
// I/O, no clock.
#pragma once

#include <cstdint>
#include <expected>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <skein/chat/update.hpp>
#include <skein/core/error.hpp>
#include <skein/json/value.hpp>

namespace skein::providers {

using failure = std::variant<protocol_error, provider_error>;
using updates = std::vector<chat_update>;

[[noreturn]] inline void throw_failure(failure&& f) {
  std::visit([]<class Error>(Error&& error) { throw std::forward<Error>(error); }, std::move(f));
  std::unreachable();
}

// One answer. Ends in exactly one way: response_finished was given, or one of the functions gave an
// error. Errors are final: `malformed` with the offset of what is not JSON, `stream_cut`, or the
// provider's own error.
class answer_decoder {
 public:
  enum class state : std::uint8_t {
    open,      // nothing terminal yet
    answered,  // the answer is whole, but its terminal event has not come; usage may still follow
    finished,  // response_finished was given; the rest of the body does not matter
    failed,
  };

  // `provider` begins the errors' texts; borrowed.
  explicit answer_decoder(std::string_view provider) noexcept : provider_(provider) {}
  answer_decoder(const answer_decoder&) = delete;
  answer_decoder& operator=(const answer_decoder&) = delete;
  virtual ~answer_decoder() = default;

  // Appends the updates of one event to `out`. `name` is the field `event` of a server-sent event,
  // empty if there was none; of NDJSON a line is an event. Ignored once finished.
  [[nodiscard]] virtual std::expected<void, failure> event(std::string_view name,
                                                           std::string_view data, updates& out) = 0;
  // The event that the end of the body left without its end: as event(), but data that is not whole
  // JSON counts as not received.
  [[nodiscard]] virtual std::expected<void, failure> unterminated_event(std::string_view name,
                                                                        std::string_view data,
                                                                        updates& out);
  // The body ended: gives response_finished if the answer is complete and that was not done yet,
  // else the error `stream_cut`. What was still held back comes out in either case.
  [[nodiscard]] virtual std::expected<void, failure> finish(updates& out) = 0;
  // A whole answer, not streamed, in one call instead of all of the above.
  [[nodiscard]] virtual std::expected<void, failure> whole(std::string_view body, updates& out) = 0;

  [[nodiscard]] state status() const noexcept { return state_; }

 protected:
  [[nodiscard]] std::expected<void, failure> fail(failure f) {
    state_ = state::failed;
    return std::unexpected(std::move(f));
  }
  // An error of the provider's own inside its answer, as one readable line.
  [[nodiscard]] std::expected<void, failure> provider_failed(const json::value& error,
                                                             std::string_view body);
  // What finish() says of a stream that is not whole, and of one that had failed.
  [[nodiscard]] std::expected<void, failure> cut();

  std::string_view provider_;
  state state_ = state::open;
};

}  // namespace skein::providers
