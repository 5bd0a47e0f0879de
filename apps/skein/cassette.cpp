#include "cassette.hpp"

namespace skein::cli {

cassette::cassette(const std::string& record, const std::string& replay) {
  if (!record.empty()) recorder_.emplace(network_, record);
  if (!replay.empty()) player_.emplace(replay);
}

http::transport* cassette::transport() noexcept {
  if (recorder_) return &*recorder_;
  return player_ ? &*player_ : nullptr;
}

void cassette::check() const {
  if (recorder_) recorder_->check();
  if (player_) player_->expect_all_used();
}

}  // namespace skein::cli
