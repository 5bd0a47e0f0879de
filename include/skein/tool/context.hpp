// What a tool may know of the call that it answers.
#pragma once

#include <stop_token>
#include <string>
#include <utility>

#include <skein/async/strand.hpp>

namespace skein {

class session;

// A tool that takes a `tool_context&`, first or last, gets the one of its call. It lives as long as
// the call runs. The OpenTelemetry context is not in here: `current_context()` is right everywhere
// in the tool.
class tool_context {
 public:
  tool_context() = default;
  // `s` is borrowed for the call.
  explicit tool_context(std::string call_id, skein::session* s = nullptr) noexcept
      : call_id_(std::move(call_id)), session_(s) {}

  // The model's name for this call; empty when no model asked.
  [[nodiscard]] const std::string& call_id() const noexcept { return call_id_; }
  // The tool's name, whatever the function behind it is called.
  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  // The session of the run, or null.
  [[nodiscard]] skein::session* session() const noexcept { return session_; }
  // Requested when the run is stopped. For work that blocks; what is awaited stops by itself. Call
  // it in the tool's own code and hand the token on to other threads.
  [[nodiscard]] std::stop_token stop_token() const noexcept { return current_stop_token(); }

 private:
  friend class bound_call;
  std::string call_id_;
  std::string name_;
  skein::session* session_ = nullptr;
};

}  // namespace skein
