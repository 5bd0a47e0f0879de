#include <algorithm>
#include <format>
#include <mutex>
#include <utility>
#include <vector>

#include <skein/async/time.hpp>
#include <skein/providers/replay.hpp>

#include "providers/replay/cassette.hpp"
#include "providers/replay/difference.hpp"

namespace skein::replay {

class player::machine {
 public:
  explicit machine(const std::filesystem::path& file)
      : file_(file.string()), exchanges_(detail::read_cassette(file)), used_(exchanges_.size()) {}

  const detail::recorded_exchange& take(const http::request& r) {
    const auto now = detail::secrets(r).without(r);
    std::optional<mismatch> first;
    std::lock_guard lock(mutex_);
    for (std::size_t i = 0; i < exchanges_.size(); ++i) {
      if (used_[i]) continue;
      auto differs = detail::first_difference(exchanges_[i].request, now);
      if (!differs) {
        used_[i] = true;
        return exchanges_[i];
      }
      if (!first) first = differing(exchanges_[i], *std::move(differs));
    }
    throw first ? *std::move(first) : exhausted(now);
  }

  [[nodiscard]] std::size_t unused() const {
    std::lock_guard lock(mutex_);
    return static_cast<std::size_t>(std::ranges::count(used_, false));
  }
  void expect_all_used() const {
    std::lock_guard lock(mutex_);
    const auto at = std::ranges::find(used_, false);
    if (at == used_.end()) return;
    const auto& e = exchanges_[static_cast<std::size_t>(at - used_.begin())];
    throw mismatch(
        std::format("replay: {} of the {} exchanges in {} were not asked for, the first is {} "
                    "(line {}), {} {}",
                    std::ranges::count(used_, false), used_.size(), file_, e.number, e.line,
                    e.request.method, e.request.url),
        {.where = std::format("exchange {}", e.number),
         .recorded = std::format("{} {}", e.request.method, e.request.url),
         .now = "nothing"});
  }

  static skein::stream<std::string_view> play(std::shared_ptr<machine> m, http::request r,
                                              http::response_head& head);

 private:
  [[nodiscard]] mismatch differing(const detail::recorded_exchange& e, difference at) const {
    const auto message = std::format(
        "replay: the request differs from exchange {} ({}:{}) at {}: recorded {}, now {}; ask as "
        "it was recorded, or record again",
        e.number, file_, e.line, at.where, at.recorded, at.now);
    return {message, std::move(at)};
  }
  [[nodiscard]] mismatch exhausted(const http::request& now) const {
    return {std::format("replay: all {} exchanges in {} are used, and {} {} is asked for; record "
                        "again",
                        used_.size(), file_, now.method, now.url),
            {.where = std::format("exchange {}", used_.size() + 1),
             .recorded = "nothing",
             .now = std::format("{} {}", now.method, now.url)}};
  }
  [[nodiscard]] mismatch waited_on(const detail::recorded_exchange& e) const {
    return {std::format("replay: more of the answer is asked for than exchange {} ({}:{}) has: its "
                        "consumer left there; record again",
                        e.number, file_, e.line),
            {.where = std::format("piece {}", e.pieces.size() + 1),
             .recorded = "its consumer left",
             .now = "more is asked for"}};
  }

  mutable std::mutex mutex_;
  std::string file_;
  std::vector<detail::recorded_exchange> exchanges_;
  std::vector<bool> used_;
};

namespace {

[[noreturn]] void throw_recorded(const detail::recorded_error& e) {
  if (e.kind == "transport_error") throw transport_error(e.message, e.code);
  if (e.kind == "protocol_error") throw protocol_error(e.message, e.code);
  if (e.kind == "usage_error") throw usage_error(e.message);
  throw error(e.message);
}

}  // namespace

skein::stream<std::string_view> player::machine::play(std::shared_ptr<machine> m, http::request r,
                                                      http::response_head& head) {
  const auto& e = m->take(r);
  const auto sent = runtime::current()->now();
  if (e.head) {
    co_await sleep_until(sent + e.head_at);
    head = *e.head;
    co_yield std::string_view();
  }
  for (const auto& piece : e.pieces) {
    // A consumer that took its time has it ready.
    if (sent + piece.at > runtime::current()->now()) co_await sleep_until(sent + piece.at);
    co_yield std::string_view(piece.bytes);
  }
  if (e.end == detail::ending::left) {
    // What made the recorded consumer leave, such as a deadline, happens again, and comes first.
    co_await sleep_until(sent + e.end_at + std::chrono::seconds(1));
    throw m->waited_on(e);
  }
  if (sent + e.end_at > runtime::current()->now()) co_await sleep_until(sent + e.end_at);
  if (e.end == detail::ending::failed) throw_recorded(e.error);
}

player::player(const std::filesystem::path& file) : machine_(std::make_shared<machine>(file)) {}
player::~player() = default;

std::size_t player::unused() const { return machine_->unused(); }
void player::expect_all_used() const { machine_->expect_all_used(); }

skein::stream<std::string_view> player::send(http::request r, http::response_head& head) {
  return machine::play(machine_, std::move(r), head);
}

}  // namespace skein::replay
