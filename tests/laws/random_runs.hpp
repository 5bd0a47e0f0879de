// Trees of agents that nobody designed: what they are made of, what their models answer, how their
// clients ask again and how they are left all come from a seed.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <exception>
#include <format>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <skein/agent/agent.hpp>
#include <skein/async/result.hpp>
#include <skein/async/run.hpp>
#include <skein/async/simulated_runtime.hpp>
#include <skein/async/time.hpp>
#include <skein/async/when.hpp>
#include <skein/chat/ledger.hpp>
#include <skein/core/error.hpp>
#include <skein/providers/scripted.hpp>

#include "scripted_embedder.hpp"

namespace skein::test {

class dice {
 public:
  explicit dice(std::uint64_t seed) : random_(seed) {}
  std::size_t below(std::size_t n) { return static_cast<std::size_t>(random_() % n); }
  bool one_in(std::size_t n) { return below(n) == 0; }

 private:
  std::mt19937_64 random_;
};

// Asks again where the model failed, sometimes though it had begun to answer.
struct asks_again : chat_layer {
  asks_again(chat_client& inner, bool late) : chat_layer(inner), late_(late) {}
  skein::stream<chat_update> around(chat_request request, chat_options options) override {
    for (int attempt = 0;; ++attempt) {
      bool begun = false;
      std::exception_ptr failure;
      try {
        auto answer = inner().stream(request, options);
        while (auto* update = co_await answer.next()) {
          begun = true;
          co_yield *update;
        }
        co_return;
      } catch (const error&) {
        failure = std::current_exception();
      }
      if (attempt == 2 || (begun && !late_)) std::rethrow_exception(failure);
    }
  }
  bool late_;
};

// Falls back to another model.
struct falls_back : chat_layer {
  falls_back(chat_client& first, chat_client& second) : chat_layer(first), second_(second) {}
  skein::stream<chat_update> around(chat_request request, chat_options options) override {
    bool failed = false;
    try {
      auto answer = inner().stream(request, options);
      while (auto* update = co_await answer.next()) co_yield *update;
    } catch (const error&) {
      failed = true;
    }
    if (!failed) co_return;
    auto answer = second_.stream(request, options);
    while (auto* update = co_await answer.next()) co_yield *update;
  }
  chat_client& second_;
};

// Asks twice at once and takes the first answer; the other is dropped in its midst.
struct hedges : chat_layer {
  hedges(chat_client& first, chat_client& second) : chat_layer(first), second_(second) {}
  skein::stream<chat_update> around(chat_request request, chat_options options) override {
    auto other = second_.stream(request, options);
    (void)co_await other.next();
    auto answer = inner().stream(request, options);
    while (auto* update = co_await answer.next()) co_yield *update;
  }
  chat_client& second_;
};

// How a run is left.
struct parting {
  enum class kind : std::uint8_t { drains, drops, cancels, deadline } how = kind::drains;
  std::size_t at = 0;  // an event, or milliseconds
};

// What its consumer was left with.
struct left_with {
  skein::ledger ledger;
  skein::usage usage;
  bool whole = false;  // it ended by itself
};

// Embeds something before it asks, as who looks things up does.
struct recalls : chat_layer {
  recalls(chat_client& inner, embedding_client& by) : chat_layer(inner), by_(by) {}
  skein::stream<chat_update> around(chat_request request, chat_options options) override {
    (void)co_await as_result(by_.embed({"what was said", "and by whom"}));
    auto answer = inner().stream(request, options);
    while (auto* update = co_await answer.next()) co_yield *update;
  }
  embedding_client& by_;
};

class random_world {
 public:
  explicit random_world(std::uint64_t seed)
      : rt(seed),
        dice_(seed),
        priced_([this](const chat_request& r, const chat_options&) { return answer(r); },
                {.provider = "priced", .model = "p-1"}),
        other_([this](const chat_request& r, const chat_options&) { return answer(r); },
               {.provider = "other", .model = "o-1"}),
        vectors_([this](embeddings& to) { return embed(to); }) {
    std::vector<price> prices{{.provider = "priced",
                               .model = "p-1",
                               .from = std::chrono::sys_days(std::chrono::days(0)),
                               .input = *usd::parse("1.25"),
                               .output = *usd::parse("10"),
                               .cache_read = *usd::parse("0.125")}};
    if (!dice_.one_in(4)) {
      prices.push_back({.provider = "other",
                        .model = "o-1",
                        .from = std::chrono::sys_days(std::chrono::days(0)),
                        .input = *usd::parse("0.333333"),
                        .output = *usd::parse("2.000001"),
                        .cache_read = *usd::parse("0.07")});
    }
    if (!dice_.one_in(4)) {
      prices.push_back({.provider = "vectors",
                        .model = "v-1",
                        .from = std::chrono::sys_days(std::chrono::days(0)),
                        .input = *usd::parse("0.02"),
                        .output = usd()});
    }
    priced_.prices = other_.prices = vectors_.prices = price_table(std::move(prices));
    priced_.content = other_.content = telemetry::capture::off;
    for (std::size_t i = 0; i < roots.size(); ++i) {
      roots[i] = &grow(std::format("root{}", i), 0);
      partings[i] = {static_cast<parting::kind>(dice_.below(4)), dice_.below(25)};
    }
  }

