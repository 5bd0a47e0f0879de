// A session: what an agent remembers from run to run.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include <skein/chat/content_history.hpp>
#include <skein/chat/message.hpp>

namespace skein {

// History in memory. One run at a time: a second run on a busy session is a usage_error. A run that
// ends appends its messages; one that is interrupted appends the part that a provider accepts (each
// call with its result), if the model had answered at all. Must outlive its runs.
class session {
 public:
  // `id` is recorded as gen_ai.conversation.id; leave it empty if you have no real one.
  explicit session(std::string id = {}) : id_(std::move(id)) {}
  session(const session&) = delete;
  session& operator=(const session&) = delete;

  [[nodiscard]] const std::string& id() const noexcept { return id_; }
  [[nodiscard]] const std::vector<message>& history() const noexcept { return history_; }
  void clear() { history_.clear(); }
  void append(message m) { history_.push_back(std::move(m)); }

 private:
  friend class session_use;
  friend class agent;
  std::string id_;
  std::vector<message> history_;
  content_history recorded_;
  bool busy_ = false;
};

}  // namespace skein
