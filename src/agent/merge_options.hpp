#pragma once

#include <skein/chat/request.hpp>

namespace skein {

// The options of a run over those of its agent: what is set wins; maps are merged key by key.
[[nodiscard]] chat_options merge(chat_options base, chat_options over);

}  // namespace skein