  // Two runs, interleaved.
  void play() {
    auto both = [this]() -> task<> { co_await when_all(consume(0), consume(1)); };
    sync_wait(rt, both());
    rt.run(100'000);
  }

  simulated_runtime rt;
  std::array<agent*, 2> roots{};
  std::array<parting, 2> partings{};
  std::array<left_with, 2> came{};

 private:
  struct keeping {
    agent_run& run;
    left_with& to;
    ~keeping() {
      to.ledger = run.response().ledger;
      to.usage = run.response().usage;
    }
  };

  task<> consume(std::size_t i) {
    try {
      cancel_source stop;
      co_await with_cancel(stop, pull(i, stop));
    } catch (const cancelled& c) {
      // A deadline is the run's own; a stop keeps the consumer from pulling, and leaves the run as
      // it was.
      came[i].whole = c.reason() == cancel_reason::deadline;
    } catch (const error&) {
      came[i].whole = true;
    }
  }

  task<> pull(std::size_t i, const cancel_source& stop) {
    const auto how = partings[i];
    using enum parting::kind;
    run_options options;
    if (how.how == deadline) options.deadline = std::chrono::milliseconds(how.at);
    auto run = roots[i]->stream("go", std::move(options));
    keeping last{run, came[i]};
    for (std::size_t event = 0;; ++event) {
      if (how.how == drops && event == how.at) co_return;
      if (how.how == cancels && event == how.at) stop.cancel();
      if (co_await run.next() == nullptr) break;
      if (event % 7 == 3) (void)run.response();  // may be looked at any time
    }
    came[i].whole = true;
  }

  agent& grow(std::string name, std::size_t depth) {
    agent_options options{.name = name, .limits = {.round_trips = 2 + dice_.below(2)}};
    options.content = telemetry::capture::off;
    options.tools.push_back(tool("wait", "Waits", [this]() -> task<std::string> {
      co_await sleep_for(std::chrono::milliseconds(dice_.below(5)));
      co_return "waited";
    }));
    if (!dice_.one_in(3)) {
      options.tools.push_back(tool("ask", "Asks a model itself",
                                   [this]() -> task<std::string> { return ask_directly(other_); }));
    }
    if (dice_.one_in(3)) {
      options.tools.push_back(tool("look", "Embeds a text", [this]() -> task<std::string> {
        auto found = co_await as_result(vectors_.embed({"inside a tool"}));
        co_return found ? "found" : "failed";
      }));
    }
    if (depth < 2) {
      for (std::size_t i = 0, n = dice_.below(3); i < n; ++i) {
        auto& inner = grow(std::format("{}_{}", name, i), depth + 1);
        options.tools.push_back(inner.as_tool());
        if (dice_.one_in(3)) {
          options.tools.push_back(
              tool("peek", "Begins a run of an agent", [this, &inner] { return peek(inner); }));
          break;
        }
      }
    }
    return *agents_.emplace_back(std::make_unique<agent>(client_of(), std::move(options)));
  }

  chat_client& client_of() {
    chat_client& one = dice_.one_in(2) ? priced_ : other_;
    switch (dice_.below(6)) {
      case 0:
        return *layers_.emplace_back(std::make_unique<asks_again>(one, dice_.one_in(2)));
      case 1:
        return *layers_.emplace_back(std::make_unique<falls_back>(one, priced_));
      case 2:
        layers_.emplace_back(std::make_unique<asks_again>(one, false));
        return *layers_.emplace_back(std::make_unique<falls_back>(*layers_.back(), other_));
      case 3:
        return *layers_.emplace_back(std::make_unique<hedges>(one, other_));
      case 4:
        return *layers_.emplace_back(std::make_unique<recalls>(one, vectors_));
      default:
        return one;
    }
  }

  task<std::string> ask_directly(chat_client& from) {
    auto answer = from.stream({.messages = {user_message("inside a tool")}});
    const auto enough = dice_.below(6);  // 5: all of it
    std::string text;
    for (std::size_t i = 0; enough == 5 || i < enough; ++i) {
      auto* update = co_await answer.next();
      if (update == nullptr) break;
      text += update->text();
    }
    co_return text;
  }

  task<std::string> peek(agent& inner) {
    auto run = inner.stream("go");
    for (std::size_t i = 0, n = dice_.below(20); i < n; ++i) {
      if (co_await run.next() == nullptr) break;
    }
    co_return "enough";
  }

  task<> embed(embeddings& to) {
    if (dice_.one_in(6)) throw provider_error("busy", {.status = 503});
    co_await sleep_for(std::chrono::milliseconds(dice_.below(4)));
    if (!dice_.one_in(4)) to.usage.input = static_cast<std::int64_t>(dice_.below(500));
    if (dice_.one_in(6)) throw gone();
    co_await sleep_for(std::chrono::milliseconds(dice_.below(4)));
  }

  scripted::turn answer(const chat_request& request) {
    scripted::turn t;
    if (dice_.one_in(12)) return t.refuse(provider_error("busy", {.status = 503}));
    if (dice_.one_in(12)) return t.delay(std::chrono::milliseconds(1)).fail(gone());
    const skein::usage used{.input = static_cast<std::int64_t>(dice_.below(1000)) + 100,
                            .output = static_cast<std::int64_t>(dice_.below(100)) + 60,
                            .cache_read = dice_.one_in(2)
                                              ? std::optional<std::int64_t>(dice_.below(100))
                                              : std::nullopt};
    const bool reports = !dice_.one_in(6);
    if (dice_.one_in(4)) t.identity("r", "");
    if (reports && dice_.one_in(3)) t.usage(used.input.value_or(0), 1);  // so far
    for (std::size_t i = 0, n = dice_.below(4); i < n; ++i) {
      if (dice_.one_in(3)) t.reasoning({"hm, "});
      t.text({std::string(1 + dice_.below(20), 'x')});
      if (dice_.one_in(3)) t.delay(std::chrono::milliseconds(1 + dice_.below(4)));
    }
    if (dice_.one_in(10)) return t.fail(gone());
    if (dice_.one_in(10)) return t.cut();
    if (!request.tools.empty() && !dice_.one_in(3)) {
      for (std::size_t i = 0, n = 1 + dice_.below(3); i < n; ++i) {
        const auto& tool = request.tools[dice_.below(request.tools.size())];
        t.call(tool.name, tool.name.starts_with("root") ? R"({"task":"go on"})" : "{}",
               std::format("c{}", calls_++));
      }
    }
    if (reports) t.usage(used);
    if (dice_.one_in(12)) return t.cut();
    return t;
  }
  static transport_error gone() {
    return transport_error("connection closed", "connection_closed");
  }

  dice dice_;
  std::size_t calls_ = 0;
  scripted::client priced_;
  scripted::client other_;
  scripted_embedder vectors_;
  std::vector<std::unique_ptr<chat_layer>> layers_;
  std::vector<std::unique_ptr<agent>> agents_;
};

}  // namespace skein::test
