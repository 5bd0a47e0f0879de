// One request with one JSON answer.
#pragma once

#include <memory>

#include <skein/async/task.hpp>
#include <skein/http/transport.hpp>
#include <skein/json/value.hpp>

#include "providers/common/exchange.hpp"

namespace skein::providers {

// Of the plan, neither decoder nor framing are looked at. An HTTP status of an error is a
// provider_error, an answer that is no JSON object a protocol_error `malformed`.
[[nodiscard]] task<json::object> ask_for_json(std::unique_ptr<exchange_plan> plan,
                                              http::transport& transport);

}  // namespace skein::providers
