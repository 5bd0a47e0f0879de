// One answer of a provider over HTTP: the request goes out, a decoder's updates come in.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <skein/async/stream.hpp>
#include <skein/http/transport.hpp>

#include "providers/common/decoder.hpp"

namespace skein::providers {

// How a streamed body is cut into events.
enum class framing : std::uint8_t { server_sent_events, lines };

struct exchange_plan {
  http::request request;
  std::string shown_url;  // without credentials
  std::string model;
  std::string_view key_variable;  // for the cure of a refused key; of static duration
  std::size_t max_error_body;
  bool streaming;
  framing frames = framing::server_sent_events;
  std::unique_ptr<answer_decoder> decoder;
};

// The request is sent at the first pull. An HTTP status of an error is a provider_error with its
// body up to `max_error_body`. Some servers answer whole although a stream was asked for, some the
// other way round; both are read as what they are.
[[nodiscard]] stream<chat_update> exchange(std::unique_ptr<exchange_plan> plan,
                                           http::transport& transport);

}  // namespace skein::providers
