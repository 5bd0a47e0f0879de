// The protocols: one row each, and how its text says that an answer is whole.
#include "anthropic_codec.hpp"
#include "conformance.hpp"
#include "gemini_codec.hpp"
#include "ollama_codec.hpp"
#include "openai_codec.hpp"
#include "openai_responses.hpp"

namespace skein::providers::conformance {

namespace {

template <class Decoder>
std::unique_ptr<answer_decoder> make() {
  return std::make_unique<Decoder>();
}

std::string openai_chat_body(const chat_request& request) {
  return openai::detail::request_body(request, {}, "model", openai::detail::compatible_dialect);
}

std::string openai_responses_body(const chat_request& request) {
  return openai::detail::responses_body(request, {}, "model");
}

std::string anthropic_body(const chat_request& request) {
  return anthropic::detail::request_body(request, {}, "model", {});
}

std::string gemini_body(const chat_request& request) {
  return gemini::detail::request_body(request, {}, "model");
}

std::string ollama_body(const chat_request& request) {
  return ollama::detail::request_body(request, {}, "model", {});
}

// What a model says of itself, where the protocol has no word for a refusal.
meaning said(std::string text) { return {.text = std::move(text), .finish = finish_reason::stop}; }

}  // namespace

std::span<const protocol> protocols() {
  static const std::vector<protocol> all = {
      {.name = "openai_chat",
       .title = "OpenAI chat completions",
       .decoder = make<openai::detail::stream_decoder>,
       .request_body = openai_chat_body,
       .end_of_answer = openai::test::end_of_answer,
       .replayed_reasoning = R"("reasoning_content":"I need the weather.")"},
      {.name = "openai_responses",
       .title = "OpenAI responses",
       .decoder = make<openai::detail::responses_decoder>,
       .request_body = openai_responses_body,
       .end_of_answer = openai::responses_test::end_of_answer,
       .replayed_reasoning = "gAAAAABpVbgAkq0sU2m7Yw3nR5tZ8cX1vB4dF6hJ9lQ"},
      {.name = "anthropic",
       .title = "Anthropic messages",
       .decoder = make<anthropic::detail::messages_decoder>,
       .request_body = anthropic_body,
       .end_of_answer = anthropic::test::end_of_answer,
       .replayed_reasoning = "EqQBCgIYAhIM1gbcDa9GJwZA2b3hGgxBdjrkzLoky3dl1pkiMOYds+WkSm/3TiFAfb==",
       .lacks = {{"tool_interleaved", "blocks follow one another"}}},
      {.name = "gemini",
       .title = "Gemini",
       .decoder = make<gemini::detail::stream_decoder>,
       .request_body = gemini_body,
       .end_of_answer = gemini::test::end_of_answer,
       .replayed_reasoning = "EvcBCvQBAXLI2nwUr4c0qQ1mTz8=",
       .lacks = {{"tool_interleaved", "a call comes in one piece"},
                 {"tool_malformed", "arguments are an object of JSON"}},
       .variants = {{"refusal", "a refusal is text", said("I can't help with that.")}}},
      {.name = "ollama",
       .title = "Ollama",
       .frames = framing::lines,
       .decoder = make<ollama::detail::stream_decoder>,
       .request_body = ollama_body,
       .end_of_answer = ollama::test::end_of_answer,
       .replayed_reasoning = R"("thinking":"I need the weather.")",
       .lacks = {{"tool_interleaved", "a call comes in one piece"},
                 {"tool_malformed", "arguments are an object of JSON"},
                 {"content_filter", "there is no filter"},
                 {"usage_cache", "it is not reported"},
                 {"usage_reasoning", "it is not reported"}},
       .variants = {{"refusal", "a refusal is text", said("I can't help with that.")}}},
  };
  return all;
}

}  // namespace skein::providers::conformance
