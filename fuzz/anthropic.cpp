// Anthropic's messages: what decoder.hpp says.
#include "decoder.hpp"
#include "providers/anthropic/messages.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace skein;
  const auto body_of = [](const message& m) {
    return anthropic::detail::request_body({.messages = {m}}, {}, "m", {});
  };
  return fuzz::check_decoder<anthropic::detail::messages_decoder>(data, size, body_of,
                                                                  {"message_stop"});
}
