// Ollama's /api/chat: what decoder.hpp says.
#include "decoder.hpp"
#include "providers/ollama/chat.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace skein;
  const auto body_of = [](const message& m) {
    return ollama::detail::request_body({.messages = {m}}, {}, "m", "");
  };
  return fuzz::check_decoder<ollama::detail::stream_decoder, providers::line_decoder>(
      data, size, body_of, {"done"});
}
