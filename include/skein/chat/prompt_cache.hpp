// A guard for the provider's prompt cache: it says what broke it. Providers read what a request has
// in common with an earlier one from a cache, at up to a tenth of the price, but only from the
// start and only as far as it is the same, byte for byte. A clock in the instructions, a tool moved
// or a message rewritten makes all behind it dear, and no error says so.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include <skein/chat/client.hpp>

namespace skein {

// The first thing in which a request departs from the one before it in its conversation.
struct cache_break {
  enum class kind : std::uint8_t { changed, added, removed, moved };
  // `model`, `tool_choice`, `response_format`, `reasoning_effort`, `extra_body`, `tools[2] add`,
  // `instructions`, or `messages[3] user`. Never content.
  std::string where;
  kind how = kind::changed;
  std::string conversation;    // its id, if it has one
  std::size_t kept_bytes = 0;  // of the earlier request, before the break: still cached
  std::size_t lost_bytes = 0;  // of it, from there on: paid in full again
};
[[nodiscard]] std::string_view name_of(cache_break::kind k) noexcept;

// Compares each request with the one before it: model and what else stands at the front, tools,
// instructions, messages. A request that goes on where the other ended breaks nothing, nor does one
// that is the beginning of it. A conversation is known by chat_options::conversation_id, else by
// its first message. Of 1000 conversations, the latest, it keeps hashes and sizes, no content.
//
// A break is an event `skein.prompt_cache.broken` on the span around (the agent's), with where,
// how, kept and lost bytes, and is told to `on_break`, which runs before the request is sent and
// may throw to stop it. It makes no span. Any thread.
class prompt_cache_guard final : public chat_layer {
 public:
  // `inner` must outlive this.
  explicit prompt_cache_guard(chat_client& inner,
                              std::function<void(const cache_break&)> on_break = {});
  ~prompt_cache_guard() override;

 protected:
  skein::stream<chat_update> around(chat_request request, chat_options options) override;

 private:
  class memory;
  std::unique_ptr<memory> memory_;
  std::function<void(const cache_break&)> on_break_;
};

}  // namespace skein
