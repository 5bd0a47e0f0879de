// How long a model may take. Of the five limits, three are here; the time to connect is the HTTP
// client's (http::timeouts::connect, a transport_error `timeout_connect`), and that of a whole run
// is run_options::deadline (the outcome `cancelled`, for the run is then over, whoever is to
// blame).
#pragma once

#include <optional>

#include <skein/chat/client.hpp>

namespace skein {

// Of the runtime's time. One that is not set is not watched.
struct timeouts {
  // From the first pull to the first content: text, reasoning or a tool call. With
  // chat_options::streaming off that is the whole answer.
  std::optional<runtime::duration> first_content = {};
  // From one update to the next, once there is content. The consumer's time does not count.
  std::optional<runtime::duration> between_chunks = {};
  // From the first pull to the end of this one answer. What the consumer takes counts too, but what
  // has arrived is handed out first.
  std::optional<runtime::duration> step = {};
};

// Leaves a model that is too slow: a transport_error `timeout_first_content`,
// `timeout_between_chunks` or `timeout_step`. The request's span ends with the outcome `deadline`,
// and the span around gets an event `skein.timeout` with error.type and the limit in seconds.
// Belongs inside of `retrying` and `fallback`, which take it for what it is.
class timed final : public chat_layer {
 public:
  timed(chat_client& inner, timeouts limits) noexcept : chat_layer(inner), limits_(limits) {}

 protected:
  skein::stream<chat_update> around(chat_request request, chat_options options) override;

 private:
  timeouts limits_;
};

}  // namespace skein
