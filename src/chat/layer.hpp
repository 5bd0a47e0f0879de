// What the layers that come with Skein have in common.
#pragma once

#include <chrono>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <opentelemetry/trace/context.h>
#include <opentelemetry/trace/span.h>

#include <skein/async/strand.hpp>
#include <skein/async/time.hpp>
#include <skein/chat/client.hpp>

#include "telemetry/nostd.hpp"

namespace skein::detail {

using event_attributes = std::vector<
    std::pair<opentelemetry::nostd::string_view, opentelemetry::common::AttributeValue>>;

// An event of the span that a layer's answer belongs to.
inline void tell(std::string_view name, const event_attributes& attributes) {
  opentelemetry::trace::GetSpan(current_context())->AddEvent(telemetry::view(name), attributes);
}

inline double in_seconds(runtime::duration d) { return std::chrono::duration<double>(d).count(); }

// Whether it is of an answer, and not only about one.
inline bool is_content(const chat_update& u) {
  return !std::holds_alternative<response_started>(u) && !std::holds_alternative<raw_update>(u) &&
         !std::holds_alternative<usage_update>(u);
}

// What was passed on is void: an answer begins anew.
inline chat_update restart() { return response_started{.id = {}, .model = {}, .restarted = true}; }

// For with_deadline, which takes a task.
inline task<chat_update*> next_of(chat_stream& from) { co_return co_await from.next(); }

}  // namespace skein::detail
