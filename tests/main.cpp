// Every test program's main. With SKEIN_TEST_TELEMETRY the whole of it runs under telemetry that
// goes to a collector which answers (`on`), refuses (`failing`) or never answers (`stalled`):
// tools/neutrality compares what the tests came to (law 6).
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <opentelemetry/sdk/common/global_log_handler.h>

#include <skein/otlp/exporter.hpp>
#include <skein/telemetry/setup.hpp>

#include "telemetry/collector.hpp"

namespace {

using namespace skein;
using namespace std::chrono_literals;

// Outlives the tests: what they set up for themselves is put back to this.
class surroundings {
 public:
  explicit surroundings(std::string_view mode) {
    namespace log = opentelemetry::sdk::common::internal_log;
    log::GlobalLogHandler::SetLogLevel(log::LogLevel::None);
    std::string url;
    if (mode == "stalled") {
      url = stalled_.emplace().url();
    } else {
      const unsigned status = mode == "failing" ? 500 : 200;
      url = answering_
                .emplace([status](const test::answering_collector::request&) {
                  return test::answering_collector::answer{.status = status};
                })
                .url();
    }
    // Often and little, so that sends are under way all the time.
    const telemetry::batch_options hasty{
        .max_queue_size = 64, .max_batch_size = 8, .schedule_delay = 5ms, .export_timeout = 100ms};
    pipeline_.emplace(telemetry::setup(
        {.exporters = {telemetry::otlp_collector{.endpoint = url}},
         .otlp = otlp::make_exporter,
         .batch = hasty,
         .log_batch = hasty,
         .metering = telemetry::metric_options{.interval = 20ms, .export_timeout = 10ms},
         .flush_deadline = 200ms}));
  }

 private:
  std::optional<test::answering_collector> answering_;
  std::optional<test::stalled_collector> stalled_;
  std::optional<telemetry::pipeline> pipeline_;
};

}  // namespace

int main(int argc, char** argv) {
  testing::InitGoogleMock(&argc, argv);
  const char* mode = std::getenv("SKEIN_TEST_TELEMETRY");
  std::optional<surroundings> around;
  if (mode != nullptr && std::string_view(mode) != "off") {
    std::cout << "with telemetry " << mode << '\n';
    around.emplace(mode);
  }
  return RUN_ALL_TESTS();
}
