// The cases, with what they mean in every protocol.
#include "conformance.hpp"

namespace skein::providers::conformance {

namespace {

const std::string mild = "It is 17 °C in Oslo.\nMild — for “autumn” ☀";

meaning mild_text(std::size_t raw_updates = 0) {
  return {.text = mild,
          .finish = finish_reason::stop,
          .usage = {.input = 12, .output = 9},
          .raw_updates = raw_updates};
}

meaning ok(skein::usage usage) {
  return {.text = "ok", .reasoning = std::nullopt, .finish = finish_reason::stop, .usage = usage};
}

const expected_call oslo{"get_weather", R"({"city":"Oslo"})"};
const expected_call rome{"get_weather", R"({"city":"Rome"})"};

}  // namespace

std::span<const test_case> cases() {
  using enum ends;
  static const std::vector<test_case> all = {
      {.name = "text", .about = "text", .means = mild_text(), .also_whole = true},
      {.name = "tool_one",
       .about = "a tool call",
       .means = {.calls = {{"get_weather", R"({"city":"Oslo","unit":"c"})"}}},
       .also_whole = true},
      {.name = "tool_parallel", .about = "several calls", .means = {.calls = {oslo, rome}}},
      {.name = "tool_interleaved",
       .about = "several calls, their pieces mixed",
       .means = {.calls = {oslo, rome}}},
      {.name = "tool_no_arguments",
       .about = "a call without arguments",
       .means = {.calls = {{"get_time", "{}"}}}},
      {.name = "tool_malformed",
       .about = "arguments that are no JSON",
       .means = {.calls = {{"get_weather", R"({"city": "Os)"}}}},
      {.name = "text_and_tool",
       .about = "text, then a call",
       .means = {.text = "Let me look.", .calls = {oslo}}},
      {.name = "reasoning",
       .about = "reasoning, then text",
       .means = {.text = "42",
                 .reasoning = "The user asks for the sum.",
                 .finish = finish_reason::stop}},
      {.name = "reasoning_tool",
       .about = "reasoning, then a call; sent back after it",
       .means = {.reasoning = "I need the weather.", .calls = {oslo}}},
      {.name = "refusal", .about = "a refusal", .means = {.refusal = "I can't help with that."}},
      {.name = "length",
       .about = "stopped by the limit of tokens",
       .means = {.text = "Once upon a", .finish = finish_reason::length}},
      {.name = "content_filter",
       .about = "stopped by a filter",
       .means = {.text = std::nullopt, .finish = finish_reason::content_filter}},
      {.name = "usage_cache",
       .about = "usage: cached input",
       .means = ok({.input = 100, .cache_read = 80})},
      {.name = "usage_reasoning",
       .about = "usage: reasoning",
       .means = ok({.output = 50, .reasoning = 40})},
      {.name = "keep_alive", .about = "keep-alives", .means = mild_text()},
      {.name = "unknown_event",
       .about = "what this version does not know is kept",
       .means = mild_text(1)},
      {.name = "error_first",
       .about = "an error instead of an answer",
       .means = {.ends = with_an_error_of_the_provider}},
      {.name = "error_inside",
       .about = "an error inside the answer",
       .means = {.text = "Par", .ends = with_an_error_of_the_provider}},
      {.name = "empty",
       .about = "an answer without content",
       .means = {.finish = finish_reason::stop}},
  };
  return all;
}

}  // namespace skein::providers::conformance
