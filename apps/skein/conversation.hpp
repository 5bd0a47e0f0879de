// A model to talk to, as `run` and `chat` do: client, agent, printing and tracing.
#pragma once

#include <memory>
#include <string>

#include <skein/agent/agent.hpp>
#include <skein/agent/session.hpp>
#include <skein/async/task.hpp>
#include <skein/chat/client.hpp>

#include "arguments.hpp"
#include "cassette.hpp"
#include "screen.hpp"
#include "tracing.hpp"

namespace skein::cli {

class conversation {
 public:
  // Throws usage_error when there is no model to be reached that way: says how to go on.
  explicit conversation(const model_arguments& arguments);

  // Asks, and shows the answer as it arrives. Throws what the run throws. `s` may be null.
  [[nodiscard]] task<> ask(std::string prompt, session* s);

  // After a run that ended well. Throws if something could not be recorded, or was recorded and not
  // asked for again.
  void check_cassette() const { cassette_.check(); }

  [[nodiscard]] screen& out() noexcept { return screen_; }

 private:
  screen screen_;
  tracing tracing_;
  cassette cassette_;
  std::unique_ptr<chat_client> model_;
  agent agent_;
};

}  // namespace skein::cli
