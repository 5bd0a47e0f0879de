// Chat completions: what decoder.hpp says.
#include "decoder.hpp"
#include "providers/openai/chat_completions.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace skein;
  const auto body_of = [](const message& m) {
    return openai::detail::request_body({.messages = {m}}, {}, "m",
                                        openai::detail::compatible_dialect);
  };
  return fuzz::check_decoder<openai::detail::stream_decoder>(data, size, body_of,
                                                             {"finish_reason", "[DONE]"});
}
