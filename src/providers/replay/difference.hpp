// Where two requests part.
#pragma once

#include <optional>

#include <skein/http/message.hpp>
#include <skein/providers/replay.hpp>

namespace skein::replay::detail {

// Both without secrets. Nothing if they are the same, by the rules of replay::player.
[[nodiscard]] std::optional<difference> first_difference(const http::request& recorded,
                                                         const http::request& now);

}  // namespace skein::replay::detail
