// How a scripted model decides what to answer.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <skein/json/value.hpp>
#include <skein/testing/scripted_turn.hpp>

namespace skein::testing {

// Answers a request: the parsed body of POST .../chat/completions, or, of another protocol, what
// such a body would say: `model`, `stream`, `messages` (an array), and `tools` by their names. A
// model_server calls it on its own thread, one call at a time: it must not block, and what it
// shares with the test needs a lock. What it throws becomes an HTTP 500.
using responder = std::function<scripted_turn(const json::value& request)>;

// Turn i answers the request whose messages hold i messages of the assistant, so that the answer
// depends on nothing but the request, however many runs are interleaved. Beyond the end: HTTP 400.
[[nodiscard]] responder turns(std::vector<scripted_turn> list);

// All conditions that are given must hold.
struct rule {
  std::optional<std::string> user_message = {};  // is part of the last user message's text
  std::optional<std::string> system_message =
      {};                                    // is part of a system or developer message's text
  std::optional<bool> has_tool_result = {};  // a tool message follows the last user message
  std::optional<std::string> tool = {};      // a tool of this name is offered
  std::optional<std::string> model = {};     // the model's name
  std::optional<std::size_t> turn = {};      // number of assistant messages
  scripted_turn answer = {};
};

// The first rule that holds answers. None: HTTP 400 with code `no_rule`.
[[nodiscard]] responder rules(std::vector<rule> list);

// Rules from a JSON file, the shape of which is that of aimock's fixtures:
//   {"fixtures": [{
//      "match": {"userMessage", "systemMessage", "hasToolResult", "toolName", "model",
//      "turnIndex"}, "response": {"content": string or JSON to be sent as text, "chunks":
//      [string...],
//                   "reasoning": string, "toolCalls": [{"id", "name", "arguments": string or
//                   JSON}], "finishReason": string, "usage": {"prompt_tokens", "completion_tokens",
//                   "cached_tokens", "reasoning_tokens"}}
//              or  {"error": {"message", "type", "code", "param"}, "status": 500},
//      "chunkSize": characters, "firstDelay": ms, "latency": ms between chunks,
//      "fault": {"kind": the name of a fault_kind, "at", "delay": ms, "retryAfter": s}}]}
// Every member but `response` is optional. A bare array of fixtures will do. Fixtures for other
// kinds of models (`inputText`, `embedding`) are left out. Throws schema_error with the place of a
// mistake, unknown names included: a condition that is not understood must not match everything.
[[nodiscard]] std::vector<rule> parse_rules(std::string_view text);

// The script behind `skein demo`. An agent with tools get_weather({city}), add({a, b}), now({}) and
// ask_stylist({task}) is asked "What should I wear in Oslo tomorrow, and what is 17 + 25?":
// two parallel calls; then the stylist, who is an agent with the word "stylist" in its
// instructions, and the time; then text. Tools that are not offered are not called. Usage is fixed
// for each turn.
[[nodiscard]] responder demo_script();

// Models named `b-<chunks>-<ms>[-tool]`: that many chunks " token", one every `ms` (0: a burst, 16
// to a write); `-tool`: first a call get_weather({"city":"Paris"}) if tools are offered and the
// last message is not a tool's. Other names are b-10-0.
[[nodiscard]] responder benchmark_script();

}  // namespace skein::testing
