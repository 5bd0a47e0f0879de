#include <algorithm>
#include <array>
#include <format>
#include <set>
#include <utility>

#include <skein/agent/run_machine.hpp>
#include <skein/chat/message_json.hpp>
#include <skein/core/error.hpp>
#include <skein/json/reflect.hpp>

namespace skein {

namespace {

constexpr std::string_view nothing_left =
    "Function invocation limit reached before a final answer could be produced.";

bool has_calls(const message& m) {
  return std::ranges::any_of(
      m.parts, [](const part& p) { return std::holds_alternative<tool_call_part>(p); });
}

bool is_visible(const part& p) {
  if (auto* text = std::get_if<text_part>(&p)) return !text->text.empty();
  return !std::holds_alternative<reasoning_part>(p);
}

// A message that takes the results of a batch.
message results_message(std::vector<tool_result_part> batch) {
  message m{.role = role::tool};
  for (auto& r : batch) m.parts.emplace_back(std::move(r));
  return m;
}

}  // namespace

std::string_view name_of(run_end e) noexcept {
  switch (e) {
    case run_end::completed:
      return "completed";
    case run_end::round_trip_limit:
      return "round_trip_limit";
    case run_end::error_limit:
      return "error_limit";
    case run_end::tool_call_limit:
      return "tool_call_limit";
    case run_end::calls_for_caller:
      return "calls_for_caller";
  }
  return "completed";
}

run_machine::run_machine(std::vector<message> history, std::vector<message> input,
                         run_limits limits, std::vector<std::string> declared,
                         std::string answer_tool)
    : limits_(limits),
      declared_(std::move(declared)),
      answer_tool_(std::move(answer_tool)),
      messages_(std::move(history)),
      history_size_(messages_.size()),
      input_size_(input.size()) {
  std::ranges::move(input, std::back_inserter(messages_));
  if (limits_.round_trips == 0) withhold(run_end::round_trip_limit);
}

run_machine::step run_machine::next() const {
  switch (phase_) {
    case phase::ask:
      return ask_model{tools::offered};
    case phase::ask_without_tools:
      return ask_model{tools::withheld};
    case phase::run_tools:
      return run_tools{pending_};
    case phase::done:
      return finish{end_};
  }
  return finish{end_};
}

void run_machine::withhold(run_end why) {
  phase_ = phase::ask_without_tools;
  end_ = why;
}

bool run_machine::is_answer(std::string_view tool) const {
  return !answer_tool_.empty() && tool == answer_tool_;
}

bool run_machine::answered_before(const std::string& id) const {
  return std::ranges::any_of(messages_, [&](const message& m) {
    return std::ranges::any_of(m.parts, [&](const part& p) {
      auto* result = std::get_if<tool_result_part>(&p);
      return result != nullptr && result->call_id == id;
    });
  });
}

void run_machine::answered(chat_response response) {
  if (phase_ != phase::ask && phase_ != phase::ask_without_tools) {
    throw usage_error("run_machine::answered: the machine did not ask the model");
  }
  ++round_trips_;
  auto& m = response.message;
  m.role = role::assistant;
  const bool withheld = phase_ == phase::ask_without_tools;
  std::set<std::string> seen;
  std::erase_if(m.parts, [&](const part& p) {
    auto* call = std::get_if<tool_call_part>(&p);
    if (call == nullptr) return false;
    // It was told that there are no tools; calls it makes nevertheless would have no results.
    if (withheld && !is_answer(call->name)) return true;
    return answered_before(call->id) || !seen.insert(call->id).second;
  });
  if (!has_calls(m)) {
    if (withheld && !std::ranges::any_of(m.parts, is_visible))
      m.parts.emplace_back(text_part{std::string(nothing_left)});
    messages_.push_back(std::move(m));
    phase_ = phase::done;
    return;
  }
  for (const auto& p : m.parts) {
    auto* call = std::get_if<tool_call_part>(&p);
    if (call == nullptr) continue;
    auto& to = std::ranges::contains(declared_, call->name) ? for_caller_ : pending_;
    to.push_back(*call);
  }
  asking_ = std::move(m);
  phase_ = phase::run_tools;
  if (pending_.empty()) {
    messages_.push_back(std::move(asking_));
    phase_ = phase::done;
    end_ = run_end::calls_for_caller;
  }
}

void run_machine::results(std::vector<tool_result_part> batch) {
  if (phase_ != phase::run_tools || batch.size() != pending_.size()) {
    throw usage_error(std::format("run_machine::results: {} results for {} calls", batch.size(),
                                  pending_.size()));
  }
  bool failed = false;
  bool has_answer = false;
  for (const auto& r : batch) {
    const bool ok = r.outcome == tool_outcome::ok;
    if (is_answer(r.name)) {
      has_answer = has_answer || ok;
    } else {
      failed = failed || !ok;
      ++tool_calls_;
    }
  }
  errors_in_a_row_ = failed ? errors_in_a_row_ + 1 : 0;
  pending_.clear();
  messages_.push_back(std::exchange(asking_, {}));
  messages_.push_back(results_message(std::move(batch)));
  if (!for_caller_.empty()) {
    phase_ = phase::done;
    end_ = run_end::calls_for_caller;
  } else if (has_answer) {
    phase_ = phase::done;
  } else if (end_ != run_end::completed) {
    phase_ = phase::ask_without_tools;
  } else if (limits_.consecutive_errors != 0 && errors_in_a_row_ >= limits_.consecutive_errors) {
    withhold(run_end::error_limit);
  } else if (limits_.tool_calls != 0 && tool_calls_ >= limits_.tool_calls) {
    withhold(run_end::tool_call_limit);
  } else if (round_trips_ >= limits_.round_trips) {
    withhold(run_end::round_trip_limit);
  } else {
    phase_ = phase::ask;
  }
}

void run_machine::ask_again(message why) {
  if (phase_ != phase::done) {
    throw usage_error("run_machine::ask_again: the machine has not finished");
  }
  messages_.push_back(std::move(why));
  phase_ = end_ == run_end::completed ? phase::ask : phase::ask_without_tools;
}

namespace {

// What save() writes, beside the messages.
struct saved_counts {
  std::uint64_t version = 1;
  run_limits limits;
  std::vector<std::string> declared;
  std::size_t history_size = 0;
  std::size_t input_size = 0;
  std::uint8_t phase = 0;
  run_end end = run_end::completed;
  std::size_t round_trips = 0;
  std::size_t errors_in_a_row = 0;
  std::size_t tool_calls = 0;
  std::string answer_tool = {};
  static constexpr auto defaults = skein::defaults{"answer_tool"};
};

std::vector<tool_call_part> calls_of(const message& m) {
  std::vector<tool_call_part> calls;
  for (const auto& p : m.parts) {
    if (auto* call = std::get_if<tool_call_part>(&p)) calls.push_back(*call);
  }
  return calls;
}
message message_of(const std::vector<tool_call_part>& calls) {
  message m{.role = role::assistant};
  for (const auto& c : calls) m.parts.emplace_back(c);
  return m;
}

}  // namespace

json::value run_machine::save() const {
  auto saved = json::to_json(saved_counts{.limits = limits_,
                                          .declared = declared_,
                                          .history_size = history_size_,
                                          .input_size = input_size_,
                                          .phase = static_cast<std::uint8_t>(phase_),
                                          .end = end_,
                                          .round_trips = round_trips_,
                                          .errors_in_a_row = errors_in_a_row_,
                                          .tool_calls = tool_calls_,
                                          .answer_tool = answer_tool_});
  auto& o = saved.as_object();
  const std::array waiting{asking_, message_of(pending_), message_of(for_caller_)};
  o["messages"] = messages_to_json(messages_);
  o["waiting"] = messages_to_json(waiting);
  return saved;
}

std::expected<run_machine, json::mismatch> run_machine::load(const json::value& saved) {
  auto wrong = [](std::string path, std::string message) {
    return std::unexpected(json::mismatch{std::move(path), std::move(message)});
  };
  const auto* o = saved.if_object();
  if (o == nullptr) return wrong("$", "expected a saved run");
  auto counts_only = *o;
  const auto* messages = o->if_contains("messages");
  const auto* waiting = o->if_contains("waiting");
  if (messages == nullptr || waiting == nullptr) return wrong("$", "has no messages");
  auto all = messages_from_json(*messages);
  if (!all) return wrong("$.messages" + all.error().path.substr(1), all.error().message);
  auto three = messages_from_json(*waiting);
  if (!three) return wrong("$.waiting" + three.error().path.substr(1), three.error().message);
  if (three->size() != 3) return wrong("$.waiting", "expected three messages");
  counts_only.erase("messages");
  counts_only.erase("waiting");
  auto counts = json::from_json<saved_counts>(counts_only);
  if (!counts) return std::unexpected(counts.error());
  if (counts->version != 1)
    return wrong("$.version", std::format("this version reads 1, not {}", counts->version));
  if (counts->phase > static_cast<std::uint8_t>(phase::done))
    return wrong("$.phase", "is out of range");
  if (counts->history_size + counts->input_size > all->size())
    return wrong("$.history_size", "is out of range");

  run_machine m;
  m.limits_ = counts->limits;
  m.declared_ = std::move(counts->declared);
  m.messages_ = *std::move(all);
  m.history_size_ = counts->history_size;
  m.input_size_ = counts->input_size;
  m.phase_ = static_cast<phase>(counts->phase);
  m.end_ = counts->end;
  m.round_trips_ = counts->round_trips;
  m.errors_in_a_row_ = counts->errors_in_a_row;
  m.tool_calls_ = counts->tool_calls;
  m.answer_tool_ = std::move(counts->answer_tool);
  m.asking_ = std::move((*three)[0]);
  m.pending_ = calls_of((*three)[1]);
  m.for_caller_ = calls_of((*three)[2]);
  return m;
}

}  // namespace skein
