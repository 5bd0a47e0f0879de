// Laws 1 to 7 in every protocol: the demo scenario is left at every event, every step of the
// executor and every byte of the wire, in every way. The counts are printed.
#include <cstdio>
#include <format>
#include <ostream>
#include <vector>

#include "laws/demo_world.hpp"
#include "telemetry/states.hpp"

namespace skein::test {
namespace {

constexpr std::uint64_t seed = 11;

struct cast {
  speaker speaks;
  beginning tools;
  friend std::ostream& operator<<(std::ostream& out, const cast& c) {
    return out << c.speaks << (c.tools == beginning::early ? "Early" : "");
  }
};
std::vector<cast> casts() {
  std::vector<cast> all;
  for (const auto tools : {beginning::whole, beginning::early}) {
    for (const auto& s : speakers) all.push_back({s, tools});
  }
  return all;
}

class Cuts : public ::testing::TestWithParam<cast> {
 protected:
  static void SetUpTestSuite() { telemetry::install(); }

  // Runs the scenario with one way of leaving it and adds up what is wrong.
  template <class Act>
  void cut(const std::string& what, skein::testing::wire_options how, Act act) {
    watch watched;
    demo_world w(GetParam().speaks, seed, how, skein::testing::demo_script(),
                 telemetry::capture::off, GetParam().tools);
    act(w);
    auto found = w.violations(watched);
    ++count_;
    if (found.empty()) return;
    if (++violated_ <= 3) ADD_FAILURE() << what << ":\n" << found;
  }
  struct whole {
    seen saw;
    std::size_t bytes = 0;  // of the wire
  };
  whole whole_run(leaving how = {}) {
    whole run;
    cut("the whole run", {}, [&](demo_world& w) {
      sync_wait(w.rt, w.consume(how, run.saw));
      run.bytes = w.transport.bytes();
    });
    count_ = 0;
    return run;
  }
  void report(const char* name) const {
    RecordProperty("transcript", std::to_string(transcript));
    std::printf("%s: %s: %zu cuts, %zu violations\n", ::testing::PrintToString(GetParam()).c_str(),
                name, count_, violated_);
    EXPECT_EQ(violated_, 0u);
    EXPECT_GT(count_, 0u);
  }
  std::size_t count_ = 0;
  std::size_t violated_ = 0;
};
INSTANTIATE_TEST_SUITE_P(Protocols, Cuts, ::testing::ValuesIn(casts()),
                         ::testing::PrintToStringParamName());

TEST_P(Cuts, TheWholeRunIsAsScripted) {
  const auto to = whole_run().saw;
  EXPECT_EQ(to.ended, "ok");
  EXPECT_EQ(to.text,
            "For Oslo tomorrow: a wool coat over a light sweater, waterproof boots, and an "
            "umbrella you do "
            "not mind losing. And 17 + 25 is 42.");
  EXPECT_EQ(to.usage.input, 96 + 168 + 231);
  EXPECT_EQ(to.usage.output, 41 + 37 + 52);
}

// The canaries that the cuts look for are in the spans when content is captured, so that a cut that
// finds none says something. Secrets never are.
TEST_P(Cuts, WithCaptureTheContentIsThereAndNoSecret) {
  watch watched;
  demo_world w(GetParam().speaks, seed, {}, testing::demo_script(), telemetry::capture::on,
               GetParam().tools);
  seen to;
  sync_wait(w.rt, w.consume({}, to));
  const auto exported = watched.everything();
  for (auto canary : canaries) {
    if (canary == "Rate limit reached" || canary == "try again") continue;  // of errors
    EXPECT_EQ(exported.contains(canary), canary != "canary") << canary;
  }
}

TEST_P(Cuts, AtEveryEvent) {
  const auto events = whole_run().saw.events;
  for (std::size_t k = 0; k <= events; ++k) {
    auto at = " at event " + std::to_string(k);
    auto leave = [&](const char* name, leaving how, const char* expected) {
      cut(name + at, {}, [&](demo_world& w) {
        seen to;
        sync_wait(w.rt, w.consume(how, to));
        EXPECT_EQ(to.ended, expected) << name << at;
      });
    };
    leave("drop", {.drop_at_event = k}, "dropped");
    leave("throw", {.throw_at_event = k}, "threw");
    leave("cancel", {.cancel_at_event = k}, "cancelled");
  }
  report("events");
}

TEST_P(Cuts, AtEveryMomentOfADeadline) {
  // Virtual time passes in whole milliseconds here.
  for (int ms = 0; ms < 1000; ++ms) {
    std::string ended;
    cut("deadline after " + std::to_string(ms) + " ms", {}, [&](demo_world& w) {
      seen to;
      sync_wait(w.rt, w.consume({.deadline = milliseconds(ms)}, to));
      ended = to.ended;
      EXPECT_TRUE(ended == "deadline" || ended == "ok") << ended;
    });
    if (ended == "ok") break;
  }
  report("deadlines");
}

TEST_P(Cuts, AtEveryStepOfTheExecutor) {
  for (bool destroy : {true, false}) {
    for (std::size_t k = 0;; ++k) {
      bool over = false;
      cut((destroy ? "destroy at step " : "cancel at step ") + std::to_string(k), {},
          [&](demo_world& w) {
            seen to;
            std::optional<job<>> run(spawn(w.rt, w.consume({}, to)));
            w.rt.run(k);
            over = run->done();
            if (destroy) {
              run.reset();
            } else {
              run->cancel();
              w.rt.run(1'000);
              EXPECT_TRUE(run->done()) << "cancelled at step " << k << ", but still running";
            }
          });
      if (over) break;
    }
  }
  report("steps");
}

TEST_P(Cuts, AtEveryByteOfTheWire) {
  const auto bytes = whole_run().bytes;
  std::size_t answered = 0;
  // Where a call begins and ends matters to an early tool, not each byte of it.
  const auto step = GetParam().tools == beginning::early ? 7 * every : every;
  for (std::size_t n = 0; n < bytes; n += step) {
    cut("connection breaks after byte " + std::to_string(n), {.break_after = n},
        [&](demo_world& w) {
          seen to;
          sync_wait(w.rt, w.consume({}, to));
          // Only in the tail behind an answer's terminal event may the run go on; a broken nested
          // agent is its tool's failure, which the model is told.
          if (to.ended == "ok") {
            ++answered;
          } else {
            EXPECT_EQ(to.ended, "connection_closed") << n;
          }
        });
  }
  EXPECT_LT(answered, count_ / 2);
  report("bytes");
}

struct failing_request {
  const char* type;  // of the error that the run ends with, or ok
  skein::testing::fault fault;
  std::size_t request;
};
std::vector<failing_request> failing_requests(const speaker& speaks) {
  using enum skein::testing::fault_kind;
  std::vector<failing_request> all;
  for (std::size_t request = 0; request < 4; ++request) {
    all.push_back({"429", {.kind = rate_limited}, request});
    all.push_back({"500", {.kind = server_error}, request});
    all.push_back({"malformed", {.kind = malformed, .at = 1}, request});
    all.push_back({speaks.error_event, {.kind = error_event, .at = 1}, request});
    all.push_back({"stream_cut", {.kind = cut, .at = 100}, request});
    all.push_back({speaks.without_end, {.kind = no_done}, request});
  }
  return all;
}
// The demo's, but for one request.
skein::testing::responder script_with(const std::optional<failing_request>& failing) {
  return [failing, asked = std::size_t{0},
          script = skein::testing::demo_script()](const json::value& r) mutable {
    auto turn = script(r);
    if (failing && asked++ == failing->request) turn.fault = failing->fault;
    return turn;
  };
}

TEST_P(Cuts, AnyKindOfProviderErrorAtEveryRequest) {
  for (const auto& f : failing_requests(GetParam().speaks)) {
    watch watched;
    demo_world w(GetParam().speaks, seed, {}, script_with(f), telemetry::capture::off,
                 GetParam().tools);
    seen to;
    sync_wait(w.rt, w.consume({}, to));
    ++count_;
    auto found = w.violations(watched);
    violated_ += found.empty() ? 0 : 1;
    EXPECT_EQ(found, "") << f.type << " at request " << f.request;
    // The third request is the nested agent's: its failure is the tool's, and the run goes on.
    EXPECT_EQ(to.ended, f.request == 2 ? "ok" : f.type) << "at request " << f.request;
  }
  report("provider errors");
}

// Law 7.
TEST_P(Cuts, NothingComesWhileTheConsumerRests) {
  const auto rested = whole_run({.rests = true}).saw;
  EXPECT_EQ(rested.ended, "ok");
  EXPECT_EQ(rested.text, whole_run().saw.text);
}

// Law 6: all that the consumer and the provider saw, and when, is the same whatever becomes of the
// telemetry.
struct way {
  leaving how = {};
  skein::testing::wire_options wire = {};
  std::optional<failing_request> failing = {};
};
std::string came_to(const cast& players, const way& left, telemetry_is state) {
  telemetry::span_ledger spans;
  const with_provider provider(provider_for(state, spans));
  metric_book metrics;
  log_book logs;
  std::optional<scoped_signals> signals;
  if (state != telemetry_is::off) signals.emplace(metrics, logs);
  std::string requests;
  demo_world w(
      players.speaks, seed, left.wire,
      [&, script = script_with(left.failing)](const json::value& r) {
        requests += json::serialize(r) + '\n';
        return script(r);
      },
      telemetry::capture::off, players.tools);
  seen to;
  sync_wait(w.rt, w.consume(left.how, to));
  w.rt.run(10'000);
  EXPECT_EQ(spans.started() > 0, state == telemetry_is::on);
  EXPECT_EQ(metrics.all().empty(), state == telemetry_is::off);
  return std::format("{}{}{} after {} steps, {} ns, {} tokens", requests, to.log, to.ended,
                     w.rt.steps(), w.rt.now().time_since_epoch().count(), to.usage.total());
}

TEST_P(Cuts, TelemetryChangesNothing) {
  const auto undisturbed = whole_run();
  std::vector<way> ways{{}};
  for (std::size_t k = 0; k <= undisturbed.saw.events; k += every) {
    ways.push_back({.how = {.drop_at_event = k}});
    ways.push_back({.how = {.throw_at_event = k}});
    ways.push_back({.how = {.cancel_at_event = k}});
  }
  for (int ms = 0; ms < 300; ms += 7) ways.push_back({.how = {.deadline = milliseconds(ms)}});
  for (std::size_t n = 0; n < undisturbed.bytes; n += 97 * every) {
    ways.push_back({.wire = {.break_after = n}});
  }
  for (const auto& f : failing_requests(GetParam().speaks)) ways.push_back({.failing = f});
  for (const auto& left : ways) {
    const auto on = came_to(GetParam(), left, telemetry_is::on);
    for (const auto state : {telemetry_is::off, telemetry_is::unsampled, telemetry_is::failing}) {
      const bool same = came_to(GetParam(), left, state) == on;
      EXPECT_TRUE(same) << "telemetry " << static_cast<int>(state) << ", " << on;
      ++count_;
      violated_ += same ? 0 : 1;
    }
  }
  report("states of telemetry");
}

}  // namespace
}  // namespace skein::test
