// Law 8 on the wire: what leaves the program, of all signals and in every protocol, holds nothing
// that people, models or tools said while capture is off.
#include <string>

#include <gtest/gtest.h>

#include <skein/otlp/exporter.hpp>
#include <skein/telemetry/setup.hpp>

#include "laws/demo_world.hpp"
#include "telemetry/collector.hpp"
#include "telemetry/support.hpp"

namespace skein::test {
namespace {

// Everything that a collector was sent while the scenario was left in some twenty ways.
struct sent {
  std::string bytes;
  std::set<std::string> targets;
};
sent everything_sent(const speaker& speaks, telemetry::otlp_protocol protocol,
                     telemetry::capture content) {
  answering_collector collector;
  std::size_t ways = 0;
  {
    auto pipeline = telemetry::setup({.exporters = {telemetry::otlp_collector{
                                          .protocol = protocol, .endpoint = collector.url()}},
                                      .otlp = otlp::make_exporter});
    auto leave = [&](leaving how, testing::wire_options wire, testing::responder script) {
      demo_world w(speaks, 3, wire, std::move(script), content);
      seen to;
      sync_wait(w.rt, w.consume(how, to));
      ++ways;
    };
    leave({}, {}, testing::demo_script());
    for (std::size_t k = 0; k < 60; k += 10) {
      leave({.drop_at_event = k}, {}, testing::demo_script());
      leave({.throw_at_event = k}, {}, testing::demo_script());
      leave({.cancel_at_event = k}, {}, testing::demo_script());
    }
    leave({.deadline = milliseconds(30)}, {}, testing::demo_script());
    leave({}, {.break_after = 2000}, testing::demo_script());
    for (auto kind : {testing::fault_kind::rate_limited, testing::fault_kind::server_error,
                      testing::fault_kind::malformed, testing::fault_kind::error_event}) {
      leave({}, {}, [kind, script = testing::demo_script()](const json::value& r) {
        auto turn = script(r);
        turn.fault = testing::fault{.kind = kind, .at = 1};
        return turn;
      });
    }
    EXPECT_TRUE(pipeline.flush(std::chrono::seconds(20)).ok());
  }
  EXPECT_GT(ways, 20u);
  sent all;
  for (const auto& r : collector.requests()) {
    all.targets.insert(r.target);
    all.bytes += r.body;
    for (const auto& [name, value] : r.headers) all.bytes += name + value;
  }
  return all;
}

class Wire : public ::testing::TestWithParam<speaker> {};
INSTANTIATE_TEST_SUITE_P(Protocols, Wire, ::testing::ValuesIn(speakers),
                         ::testing::PrintToStringParamName());

TEST_P(Wire, HoldsNoContentWithCaptureOff) {
  caught_log quiet;
  for (auto protocol :
       {telemetry::otlp_protocol::http_protobuf, telemetry::otlp_protocol::http_json}) {
    const auto off = everything_sent(GetParam(), protocol, telemetry::capture::off);
    EXPECT_EQ(off.targets, (std::set<std::string>{"/v1/traces", "/v1/metrics", "/v1/logs"}));
    for (auto canary : canaries) EXPECT_FALSE(off.bytes.contains(canary)) << canary;

    // So that finding nothing says something.
    const auto on = everything_sent(GetParam(), protocol, telemetry::capture::on);
    for (auto canary : canaries) EXPECT_EQ(on.bytes.contains(canary), canary != "canary") << canary;
  }
}

}  // namespace
}  // namespace skein::test
