#include <exception>
#include <format>
#include <optional>
#include <string>
#include <utility>

#include <skein/agent/session.hpp>
#include <skein/async/asio_runtime.hpp>
#include <skein/async/result.hpp>
#include <skein/async/run.hpp>
#include <skein/async/time.hpp>

#include "commands.hpp"
#include "conversation.hpp"
#include "exit_code.hpp"
#include "interrupts.hpp"
#include "lines.hpp"
#include "platform/terminal.hpp"

namespace skein::cli {

namespace {

class talk {
 public:
  talk(conversation& with, runtime& rt) : with_(with), interrupts_(rt), lines_(rt) {}

  task<int> until_the_end() {
    with_.out().note("Ctrl-C stops an answer; Ctrl-D or /exit leaves; /clear forgets");
    while (true) {
      auto line = co_await next_line();
      if (!line) co_return left_;
      if (*line == "/exit") co_return left_;
      if (*line == "/clear") {
        session_.clear();
      } else if (line->find_first_not_of(" \t") != std::string::npos) {
        co_await answer(std::move(*line));
      }
      if (interrupts_.terminated()) co_return exit_interrupted;
    }
  }

 private:
  // Nothing when the conversation is over; then `left_` is the exit code.
  task<std::optional<std::string>> next_line() {
    bool warned = false;
    while (true) {
      if (interactive_) with_.out().text("> ");
      cancel_source idle;
      interrupts_.will_cancel(idle);
      auto line = co_await as_result(with_cancel(idle, lines_.next()));
      if (line && *line) with_.out().line_was_ended();
      with_.out().end_line();
      if (line) co_return std::move(*line);
      if (!idle.cancel_requested()) std::rethrow_exception(line.error());
      if (warned || interrupts_.terminated()) {
        left_ = exit_interrupted;
        co_return std::nullopt;
      }
      warned = true;
      with_.out().note("Ctrl-C again to leave");
    }
  }

  task<> answer(std::string prompt) {
    cancel_source stop;
    interrupts_.will_cancel(stop);
    auto ended = co_await as_result(with_cancel(stop, with_.ask(std::move(prompt), &session_)));
    if (ended) co_return;
    try {
      std::rethrow_exception(ended.error());
    } catch (const cancelled& c) {
      with_.out().note(c.what());
    } catch (const std::exception& e) {
      print_error(e.what());
      if (!interactive_) left_ = exit_failed;
    }
  }

  conversation& with_;
  interrupts interrupts_;
  line_reader lines_;
  session session_;
  bool interactive_ = platform::is_terminal(platform::standard_stream::input) &&
                      platform::is_terminal(platform::standard_stream::output);
  int left_ = exit_ok;
};

}  // namespace

int chat(const chat_arguments& arguments) {
  conversation with(arguments.model);
  asio_runtime rt;
  talk t(with, rt);
  return sync_wait(rt, t.until_the_end());
}

}  // namespace skein::cli
