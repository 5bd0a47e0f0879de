// A scenario is written once and played in every mode, on every runtime, under every state of
// telemetry. What came of it must be the same everywhere; where spans are recorded, they must be
// whole and have the same tree; metrics and log records must agree with them, and be the same
// where spans are not sampled or not taken.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <format>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <opentelemetry/trace/provider.h>
#include <opentelemetry/trace/scope.h>

#include <skein/agent/agent.hpp>
#include <skein/async/asio_runtime.hpp>
#include <skein/async/result.hpp>
#include <skein/async/run.hpp>
#include <skein/async/simulated_runtime.hpp>
#include <skein/core/error.hpp>
#include <skein/providers/scripted.hpp>
#include <skein/telemetry/ledger.hpp>

#include "telemetry/signals.hpp"
#include "telemetry/states.hpp"

namespace skein::test {

using scripted::turn;
using telemetry::span_record;

enum class mode : std::uint8_t { streaming, blocking };

struct setting {
  mode how = mode::streaming;
  std::string_view runtime = "simulated";
  telemetry_is telemetry = telemetry_is::on;
  [[nodiscard]] std::string name() const;
};

// The recorded spans of one play.
class spans {
 public:
  explicit spans(const telemetry::span_ledger& ledger);
  // "invoke_agent a[chat m[HTTP POST], execute_tool t, chat m]": children in the order of their
  // starts, roots joined by " + ".
  [[nodiscard]] std::string tree() const;
  [[nodiscard]] std::string sorted_tree() const;  // children in the order of their texts
  [[nodiscard]] const std::vector<span_record>& all() const noexcept { return all_; }
  // In the order of their starts; of this name, or with a name that begins with it and a blank.
  [[nodiscard]] std::vector<span_record> all(std::string_view name) const;
  // The n-th of them.
  [[nodiscard]] span_record at(std::string_view name, std::size_t n = 0) const;
  // An attribute as JSON text, "-" if it is not there.
  [[nodiscard]] std::string attribute(std::string_view name, std::string_view key,
                                      std::size_t n = 0) const;
  [[nodiscard]] std::string parent_of(std::string_view name, std::size_t n = 0) const;
  // Everything in them that is text, for canaries.
  [[nodiscard]] std::string everything() const;

 private:
  [[nodiscard]] std::string render(std::size_t index, bool sorted) const;
  [[nodiscard]] std::string forest(bool sorted) const;
  std::vector<span_record> all_;
};

struct stage;

struct scenario {
  std::vector<turn> turns = {};
  scripted::client::responder responder = {};  // instead of turns
  client_info about = {.provider = "scripted", .model = "Test"};
  telemetry::content_policy content = telemetry::capture::off;
  telemetry::dialect dialect = {};
  agent_options agent = {.name = "bot"};
  std::string input = "hi";
  run_options run = {};
  // Instead of one run of the agent. Says in `stage::result` what must be the same everywhere.
  std::function<task<>(stage&)> play = {};
  std::vector<mode> modes = {mode::streaming, mode::blocking};

  // What is expected. Empty: only that it is the same everywhere.
  std::string tree = {};
  std::string text = {};    // of the response
  std::string throws = {};  // error_type_of
  std::function<void(const spans&)> check = {};
  std::function<void(const metric_book&, const log_book&)> check_signals = {};
  // `free` where what runs at the same time may be in any order.
  enum class order : std::uint8_t { fixed, free } updates = order::fixed;
  std::vector<std::string> allowed = {};  // rules of check_tree that do not hold here, and why not
                                          // is said there
};

// What a play has at hand, fresh for every setting.
struct stage {
  const scenario& what;
  setting where;
  runtime& rt;
  scripted::client& model;
  skein::agent& agent;
  std::vector<std::string> log = {};  // what arrived, when streaming
  std::string text = {};
  std::string result = {};
  const metric_book* metrics = nullptr;  // null with telemetry off
  const log_book* logs = nullptr;

  // One run in the mode of the setting. The current span must be the same after every pull.
  task<agent_response> run(agent_input input, run_options options = {});
  task<agent_response> run(skein::agent& a, agent_input input, run_options options = {});
  // One run that answers with a T.
  template <class T>
  task<typed_response<T>> run_as(agent_input input, run_options options = {});
  // One answer of a model in the mode of the setting.
  task<chat_response> ask(chat_client& from, chat_request request, chat_options options = {});
  task<chat_response> ask(chat_request request, chat_options options = {}) {
    return ask(model, std::move(request), std::move(options));
  }
  // Keeps what a run or an answer came to, or what it threw.
  task<> keep(task<agent_response> work);
  task<> keep(task<chat_response> work);

 private:
  void failed(const std::exception_ptr& why);
};

void play(const scenario& s);

// Spans as ordinary code opens them.
using span_ptr = opentelemetry::nostd::shared_ptr<opentelemetry::trace::Span>;
[[nodiscard]] span_ptr start_span(const std::string& name);
struct open_span {
  span_ptr span;
  opentelemetry::trace::Scope scope;
  explicit open_span(const std::string& name) : span(start_span(name)), scope(span) {}
  open_span(const open_span&) = delete;
  open_span& operator=(const open_span&) = delete;
  ~open_span() { span->End(); }
};
// A step for turn::run and turn::run_at_open: a span that opens and closes.
[[nodiscard]] inline std::function<void()> makes_span(std::string name) {
  return [name = std::move(name)] { open_span here(name); };
}
// The identifier of the current span.
[[nodiscard]] std::string current_span();

[[nodiscard]] inline chat_request asking(std::string text, std::string instructions = {}) {
  return {.instructions = std::move(instructions), .messages = {user_message(std::move(text))}};
}
[[nodiscard]] std::string show(const usage& u);
[[nodiscard]] std::string show(const agent_response& r);
[[nodiscard]] std::string show(const chat_response& r);
[[nodiscard]] std::string show(const agent_update& u);
[[nodiscard]] std::string show(const chat_update& u);

template <class T>
task<typed_response<T>> stage::run_as(agent_input input, run_options options) {
  const auto before = current_span();
  if (where.how == mode::blocking) {
    options.chat.streaming = false;
    auto whole = co_await agent.run<T>(std::move(input), std::move(options));
    EXPECT_EQ(current_span(), before);
    co_return whole;
  }
  auto arriving = agent.stream<T>(std::move(input), std::move(options));
  while (auto* update = co_await arriving.next()) {
    log.push_back(show(*update));
    EXPECT_EQ(current_span(), before) << "what a run makes current is seen by its consumer";
  }
  co_return typed_response<T>{.value = std::move(arriving).take_value(),
                              .response = std::move(arriving).take_response()};
}

// An answer of two pieces.
[[nodiscard]] inline scripted::turn hello() {
  return scripted::turn().identity("r1", "Test").text({"Hello", " world"}).usage(10, 20);
}

// Before it is over, everything that should be open must be: real on the real runtimes.
inline constexpr std::chrono::milliseconds patience(50);

// A tool that suspends once and answers "<name>: done".
[[nodiscard]] tool slow_tool(std::string name);

}  // namespace skein::test
