#include "providers/common/decoder.hpp"

#include <string>

#include "providers/common/error_text.hpp"
#include "providers/common/event_json.hpp"

namespace skein::providers {

std::expected<void, failure> answer_decoder::unterminated_event(std::string_view name,
                                                                std::string_view data,
                                                                updates& out) {
  if (state_ == state::finished || !event_memory().parse(provider_, data)) return {};
  return event(name, data, out);
}

std::expected<void, failure> answer_decoder::provider_failed(const json::value& error,
                                                             std::string_view body) {
  error_text said = read_error(error);
  std::string text = std::string(provider_) + ": the server reported an error in its answer";
  if (!said.code.empty()) text += " (" + one_line(said.code, 60) + ")";
  text += ": " + one_line(said.message, 400);
  return fail(provider_error(text, {.status = said.status,
                                    .code = std::move(said.code),
                                    .retry_after = {},
                                    .body = std::string(body)}));
}

std::expected<void, failure> answer_decoder::cut() {
  const std::string who(provider_);
  if (state_ == state::failed) {
    return fail(protocol_error(who + ": the end of a stream that had failed", "stream_cut"));
  }
  return fail(protocol_error(
      who + ": the stream ended before its terminal event: the connection was cut, or the server "
            "gave up. The answer so far is not whole; ask again",
      "stream_cut"));
}

}  // namespace skein::providers
