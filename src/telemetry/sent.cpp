#include <algorithm>
#include <new>

#include <skein/telemetry/sent.hpp>

namespace skein::telemetry {

std::string_view name_of(loss why) noexcept {
  switch (why) {
    case loss::queue_full:
      return "queue_full";
    case loss::spool_full:
      return "spool_full";
    case loss::spool_failed:
      return "spool_failed";
    case loss::too_old:
      return "too_old";
    case loss::refused:
      return "refused";
    case loss::no_answer:
      return "no_answer";
    case loss::too_late:
      return "too_late";
    case loss::export_failed:
      return "export_failed";
  }
  return "queue_full";
}

void sent_counts::lose(loss why, std::size_t count, std::string_view said) noexcept {
  if (count == 0) return;
  const bool untried = why == loss::queue_full || why == loss::spool_full ||
                       why == loss::spool_failed || why == loss::too_old;
  (untried ? dropped : failed) += count;
  try {
    auto at = std::ranges::find(losses, why, &lost::why);
    if (at == losses.end()) at = losses.insert(at, {.why = why});
    at->count += count;
    if (at->first.empty()) at->first = said;
  } catch (const std::bad_alloc&) {
    return;  // the sums are right all the same
  }
}

sent_counts& sent_counts::operator+=(const sent_counts& more) noexcept {
  delivered += more.delivered;
  spooled += more.spooled;
  for (const auto& l : more.losses) lose(l.why, l.count, l.first);
  return *this;
}

}  // namespace skein::telemetry
