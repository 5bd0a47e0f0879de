// Laws 1 to 5, exhaustively: the demo scenario is left at every event, every step of the executor
// and every byte of the wire, in every way. The counts are printed.
#include <cstdio>

#include "laws/demo_world.hpp"

namespace skein::test {
namespace {

constexpr std::uint64_t seed = 11;

seen whole_run(std::uint64_t s = seed) {
  telemetry::span_ledger ledger;
  telemetry::scoped_provider provider(ledger);
  demo_world w(s);
  seen to;
  sync_wait(w.rt, w.consume({}, to));
  EXPECT_EQ(w.violations(ledger), "");
  return to;
}

class Cuts : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { telemetry::install(); }
  // Runs the scenario with one way of leaving it and adds up what is wrong.
  template <class Act>
  void cut(const std::string& what, skein::testing::wire_options how, Act act) {
    telemetry::span_ledger ledger;
    telemetry::scoped_provider provider(ledger);
    demo_world w(seed, how);
    act(w);
    auto found = w.violations(ledger);
    ++count_;
    if (found.empty()) return;
    if (++violated_ <= 3) ADD_FAILURE() << what << ":\n" << found;
  }
  void report(const char* name) const {
    std::printf("%s: %zu cuts, %zu violations\n", name, count_, violated_);
    EXPECT_EQ(violated_, 0u);
    EXPECT_GT(count_, 0u);
  }
  std::size_t count_ = 0;
  std::size_t violated_ = 0;
};

TEST_F(Cuts, TheWholeRunIsAsScripted) {
  auto to = whole_run();
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
TEST_F(Cuts, WithCaptureTheContentIsThereAndNoSecret) {
  telemetry::span_ledger ledger;
  telemetry::scoped_provider provider(ledger);
  demo_world w(seed, {}, testing::demo_script(), telemetry::capture::on);
  seen to;
  sync_wait(w.rt, w.consume({}, to));
  const auto exported = telemetry::to_otlp_json_line(ledger.records());
  for (auto canary : canaries) {
    if (canary == "Rate limit reached" || canary == "try again") continue;  // of errors
    EXPECT_EQ(exported.contains(canary), canary != "canary") << canary;
  }
}

TEST_F(Cuts, AtEveryEvent) {
  auto events = whole_run().events;
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

TEST_F(Cuts, AtEveryMomentOfADeadline) {
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

TEST_F(Cuts, AtEveryStepOfTheExecutor) {
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

TEST_F(Cuts, AtEveryByteOfTheWire) {
  std::size_t bytes = 0;
  {
    telemetry::span_ledger ledger;
    telemetry::scoped_provider provider(ledger);
    demo_world w(seed);
    seen to;
    sync_wait(w.rt, w.consume({}, to));
    bytes = w.transport.bytes();
  }
  std::size_t answered = 0;
  for (std::size_t n = 0; n < bytes; n += every) {
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
  EXPECT_LT(answered, bytes / 2);
  report("bytes");
}

TEST_F(Cuts, AnyKindOfProviderErrorAtEveryRequest) {
  using skein::testing::fault_kind;
  struct {
    fault_kind kind;
    std::size_t at;
    const char* type;
  } const faults[] = {
      {fault_kind::rate_limited, 0, "429"},    {fault_kind::server_error, 0, "500"},
      {fault_kind::malformed, 1, "malformed"}, {fault_kind::error_event, 1, "server_error"},
      {fault_kind::cut, 100, "stream_cut"},    {fault_kind::no_done, 0, "ok"}};
  for (const auto& f : faults) {
    for (std::size_t request = 0; request < 4; ++request) {
      telemetry::span_ledger ledger;
      telemetry::scoped_provider provider(ledger);
      std::size_t asked = 0;
      demo_world w(seed, {}, [&, script = skein::testing::demo_script()](const json::value& r) {
        auto turn = script(r);
        if (asked++ == request) turn.fault = skein::testing::fault{.kind = f.kind, .at = f.at};
        return turn;
      });
      seen to;
      sync_wait(w.rt, w.consume({}, to));
      ++count_;
      auto found = w.violations(ledger);
      violated_ += found.empty() ? 0 : 1;
      EXPECT_EQ(found, "") << f.type << " at request " << request;
      // The third request is the nested agent's: its failure is the tool's, and the run goes on.
      EXPECT_EQ(to.ended, request == 2 ? "ok" : f.type) << "at request " << request;
    }
  }
  report("provider errors");
}

}  // namespace
}  // namespace skein::test
