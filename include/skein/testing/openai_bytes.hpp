// The bytes of OpenAI's chat completions API for a scripted turn, without sockets: a simulated
// transport that sends them speaks exactly as model_server does.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <skein/json/value.hpp>
#include <skein/testing/scripted_turn.hpp>

namespace skein::testing {

// Does the request ask for a stream?
[[nodiscard]] bool wants_stream(const json::value& request);

// The server-sent events of a streamed answer, each with its "data: " and its empty line, the last
// one `data: [DONE]`. Faults that change what is said (malformed, no_done, error_event) are in it.
// Events carry `"usage":null` and a usage event comes last only if the request says include_usage.
[[nodiscard]] std::vector<std::string> sse_events(const json::value& request,
                                                  const scripted_turn& turn);

// The whole body of the response: the events of a stream, or one chat.completion, or, where the
// turn is an HTTP error (see http_error), its JSON. A body that is cut, stalled or reset ends at
// that byte.
[[nodiscard]] std::string response_bytes(const json::value& request, const scripted_turn& turn);

// The HTTP error of a turn: its `error`, or that of the faults rate_limited and server_error.
[[nodiscard]] std::optional<api_error> http_error(const scripted_turn& turn);

// {"error":{"message","type","param","code"}}
[[nodiscard]] std::string error_body(const api_error& error);

}  // namespace skein::testing
