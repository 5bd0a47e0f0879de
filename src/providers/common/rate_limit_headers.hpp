// What the headers of an answer say of a provider's limits.
#pragma once

#include <chrono>

#include <skein/chat/update.hpp>
#include <skein/http/message.hpp>

namespace skein::providers {

// x-ratelimit-{limit,remaining,reset}-{requests,tokens} (OpenAI and those who follow it; at Groq,
// the requests are those of a day), with resets as durations, 6m0s;
// anthropic-ratelimit-{requests,tokens}-{limit,remaining,reset}, with resets as times of RFC 3339,
// taken by the clock that wrote the answer's Date, without which it is `now`.
[[nodiscard]] rate_limits rate_limits_of(const http::response_head& head,
                                         std::chrono::system_clock::time_point now);

}  // namespace skein::providers
