// From a complete HTTP request to what is to be sent: no sockets, no clock.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>

#include <skein/testing/model_server.hpp>

namespace skein::testing {

using http_request = boost::beast::http::request<boost::beast::http::string_body>;

struct reply {
  unsigned status = 200;
  std::string content_type = "application/json";
  std::vector<std::pair<std::string, std::string>> headers = {};
  std::vector<std::string> pieces = {};  // the body: events, or one text
  bool streamed = false;                 // length not known in advance
  testing::fault fault = {};
  std::size_t pieces_per_write = 1;
  std::chrono::milliseconds first_delay{0};
  std::chrono::milliseconds delay{0};  // between writes
};

[[nodiscard]] reply answer(const http_request& request, const responder& respond,
                           const server_options& options);
[[nodiscard]] reply refuse(const api_error& error);

// The response's head up to the empty line.
[[nodiscard]] std::string head_of(const reply& reply, unsigned http_version, bool keep_alive);

}  // namespace skein::testing
