// Staying below a provider's limits, instead of finding out where they are: requests wait here, in
// order, until there is room for them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include <skein/chat/client.hpp>

namespace skein {

// What a provider counts against the tokens of a minute.
enum class token_counting : std::uint8_t {
  as_asked,  // the prompt and max_tokens, when the request comes in, whatever is used of them
  as_used    // the prompt when the request comes in, the answer's tokens as they are made
};

// What is not set is learned from the provider's headers (rate_limits), of which the smaller one
// holds. While nothing is known, one request at a time is sent, until the first has been answered.
struct limiter_options {
  std::optional<std::int64_t> requests_per_minute = {};
  std::optional<std::int64_t> tokens_per_minute = {};
  std::optional<std::size_t> concurrent = {};  // requests under way
  token_counting counting = token_counting::as_asked;
};

// One for a credential: all clients that use it share it. Never lets more through in any sixty
// seconds than a minute's limit, on the provider's clock, however long requests are on their way;
// so it holds for providers that count by the minute, by the last sixty seconds, or by a bucket
// that is filled steadily.
//
// A request reserves before it is sent, rather too much: its text by the fewest bytes for a token
// that answers have shown of late (at first three), and max_tokens (as_used, and where it is not
// set: the most that answers have used of late). What the answer really used replaces that. What
// the headers say is gone, and was not asked here, is gone here too, until the reset that they say
// (or a minute). After a 429 with a retry_after, everybody waits so long. A request that is larger
// than a whole minute waits until it is alone.
//
// Any thread; of one runtime's time. Must outlive its layers' streams.
class limiter {
 public:
  explicit limiter(limiter_options options);
  limiter(const limiter&) = delete;
  limiter& operator=(const limiter&) = delete;
  ~limiter();

  [[nodiscard]] std::size_t waiting() const;  // the queue's length
  [[nodiscard]] std::size_t running() const;  // sent, and neither ended nor dropped
  // In force now: set or learned.
  [[nodiscard]] std::optional<std::int64_t> requests_per_minute() const;
  [[nodiscard]] std::optional<std::int64_t> tokens_per_minute() const;

 private:
  friend class limited;
  struct state;
  class place;
  class wake_up;
  class grant;
  std::unique_ptr<state> state_;
};

// Asks when the limiter lets it; until then it waits its turn, and leaves the queue when it is
// stopped or dropped. A wait is an event `skein.limit.wait` on the span around, when it is over:
// with its length in seconds, how many were ahead, and the tokens that were reserved.
class limited final : public chat_layer {
 public:
  limited(chat_client& inner, limiter& by) noexcept : chat_layer(inner), by_(by) {}

 protected:
  skein::stream<chat_update> around(chat_request request, chat_options options) override;

 private:
  limiter& by_;
};

}  // namespace skein
