// An answer that is an HTTP error: one readable error with the cure, and how long to wait.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include <skein/chat/update.hpp>
#include <skein/core/error.hpp>
#include <skein/http/message.hpp>

namespace skein::providers {

// Of an error answer; what is absent is empty.
struct answer_headers {
  std::string_view retry_after_ms = {};  // retry-after-ms
  std::string_view retry_after = {};     // retry-after: seconds or an HTTP date
  rate_limits limits = {};
  // x-request-id (OpenAI and those who follow it), request-id (Anthropic), apim-request-id (Azure),
  // x-goog-request-id, mistral-correlation-id.
  std::string_view request_id = {};
  std::chrono::system_clock::time_point now = {};  // for what is a date
};

// Borrowed from the head.
[[nodiscard]] answer_headers answer_headers_of(const http::response_head& head,
                                               std::chrono::system_clock::time_point now);

// In this order: retry-after-ms, retry-after, the reset of a limit that is used up.
[[nodiscard]] std::optional<std::chrono::milliseconds> retry_delay(const answer_headers& headers);

struct http_failure {
  int status = 0;
  std::string body = {};
  std::string_view url = {};           // without credentials
  std::string_view model = {};         // the model asked for
  std::string_view key_variable = {};  // where its key is expected
  answer_headers headers = {};
};

// One readable line: the status, where, the provider's code and message, the cure, and what the
// provider calls the request.
[[nodiscard]] provider_error error_from(http_failure answer);

// An error that came inside an answer, with what the answer's head called the request.
[[nodiscard]] provider_error of_request(provider_error said, const http::response_head& head);

}  // namespace skein::providers
