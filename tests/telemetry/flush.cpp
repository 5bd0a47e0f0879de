// Nobody waits longer for a collector than was agreed.
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <ostream>
#include <string>
#include <thread>
#include <utility>

#include <gtest/gtest.h>

#include <skein/otlp_grpc/exporter.hpp>
#include <skein/telemetry/setup.hpp>

#include "collector.hpp"
#include "support.hpp"

namespace skein::test {
namespace {

using namespace telemetry;
using namespace std::chrono_literals;
namespace sdk = opentelemetry::sdk;
namespace nostd = opentelemetry::nostd;
using clock = std::chrono::steady_clock;

struct collector {
  const char* name;
  otlp_protocol protocol;
  enum class state : std::uint8_t { stalled, dead } is;
};
void PrintTo(const collector& c, std::ostream* out) { *out << c.name; }

class BadCollector : public ::testing::TestWithParam<collector> {
 protected:
  [[nodiscard]] pipeline start(std::chrono::milliseconds deadline, std::size_t batch) const {
    auto url = GetParam().is == collector::state::stalled ? stalled_.url() : dead_url();
    return setup({.exporters = {otlp_collector{.protocol = GetParam().protocol, .endpoint = url}},
                  .otlp = skein::otlp_grpc::make_exporter,
                  .batch = batch_options{.max_batch_size = batch},
                  .flush_deadline = deadline});
  }
  // A busy machine may be late, but not by the default timeout of ten seconds.
  static constexpr auto grace = 2500ms;
  stalled_collector stalled_;
  caught_log log_;
};

TEST_P(BadCollector, IsWaitedForUntilTheDeadlineOfTheFlush) {
  auto p = start(800ms, 512);
  make_a_span();
  auto begin = clock::now();
  auto r = p.flush(300ms);
  EXPECT_LT(clock::now() - begin, 300ms + grace);
  EXPECT_FALSE(r.ok());
  EXPECT_EQ(r.spooled, 0U);
}

TEST_P(BadCollector, IsGivenUpAtTheEnd) {
  std::optional<pipeline> p = start(800ms, 512);
  make_a_span();
  auto begin = clock::now();
  p.reset();
  EXPECT_LT(clock::now() - begin, 800ms + grace);
}

TEST_P(BadCollector, IsGivenUpAtTheEndAlthoughManyBatchesWait) {
  std::optional<pipeline> p = start(800ms, 1);
  for (int i = 0; i < 20; ++i) make_a_span();
  auto begin = clock::now();
  p.reset();
  EXPECT_LT(clock::now() - begin, 800ms + grace) << "not 20 timeouts in a row";
}

INSTANTIATE_TEST_SUITE_P(
    All, BadCollector,
    ::testing::Values(collector{"http_stalled", otlp_protocol::http_protobuf,
                                collector::state::stalled},
                      collector{"http_dead", otlp_protocol::http_protobuf, collector::state::dead},
                      collector{"grpc_stalled", otlp_protocol::grpc, collector::state::stalled},
                      collector{"grpc_dead", otlp_protocol::grpc, collector::state::dead}),
    [](const auto& i) { return std::string(i.param.name); });

// An exporter that does as it is told, seen from outside.
struct control {
  std::mutex mutex;
  std::condition_variable changed;
  std::size_t exported = 0;
  std::size_t exports = 0;
  bool held = false;  // exports wait
  bool waiting = false;
  bool failing = false;
  bool shut_down = false;

  void hold() {
    std::lock_guard lock(mutex);
    held = true;
  }
  void release() {
    std::lock_guard lock(mutex);
    held = false;
    changed.notify_all();
  }
  void await_export() {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return waiting; });
  }
};
struct obedient_exporter final : sdk::trace::SpanExporter {
  explicit obedient_exporter(control& c) : control_(c) {}
  std::unique_ptr<sdk::trace::Recordable> MakeRecordable() noexcept override {
    return std::make_unique<sdk::trace::SpanData>();
  }
  sdk::common::ExportResult Export(
      const nostd::span<std::unique_ptr<sdk::trace::Recordable>>& spans) noexcept override {
    std::unique_lock lock(control_.mutex);
    control_.waiting = true;
    control_.changed.notify_all();
    control_.changed.wait(lock, [&] { return !control_.held; });
    control_.waiting = false;
    ++control_.exports;
    if (control_.failing) return sdk::common::ExportResult::kFailure;
    control_.exported += spans.size();
    return sdk::common::ExportResult::kSuccess;
  }
  bool ForceFlush(std::chrono::microseconds) noexcept override { return true; }
  bool Shutdown(std::chrono::microseconds) noexcept override {
    control_.shut_down = true;
    return true;
  }
  control& control_;
};

