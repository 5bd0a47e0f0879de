// OpenAI's responses: what decoder.hpp says.
#include "decoder.hpp"
#include "providers/openai/responses.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace skein;
  const auto body_of = [](const message& m) {
    return openai::detail::responses_body({.messages = {m}}, {}, "m");
  };
  return fuzz::check_decoder<openai::detail::responses_decoder>(
      data, size, body_of, {"response.completed", "response.incomplete"});
}
