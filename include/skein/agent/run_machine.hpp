// The agent loop as a machine without I/O: it says what to do next and is told what came of it. Its
// state is plain data between steps.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <skein/chat/message.hpp>
#include <skein/chat/update.hpp>
#include <skein/json/mismatch.hpp>
#include <skein/json/value.hpp>

namespace skein {

// Reaching a limit is a normal outcome: the model is asked once more, without tools, for its
// answer.
struct run_limits {
  std::size_t round_trips = 40;        // answers of the model, before the last one without tools
  std::size_t consecutive_errors = 3;  // batches of tool calls with an error in them, in a row
  std::size_t tool_calls = 0;          // in all, looked at after each batch; 0 is no limit
};

enum class run_end : std::uint8_t {
  completed,  // the model answered and wants nothing more
  round_trip_limit,
  error_limit,
  tool_call_limit,
  calls_for_caller,  // the model called tools that are only declared: the caller executes them
};
[[nodiscard]] std::string_view name_of(run_end e) noexcept;

class run_machine {
 public:
  // Ask the model with `messages()`.
  enum class tools : std::uint8_t { offered, withheld };
  struct ask_model {
    skein::run_machine::tools tools = run_machine::tools::offered;
    friend bool operator==(const ask_model&, const ask_model&) = default;
  };
  // Execute these at the same time; give the results in this order.
  struct run_tools {
    std::vector<tool_call_part> calls;
    friend bool operator==(const run_tools&, const run_tools&) = default;
  };
  struct finish {
    run_end end = run_end::completed;
    friend bool operator==(const finish&, const finish&) = default;
  };
  using step = std::variant<ask_model, run_tools, finish>;

  // `declared` names the tools that the caller executes itself. A call of `answer_tool`, if there
  // is one, is the answer: the run ends when its result is no error, and it may be called when the
  // tools are withheld, too.
  run_machine(std::vector<message> history, std::vector<message> input, run_limits limits = {},
              std::vector<std::string> declared = {}, std::string answer_tool = {});

  [[nodiscard]] step next() const;
  // After ask_model. What matters is what the answer holds, not its finish reason. Calls with an id
  // that this answer has already, or that has been answered before, are dropped.
  void answered(chat_response response);
  // After run_tools: one for each call, in order.
  void results(std::vector<tool_result_part> batch);

  // After finish: the answer will not do. Asks once more; `why` is what the user says to it.
  void ask_again(message why);

  // History, input and what came since; always one that a provider accepts: a call is never without
  // its result, but for calls_for_caller.
  [[nodiscard]] const std::vector<message>& messages() const noexcept { return messages_; }
  // Input and what came since: from this index of messages() on.
  [[nodiscard]] std::size_t first_new() const noexcept { return history_size_; }
  [[nodiscard]] std::size_t input_size() const noexcept { return input_size_; }
  [[nodiscard]] std::size_t round_trips() const noexcept { return round_trips_; }
  [[nodiscard]] const std::vector<tool_call_part>& calls_for_caller() const noexcept {
    return for_caller_;
  }

  // Plain data with a version, between steps.
  [[nodiscard]] json::value save() const;
  [[nodiscard]] static std::expected<run_machine, json::mismatch> load(const json::value& saved);

 private:
  enum class phase : std::uint8_t { ask, ask_without_tools, run_tools, done };
  run_machine() = default;
  void withhold(run_end why);
  [[nodiscard]] bool is_answer(std::string_view tool) const;
  [[nodiscard]] bool answered_before(const std::string& id) const;

  run_limits limits_;
  std::vector<std::string> declared_;
  std::string answer_tool_;
  std::vector<message> messages_;
  std::size_t history_size_ = 0;
  std::size_t input_size_ = 0;
  phase phase_ = phase::ask;
  run_end end_ = run_end::completed;
  std::size_t round_trips_ = 0;
  std::size_t errors_in_a_row_ = 0;
  std::size_t tool_calls_ = 0;
  message asking_;  // the model's message that is waiting for its results
  std::vector<tool_call_part> pending_;
  std::vector<tool_call_part> for_caller_;
};

}  // namespace skein