class Flush : public ::testing::Test {
 protected:
  [[nodiscard]] pipeline start(batch_options batch) {
    std::unique_ptr<sdk::trace::SpanExporter> e = std::make_unique<obedient_exporter>(control_);
    return setup({.exporters = {std::move(e)}, .batch = batch});
  }
  control control_;
  caught_log log_;
};

TEST_F(Flush, SendsWhatHasEnded) {
  auto p = start({});
  for (int i = 0; i < 5; ++i) make_a_span();
  auto r = p.flush();
  EXPECT_TRUE(r.ok());
  EXPECT_EQ(r.delivered, 5U);
  EXPECT_EQ(control_.exported, 5U);
  EXPECT_EQ(control_.exports, 1U) << "one batch";
}

TEST_F(Flush, OfNothingIsDone) {
  auto p = start({});
  auto r = p.flush(0ms);
  EXPECT_TRUE(r.ok());
  EXPECT_EQ(r.delivered, 0U);
}

TEST_F(Flush, CountsFailures) {
  auto p = start({.max_batch_size = 2});
  control_.failing = true;
  for (int i = 0; i < 5; ++i) make_a_span();
  auto r = p.flush();
  EXPECT_FALSE(r.ok());
  EXPECT_TRUE(r.in_time);
  EXPECT_EQ(r.failed, 5U);
  ASSERT_EQ(r.losses.size(), 1U);
  EXPECT_EQ(r.losses[0].why, loss::export_failed);
  EXPECT_EQ(r.losses[0].count, 5U);
}

TEST_F(Flush, SaysWhenTheTimeWasUp) {
  auto p = start({});
  control_.hold();
  make_a_span();
  auto r = p.flush(1ms);
  EXPECT_FALSE(r.in_time);
  EXPECT_FALSE(r.ok());
  control_.release();
  EXPECT_EQ(p.flush().delivered, 1U);
}

TEST_F(Flush, AFullQueueDropsAndTellsOnce) {
  auto p = start({.max_queue_size = 3, .max_batch_size = 1});
  control_.hold();
  make_a_span("held");
  control_.await_export();
  for (int i = 0; i < 10; ++i) make_a_span();
  control_.release();
  auto r = p.flush();
  EXPECT_EQ(r.delivered, 4U);
  EXPECT_EQ(r.dropped, 7U);
  ASSERT_EQ(r.losses.size(), 1U);
  EXPECT_EQ(r.losses[0].why, loss::queue_full);
  EXPECT_EQ(r.losses[0].count, 7U);
  EXPECT_FALSE(r.ok());
  auto said = log_.text();
  auto first = said.find("the queue of spans (3) is full");
  ASSERT_NE(first, std::string::npos) << said;
  EXPECT_EQ(said.find("is full", first + 40), std::string::npos) << said;
}

TEST_F(Flush, AFullBatchGoesWithoutBeingAsked) {
  auto p = start({.max_batch_size = 4, .schedule_delay = std::chrono::hours(1)});
  control_.hold();
  for (int i = 0; i < 4; ++i) make_a_span();
  control_.await_export();
  control_.release();
}

TEST_F(Flush, WhatEndsWhileABatchGoesOutWaitsForOthers) {
  auto p = start({.max_batch_size = 4, .schedule_delay = std::chrono::hours(1)});
  control_.hold();
  for (int i = 0; i < 4; ++i) make_a_span();
  control_.await_export();
  for (int i = 0; i < 2; ++i) make_a_span();
  control_.release();
  for (int i = 0; i < 2; ++i) make_a_span();
  EXPECT_EQ(p.flush().delivered, 8U);
  EXPECT_EQ(control_.exports, 2U);
}

TEST_F(Flush, ALonelySpanGoesAfterTheDelay) {
  auto p = start({.schedule_delay = 1ms});
  control_.hold();
  make_a_span();
  control_.await_export();
  control_.release();
}

TEST_F(Flush, TheEndSendsWhatIsLeftAndShutsDown) {
  {
    auto p = start({.max_batch_size = 2});
    for (int i = 0; i < 5; ++i) make_a_span();
  }
  EXPECT_EQ(control_.exported, 5U);
  EXPECT_TRUE(control_.shut_down);
}

TEST_F(Flush, SpansMayEndAfterTheEnd) {
  std::optional<operation> late;
  {
    auto p = start({});
    late.emplace("late", operation::kind::internal, context{}, attribute_list{});
  }
  late->end(outcome::ok);
  EXPECT_EQ(control_.exported, 0U);
}

TEST_F(Flush, ManyThreadsMayEndSpansAndFlush) {
  {
    auto p = start({.max_queue_size = 100'000, .max_batch_size = 7});
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&] {
        for (int i = 0; i < 500; ++i) {
          make_a_span();
          if (i % 100 == 0) {
            EXPECT_TRUE(p.flush().in_time);
          }
        }
      });
    }
  }
  EXPECT_EQ(control_.exported, 2000U);
}

}  // namespace
}  // namespace skein::test
