// What of a conversation spans hold already.
#pragma once

#include <cstddef>
#include <mutex>
#include <span>
#include <string>

#include <opentelemetry/trace/span_context.h>

#include <skein/chat/message.hpp>
#include <skein/telemetry/content.hpp>

namespace skein {

// Lets each request's span record only the messages that an earlier one has not
// (telemetry::history). One for each conversation; agents keep theirs by themselves. Any thread.
class content_history {
 public:
  struct recorded {
    std::size_t messages = 0;  // how many from the start of a conversation
    std::string where = {};    // trace and span identifier, joined by `-`
  };
  // What `span` need not record again of these messages.
  [[nodiscard]] recorded known(std::span<const message> messages,
                               const opentelemetry::trace::SpanContext& span,
                               telemetry::history form) const;
  // All of these can be found by way of `span` now.
  void add(std::span<const message> messages, const opentelemetry::trace::SpanContext& span);

 private:
  mutable std::mutex mutex_;
  std::size_t count_ = 0;
  std::size_t hash_ = 0;  // of that many messages
  opentelemetry::trace::SpanContext span_ = opentelemetry::trace::SpanContext::GetInvalid();
};

}  // namespace skein
