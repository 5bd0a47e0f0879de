#include <algorithm>
#include <atomic>
#include <format>
#include <mutex>

#include <skein/async/time.hpp>
#include <skein/core/error.hpp>
#include <skein/providers/scripted.hpp>

namespace skein::scripted {

turn& turn::text(std::vector<std::string> chunks) {
  steps_.emplace_back(std::move(chunks));
  return *this;
}
turn& turn::reasoning(std::vector<std::string> chunks) {
  for (auto& c : chunks) update(reasoning_delta{std::move(c)});
  return *this;
}
turn& turn::call(std::string name, std::string arguments, std::string id) {
  if (id.empty()) id = std::format("call_{}", calls_ + 1);
  auto half = arguments.size() / 2;
  update(tool_call_delta{.call = calls_,
                         .id = std::move(id),
                         .name = std::move(name),
                         .arguments = arguments.substr(0, half)});
  update(tool_call_delta{.call = calls_, .arguments = arguments.substr(half)});
  ++calls_;
  return *this;
}
turn& turn::usage(std::int64_t input, std::int64_t output) {
  return usage(skein::usage{.input = input, .output = output});
}
turn& turn::usage(skein::usage u) { return update(usage_update{u}); }
turn& turn::identity(std::string id, std::string model) {
  return update(response_started{std::move(id), std::move(model)});
}
turn& turn::finish(finish_reason reason, std::string raw) {
  finish_ = {.reason = reason, .raw = std::move(raw)};
  return *this;
}
turn& turn::update(chat_update u) {
  if (steps_.empty() || !std::holds_alternative<updates>(steps_.back())) {
    steps_.emplace_back(updates());
  }
  std::get<updates>(steps_.back()).push_back(std::move(u));
  return *this;
}
turn& turn::delay(runtime::duration d) {
  steps_.emplace_back(d);
  return *this;
}
turn& turn::fail(std::exception_ptr e) {
  steps_.emplace_back(std::move(e));
  return *this;
}
turn& turn::cut() {
  steps_.emplace_back(cut_here{});
  return *this;
}
turn& turn::run(std::function<void()> code) {
  steps_.emplace_back(std::move(code));
  return *this;
}
turn& turn::run_at_open(std::function<void()> code) {
  at_open_ = std::move(code);
  return *this;
}

struct client::state {
  std::mutex mutex;
  std::vector<turn> turns;
  responder answer;
  std::size_t next = 0;
  std::vector<seen_request> seen;
  std::atomic<std::size_t> open{0};
  std::atomic<std::size_t> produced{0};

  turn choose(const chat_request& request, const chat_options& options) {
    if (answer) return answer(request, options);
    std::lock_guard lock(mutex);
    seen.push_back({request, options});
    if (next == turns.size()) {
      throw usage_error(
          std::format("scripted model: the script has {} turns, but one more was asked for; add a "
                      "turn or ask less",
                      turns.size()));
    }
    return turns[next++];
  }
};

client::client(std::vector<turn> turns, client_info about)
    : about_(std::move(about)), state_(std::make_shared<state>()) {
  state_->turns = std::move(turns);
}
client::client(responder answer, client_info about)
    : about_(std::move(about)), state_(std::make_shared<state>()) {
  state_->answer = std::move(answer);
}
client::~client() = default;

std::vector<seen_request> client::requests() const {
  std::lock_guard lock(state_->mutex);
  return state_->seen;
}
std::size_t client::open_streams() const noexcept { return state_->open; }
std::size_t client::produced() const noexcept { return state_->produced; }

skein::stream<chat_update> client::open(const chat_request& request, const chat_options& options) {
  auto t = state_->choose(request, options);
  if (t.at_open_) t.at_open_();
  if (t.refusal_) std::rethrow_exception(t.refusal_);
  return play(std::move(t), state_);
}

skein::stream<chat_update> client::play(turn t, std::shared_ptr<state> s) {
  struct counted {
    state& s;
    explicit counted(state& of) : s(of) { ++s.open; }
    counted(const counted&) = delete;
    counted& operator=(const counted&) = delete;
    ~counted() { --s.open; }
  } open_while_here(*s);
  chat_update now;
  for (auto& step : t.steps_) {
    if (auto* texts = std::get_if<turn::texts>(&step)) {
      for (auto& text : *texts) {
        now = text_delta{std::move(text)};
        ++s->produced;
        co_yield now;
      }
    } else if (auto* updates = std::get_if<turn::updates>(&step)) {
      for (auto& update : *updates) {
        ++s->produced;
        co_yield update;
      }
    } else if (auto* wait = std::get_if<runtime::duration>(&step)) {
      co_await sleep_for(*wait);
    } else if (auto* failure = std::get_if<std::exception_ptr>(&step)) {
      std::rethrow_exception(*failure);
    } else if (auto* code = std::get_if<std::function<void()>>(&step)) {
      (*code)();
    } else {
      throw protocol_error("the model's answer was cut before its end; ask again", "stream_cut");
    }
  }
  if (t.finish_.reason == finish_reason::none) {
    t.finish_.reason = t.calls_ > 0 ? finish_reason::tool_calls : finish_reason::stop;
  }
  now = std::move(t.finish_);
  ++s->produced;
  co_yield now;
}

}  // namespace skein::scripted
