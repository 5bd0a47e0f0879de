// The demo scenario on the simulated runtime: real codecs and real bytes, virtual time, everything
// counted.
#pragma once

#include <exception>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include <skein/agent/agent.hpp>
#include <skein/async/run.hpp>
#include <skein/async/simulated_runtime.hpp>
#include <skein/providers/openai.hpp>
#include <skein/telemetry/install.hpp>
#include <skein/telemetry/ledger.hpp>
#include <skein/telemetry/otlp_json.hpp>
#include <skein/telemetry/tree.hpp>
#include <skein/testing/scripted_transport.hpp>

namespace skein::test {

using std::chrono::milliseconds;

// Sanitized builds look for other things and are ten times slower: they take every n-th cut.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr std::size_t every = 11;
#else
inline constexpr std::size_t every = 1;
#endif

// How a run is left.
struct leaving {
  static constexpr std::size_t never = std::numeric_limits<std::size_t>::max();
  std::size_t drop_at_event = never;
  std::size_t throw_at_event = never;
  std::size_t cancel_at_event = never;
  std::optional<runtime::duration> deadline = {};
};

struct consumer_gives_up : std::exception {};

// Pieces of all that people, models and tools say in the scenario, and of its secrets: law 8.
inline constexpr std::string_view canaries[] = {
    "canary", "Oslo",  "17 + 25",     "Use the tools",      "You are a stylist", "cold and wet",
    "wool",   "12:00", "and what is", "Rate limit reached", "try again"};

// What a run came to, as its consumer saw it.
struct seen {
  std::string text;
  std::size_t events = 0;
  std::string ended = "never";  // ok, dropped, threw, cancelled, deadline, or an error's type
  skein::usage usage;
};

class demo_world {
 public:
  explicit demo_world(std::uint64_t seed, testing::wire_options how = {},
                      testing::responder script = testing::demo_script(),
                      telemetry::capture captured = telemetry::capture::off)
      : rt(seed), content(captured), transport(std::move(script), how) {
    model.content = content;
  }

  simulated_runtime rt;
  telemetry::capture content;
  testing::scripted_transport transport;
  openai::client model{{.model = "demo-model",
                        .api_key = "canary-key",
                        .base_url = "http://canary-user:canary-password@demo.test/v1",
                        .transport = &transport}};
  std::size_t tools_inside = 0;

  agent stylist{model,
                {.name = "stylist", .instructions = "You are a stylist.", .content = content}};
  agent demo{
      model,
      {.name = "demo",
       .instructions = "Use the tools.",
       .tools = {tool("get_weather", "Weather of a city", params{{"city"}},
                      [this](std::string city) { return weather(std::move(city)); }),
                 tool("add", "Adds", params{{"a"}, {"b"}}, [](int a, int b) { return a + b; }),
                 tool("now", "The time", [] { return std::string("12:00"); }),
                 stylist.as_tool("ask_stylist", "Asks a stylist")},
       .content = content}};

  task<std::string> weather(std::string city) {
    struct inside {
      std::size_t& n;
      explicit inside(std::size_t& of) : n(of) { ++n; }
      inside(const inside&) = delete;
      inside& operator=(const inside&) = delete;
      ~inside() { --n; }
    } counted(tools_inside);
    co_await sleep_for(milliseconds(3));
    co_return city + ": cold and wet";
  }

  // One consumer, leaving as it is told.
  task<> consume(leaving how, seen& to) {
    try {
      cancel_source stop;
      if (how.cancel_at_event != leaving::never) {
        co_await with_cancel(stop, pull(how, to, &stop));
      } else {
        co_await pull(how, to, nullptr);
      }
    } catch (const consumer_gives_up&) {
      to.ended = "threw";
    } catch (const cancelled& c) {
      to.ended = c.reason() == cancel_reason::deadline ? "deadline" : "cancelled";
    } catch (const error& e) {
      to.ended = e.type();
    }
  }

  task<> pull(leaving how, seen& to, const cancel_source* stop) {
    auto run = demo.stream("What should I wear in Oslo tomorrow, and what is 17 + 25?",
                           {.deadline = how.deadline});
    while (true) {
      if (to.events == how.drop_at_event) {
        to.ended = "dropped";
        co_return;
      }
      if (to.events == how.throw_at_event) throw consumer_gives_up();
      if (stop != nullptr && to.events == how.cancel_at_event) stop->cancel();
      auto* update = co_await run.next();
      if (update == nullptr) break;
      ++to.events;
      to.text += update->text();
    }
    to.usage = run.response().usage;
    to.ended = "ok";
  }

  // Laws 1, 4, 5 and 8 after a run was left, whichever way. Empty: they hold.
  [[nodiscard]] std::string violations(const telemetry::span_ledger& ledger) {
    rt.run(10'000);
    std::string found;
    auto expect = [&](bool holds, std::string what) {
      if (!holds) found += what + "\n";
    };
    expect(ledger.started() == ledger.ended(),
           std::to_string(ledger.started() - ledger.ended()) + " spans never ended");
    expect(ledger.ended_twice().empty(), "a span ended twice");
    // Spans have real clocks, which say nothing here; the order in which they end does.
    for (const auto& p : telemetry::check_tree(ledger, {.tolerance = std::chrono::hours(1)})) {
      expect(false, telemetry::to_string(p));
    }
    std::set<std::string> gone;
    for (const auto& s : ledger.records()) {
      expect(!gone.contains(s.parent_span_id), s.name + " ended after its parent");
      gone.insert(s.span_id);
    }
    const auto exported = telemetry::to_otlp_json_line(ledger.records());
    for (auto canary : canaries) {
      expect(!exported.contains(canary), "content is exported: " + std::string(canary));
    }
    expect(transport.open_exchanges() == 0, "an exchange is open");
    expect(tools_inside == 0, "a tool is still inside");
    expect(rt.ready() == 0, "something is still ready to run");
    expect(rt.timers() == 0, "a timer is still set");
    auto* left = strand::active();
    expect(left == nullptr, "a strand stayed active");
    return found;
  }
};

}  // namespace skein::test
