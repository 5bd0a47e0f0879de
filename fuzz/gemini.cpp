// Gemini's generateContent: what decoder.hpp says.
#include "decoder.hpp"
#include "providers/gemini/generate_content.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace skein;
  const auto body_of = [](const message& m) {
    return gemini::detail::request_body({.messages = {m}}, {}, "gemini-3-flash");
  };
  return fuzz::check_decoder<gemini::detail::stream_decoder>(data, size, body_of,
                                                             {"finishReason", "blockReason"});
}
