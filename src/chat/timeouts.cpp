#include <format>
#include <string>

#include <skein/chat/timeouts.hpp>
#include <skein/core/error.hpp>

#include "chat/layer.hpp"

namespace skein {

namespace {

struct time_limit {
  runtime::time_point at{};
  runtime::duration length{};
  std::string_view option = {};
  std::string_view missing = {};
};

// Whichever comes first.
std::optional<time_limit> earliest(const timeouts& limits, runtime::time_point began,
                                   bool answering) {
  std::optional<time_limit> first;
  const auto also = [&](const std::optional<runtime::duration>& length, runtime::time_point from,
                        std::string_view option, std::string_view missing) {
    if (!length || (first && first->at <= from + *length)) return;
    first = {from + *length, *length, option, missing};
  };
  if (answering) {
    if (limits.between_chunks) {
      also(limits.between_chunks, runtime::current()->now(), "between_chunks",
           "nothing more of the answer came");
    }
  } else {
    also(limits.first_content, began, "first_content", "no content came");
  }
  also(limits.step, began, "step", "the answer was not whole");
  return first;
}

[[noreturn]] void too_slow(const time_limit& limit, const client_info& about) {
  const auto type = "timeout_" + std::string(limit.option);
  const double seconds = detail::in_seconds(limit.length);
  detail::tell("skein.timeout",
               {{"error.type", telemetry::view(type)}, {"skein.timeout.limit", seconds}});
  throw transport_error(
      std::format("{} {}: {} within {} s. Try again, or raise timeouts::{}.", about.provider,
                  about.model, limit.missing, seconds, limit.option),
      type);
}

}  // namespace

skein::stream<chat_update> timed::around(chat_request request, chat_options options) {
  const auto began = runtime::current()->now();
  auto answer = inner().stream(request, options);
  bool answering = false;
  while (true) {
    const auto limit = earliest(limits_, began, answering);
    chat_update* update = nullptr;
    if (!limit) {
      update = co_await answer.next();
    } else {
      try {
        update =
            co_await with_deadline(limit->at - runtime::current()->now(), detail::next_of(answer));
      } catch (const cancelled&) {
        strand::active()->throw_if_cancelled();
        if (runtime::current()->now() < limit->at) throw;  // of somebody further in
        too_slow(*limit, info());
      }
    }
    if (update == nullptr) co_return;
    answering = answering || detail::is_content(*update);
    co_yield *update;
  }
}

}  // namespace skein
