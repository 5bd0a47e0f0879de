// One scripted answer of a model: what it says, what it calls, what it costs and how it fails.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <skein/chat/usage.hpp>

namespace skein::testing {

// A tool call of the model. `arguments` is JSON text and need not be valid.
struct scripted_call {
  std::string id = {};
  std::string name = {};
  std::string arguments = "{}";
};

// An answer that is an HTTP error, in the shape of the protocol. Those of Anthropic and Gemini have
// a word of their own for each status, and no `type`, `code` or `param`; Ollama's is the message.
struct api_error {
  int status = 500;
  std::string message = "The server had an error while processing your request.";
  std::string type = "server_error";
  std::string code = {};   // empty: null
  std::string param = {};  // empty: null
};

// What goes wrong. "Byte n" counts bytes of the response body before HTTP chunking (the text of
// response_bytes()); an `n` beyond the end means the end, before HTTP says that the body is
// complete. "Event n" counts events of the stream from 0.
enum class fault_kind : std::uint8_t {
  none,
  cut,           // close the connection in good order after byte `at`
  stall,         // send nothing after byte `at`, keep the connection open until the client leaves
  reset,         // reset the connection (RST) after byte `at`; 0: before the response's head
  slow,          // wait `delay` before each event
  malformed,     // the JSON of event `at` is broken off (not streaming: of the body)
  rate_limited,  // 429 with Retry-After: `retry_after`
  server_error,  // 500
  no_done,       // end the stream without its last event, e.g. `data: [DONE]`
  error_event,   // after `at` events one that is an error, then the end
};

struct fault {
  fault_kind kind = fault_kind::none;
  std::size_t at = 0;
  std::chrono::milliseconds delay{0};
  std::chrono::seconds retry_after{1};
};

// A text answer is streamed as `chunks` if they are given, else as `text` cut into pieces of
// `chunk_size` characters (code points, never a part of one); the arguments of calls and the
// reasoning are cut the same way. Text and calls may both be given: the text comes first. Where a
// protocol wants arguments as JSON, a call is sent whole.
struct scripted_turn {
  std::string text = {};
  std::vector<std::string> chunks = {};
  std::string reasoning = {};  // before the text
  std::vector<scripted_call> calls = {};
  std::string finish =
      {};  // as finish_reason of chat completions; empty: "tool_calls" with calls, else "stop"
  // Chat completions stream it only to those who ask with stream_options.include_usage. An empty
  // value is never sent.
  skein::usage usage{
      .input = 10, .output = 5, .cache_read = {}, .cache_write = {}, .reasoning = {}};

  std::optional<api_error> error = {};  // instead of an answer
  std::optional<testing::fault> fault = {};

  std::size_t chunk_size = 8;                // characters, at least 1
  std::size_t events_per_write = 1;          // events sent together, at least 1
  std::chrono::milliseconds first_delay{0};  // between the response's head and its first byte
  std::chrono::milliseconds chunk_delay{0};  // between writes

  std::string id = {};     // empty: from a hash of the request
  std::string model = {};  // empty: the model of the request
  std::int64_t created = 1'700'000'000;
};

}  // namespace skein::testing
