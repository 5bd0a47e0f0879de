// From a spool to a collector, in this process.
#include <atomic>
#include <chrono>
#include <cstddef>
#include <format>
#include <future>
#include <iostream>
#include <malloc.h>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <skein/core/error.hpp>
#include <skein/otlp/exporter.hpp>
#include <skein/telemetry/setup.hpp>
#include <skein/trace/otlp.hpp>

#include "telemetry/collector.hpp"
#include "telemetry/support.hpp"
#include "trace/support.hpp"

namespace skein::test {
namespace {

using namespace telemetry;
using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

void make_a_span(const std::string& name) {
  operation(name, operation::kind::internal, {}, {}).end(outcome::ok);
}

std::vector<span_record> spans_in(answering_collector& c) {
  std::vector<span_record> out;
  for (const auto& r : c.requests()) {
    auto read = trace::read_protobuf(r.body);
    EXPECT_TRUE(read);
    if (read) out.insert(out.end(), read->spans.begin(), read->spans.end());
  }
  return out;
}

class Spool : public ::testing::Test {
 protected:
  struct with {
    std::size_t batch = 512;
    std::uint64_t max_bytes = std::uint64_t{256} << 20U;
    std::chrono::seconds max_age = std::chrono::days(1);
    std::string service = "spooling";
    std::chrono::milliseconds delay = 1h;
    std::chrono::milliseconds deadline = 5s;
  };
  pipeline start(const std::string& url, const with& w) {
    return setup(
        {.service_name = w.service,
         .exporters = {otlp_collector{.endpoint = url}},
         .metrics = nowhere{},
         .logs = nowhere{},
         .otlp = skein::otlp::make_exporter,
         .batch = batch_options{.max_batch_size = w.batch, .schedule_delay = w.delay},
         .spool = spool_options{.file = file_, .max_bytes = w.max_bytes, .max_age = w.max_age},
         .flush_deadline = w.deadline});
  }
  pipeline start(const std::string& url) { return start(url, with{}); }
  // As much as a busy machine may be late.
  static constexpr auto grace = 2500ms;

  temporary_folder folder_;
  std::string file_ = folder_.file("spool.db");
  caught_log log_;
};

answering_collector::answer refuse(unsigned status) { return {.status = status}; }

TEST_F(Spool, DeliversAndIsEmptyThen) {
  answering_collector collector;
  auto p = start(collector.url());
  for (int i = 0; i < 5; ++i) make_a_span(std::format("s{}", i));
  auto r = p.flush();
  EXPECT_TRUE(r.ok());
  EXPECT_EQ(r.delivered, 5U);
  EXPECT_EQ(r.spooled, 0U);
  EXPECT_TRUE(r.losses.empty());
  EXPECT_EQ(collector.requests().size(), 1U) << "one batch";
  EXPECT_EQ(spans_in(collector).size(), 5U);
}

TEST_F(Spool, WhatACollectorMissedIsSentAtTheNextStart) {
  {
    auto p = start(dead_url(), {.service = "first"});
    for (int i = 0; i < 5; ++i) make_a_span(std::format("s{}", i));
    auto begin = clock::now();
    auto r = p.flush(60s);
    EXPECT_LT(clock::now() - begin, grace) << "nobody waits for a collector that is not there";
    EXPECT_TRUE(r.ok());
    EXPECT_EQ(r.delivered, 0U);
    EXPECT_EQ(r.spooled, 5U);
    EXPECT_TRUE(log_.text().contains("spans wait in the spool")) << log_.text();
  }
  answering_collector collector;
  auto p = start(collector.url(), {.service = "second"});
  make_a_span("s5");
  auto r = p.flush();
  EXPECT_EQ(r.delivered, 6U);
  EXPECT_EQ(r.spooled, 0U);
  auto all = spans_in(collector);
  ASSERT_EQ(all.size(), 6U);
  for (std::size_t i = 0; i < 6; ++i) {
    EXPECT_EQ(all[i].name, std::format("s{}", i)) << "in order";
    EXPECT_EQ(all[i].resource.at("service.name").as_string(), i < 5 ? "first" : "second");
    EXPECT_FALSE(all[i].scope_name.empty());
  }
}

TEST_F(Spool, WhatIsLeftGoesWithoutBeingAsked) {
  {
    auto p = start(dead_url());
    make_a_span("left");
  }
  std::promise<void> came;
  answering_collector collector([&](const auto&) {
    came.set_value();
    return answering_collector::answer();
  });
  auto p = start(collector.url());
  EXPECT_EQ(came.get_future().wait_for(10s), std::future_status::ready);
}

TEST_F(Spool, ACollectorThatComesBackIsFoundByTheNextFlush) {
  std::atomic<bool> up = false;
  answering_collector collector(
      [&](const auto&) { return up ? answering_collector::answer() : refuse(401); });
  auto p = start(collector.url());
  make_a_span("one");
  auto r = p.flush(50ms);
  EXPECT_EQ(r.spooled, 1U);
  EXPECT_TRUE(r.ok()) << "a wrong key is no reason to lose it";
  up = true;
  r = p.flush();
  EXPECT_EQ(r.delivered, 1U);
  EXPECT_EQ(r.spooled, 0U);
}

TEST_F(Spool, ABadSpanDoesNotTakeTheOthersAlong) {
  for (unsigned status : {400U, 413U, 422U, 500U}) {
    std::string accepted;
    answering_collector collector([&](const answering_collector::request& r) {
      // google.rpc.Status { message: "bad" }
      if (r.body.contains("poison"))
        return answering_collector::answer{.status = status,
                                           .body =
                                               "\x12\x03"
                                               "bad"};
      accepted += r.body;
      return answering_collector::answer();
    });
    auto p = start(collector.url());
    for (const auto* n : {"poison", "op-1", "op-2", "op-3", "poison", "op-4", "op-5", "poison"})
      make_a_span(n);
    auto r = p.flush(20s);
    EXPECT_EQ(r.delivered, 5U) << status;
    EXPECT_EQ(r.failed, 3U);
    EXPECT_EQ(r.spooled, 0U);
    ASSERT_EQ(r.losses.size(), 1U);
    EXPECT_EQ(r.losses[0].why, loss::refused);
    EXPECT_EQ(r.losses[0].count, 3U);
    EXPECT_EQ(r.losses[0].first, std::format("the collector answered {}: bad", status));
    for (int i = 1; i <= 5; ++i) EXPECT_TRUE(accepted.contains("op-" + std::to_string(i))) << i;
  }
}

TEST_F(Spool, ACollectorThatRefusesEverybodyLosesNothing) {
  for (unsigned status : {401U, 403U, 404U, 500U, 503U}) {
    answering_collector collector([&](const auto&) { return refuse(status); });
    with w{.deadline = 100ms};
    std::optional<pipeline> p = start(collector.url(), w);
    for (int i = 0; i < 40; ++i) make_a_span("op");
    auto r = p->flush(100ms);
    EXPECT_TRUE(r.ok()) << status;
    EXPECT_GT(r.spooled, 0U);
    p.reset();
    // When flushed and at the end: the batch and, at worst, all of its halves.
    EXPECT_LE(collector.requests().size(), 2U * (2U * 40U - 1U)) << status;
  }
  answering_collector collector;
  EXPECT_EQ(start(collector.url()).flush().delivered, 200U);
}

TEST_F(Spool, ACollectorThatIsBusyIsAskedAgain) {
  std::atomic<int> times = 0;
  answering_collector collector(
      [&](const auto&) { return ++times < 3 ? refuse(503) : answering_collector::answer(); });
  auto p = start(collector.url());
  make_a_span("op");
  EXPECT_EQ(p.flush(30s).delivered, 1U);
  EXPECT_EQ(times, 3);
}

TEST_F(Spool, PartialSuccessIsCounted) {
  answering_collector collector([](const auto&) {
    return answering_collector::answer{.body = std::string("\x0a\x0b\x08\x02\x12\x07too old", 13)};
  });
  auto p = start(collector.url());
  for (int i = 0; i < 3; ++i) make_a_span("op");
  auto r = p.flush();
  EXPECT_EQ(r.delivered, 1U);
  EXPECT_EQ(r.failed, 2U);
  EXPECT_EQ(r.spooled, 0U) << "nobody knows which, and it has decided";
  EXPECT_EQ(r.losses.at(0).first, "too old");
}

TEST_F(Spool, AStalledCollectorIsGivenUpAtTheEnd) {
  stalled_collector stalled;
  std::optional<pipeline> p = start(stalled.url(), {.batch = 1, .deadline = 300ms});
  for (int i = 0; i < 20; ++i) make_a_span("op");
  auto begin = clock::now();
  auto r = p->flush(200ms);
  EXPECT_LT(clock::now() - begin, 200ms + grace);
  EXPECT_EQ(r.spooled, 20U);
  p.reset();
  EXPECT_LT(clock::now() - begin, 500ms + grace);
  answering_collector collector;
  EXPECT_EQ(start(collector.url()).flush().delivered, 20U);
}

TEST_F(Spool, ADeadCollectorCostsNoMemory) {
  std::optional<pipeline> p = start(dead_url(), {.delay = 5ms});
  auto some = [](int n) {
    for (int i = 0; i < n; ++i) {
      operation op("a span", operation::kind::internal, {}, {});
      const std::string text(1000, 'x');
      op.set("long", otel(text));
      op.set("text", opentelemetry::nostd::string_view("some more of it, so that it has a size"));
      op.end(outcome::ok);
    }
  };
  some(3000);
  const auto before = mallinfo2().uordblks;
  some(20'000);
  const auto after = mallinfo2().uordblks;
  std::cout << std::format("[  spool   ] {} bytes more in memory after 20000 spans\n",
                           static_cast<std::ptrdiff_t>(after - before));
  EXPECT_LT(after, before + 1'000'000);
  EXPECT_EQ(p->flush().spooled, 23'000U);
  auto begin = clock::now();
  p.reset();
  EXPECT_LT(clock::now() - begin, 5s + grace);
}

TEST_F(Spool, WhenItIsFullTheOldestGoAndTheRunGoesOn) {
  auto p = start(dead_url(), {.max_bytes = 100'000});
  for (int i = 0; i < 2000; ++i) make_a_span("op");
  auto r = p.flush();
  EXPECT_FALSE(r.ok());
  EXPECT_EQ(r.spooled + r.dropped, 2000U);
  EXPECT_GT(r.spooled, 100U);
  ASSERT_EQ(r.losses.size(), 1U);
  EXPECT_EQ(r.losses[0].why, loss::spool_full);
  EXPECT_TRUE(log_.text().contains("spans are dropped (spool_full)")) << log_.text();
}

TEST_F(Spool, WhatIsTooOldIsNotSent) {
  {
    auto p = start(dead_url());
    make_a_span("old");
  }
  answering_collector collector;
  auto p = start(collector.url(), {.max_age = -1h});
  auto r = p.flush();
  EXPECT_EQ(r.dropped, 1U);
  EXPECT_EQ(r.losses.at(0).why, loss::too_old);
  EXPECT_TRUE(spans_in(collector).empty());
}

TEST_F(Spool, ManyThreadsMayEndSpansAndFlush) {
  answering_collector collector;
  std::size_t delivered = 0;
  {
    auto p = start(collector.url(), {.batch = 7, .deadline = 60s});
    {
      std::vector<std::jthread> threads;
      for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&] {
          for (int i = 0; i < 300; ++i) {
            make_a_span("op");
            if (i % 100 == 0) {
              EXPECT_TRUE(p.flush(60s).in_time);
            }
          }
        });
      }
    }
    delivered = p.flush(60s).spooled;
  }
  EXPECT_EQ(delivered, 0U);
  EXPECT_EQ(spans_in(collector).size(), 1200U);
}

TEST_F(Spool, TwoPipelinesWithOneFileHaveAFileEach) {
  answering_collector collector;
  {
    auto p = start(dead_url());
    make_a_span("first");
    auto q = start(dead_url());
    make_a_span("second");
  }
  auto p = start(collector.url());
  EXPECT_EQ(p.flush().delivered, 2U);
}

TEST_F(Spool, SpansThatEndAfterTheEndAreForTheNextStart) {
  std::optional<operation> late;
  {
    auto p = start(dead_url());
    late.emplace("late", operation::kind::internal, context{}, attribute_list{});
  }
  late->end(outcome::ok);
  late.reset();
  answering_collector collector;
  auto p = start(collector.url());
  EXPECT_EQ(p.flush().delivered, 1U);
}

TEST_F(Spool, IsAskedForByTheEnvironment) {
  with_environment e({{"SKEIN_TELEMETRY_SPOOL", file_}});
  auto send = [](const std::string& url) {
    auto p =
        setup({.exporters = {otlp_collector{.endpoint = url}}, .otlp = skein::otlp::make_exporter});
    make_a_span("op");
    return p.flush();
  };
  EXPECT_EQ(send(dead_url()).spooled, 1U);
  answering_collector collector;
  EXPECT_EQ(send(collector.url()).delivered, 2U);
}

TEST_F(Spool, WhatCannotBeHadIsSaid) {
  with_environment json({{"OTEL_EXPORTER_OTLP_PROTOCOL", "http/json"}});
  EXPECT_THROW((void)start(dead_url()), usage_error);
  with_environment e({{"SKEIN_TELEMETRY_SPOOL", file_}});
  answering_collector collector;
  auto p = setup({.exporters = {otlp_collector{.endpoint = collector.url()}},
                  .otlp = skein::otlp::make_exporter});
  EXPECT_TRUE(log_.text().contains("SKEIN_TELEMETRY_SPOOL")) << log_.text();
  make_a_span("op");
  EXPECT_EQ(p.flush().delivered, 1U) << "without a spool";
}

TEST_F(Spool, KeepsLogRecordsToo) {
  auto send = [&](const std::string& url) {
    auto p = setup({.exporters = {otlp_collector{.endpoint = url}},
                    .metrics = nowhere{},
                    .otlp = skein::otlp::make_exporter,
                    .spool = spool_options{.file = file_}});
    operation op(semconv::spans::inference, "chat m", {}, {});
    op.end(outcome::ok);
    return p.flush();
  };
  EXPECT_EQ(send(dead_url()).logs.spooled, 1U);
  answering_collector collector;
  auto r = send(collector.url());
  EXPECT_EQ(r.logs.delivered, 2U);
  EXPECT_EQ(r.delivered, 2U);
  std::size_t records = 0;
  for (const auto& got : collector.requests()) {
    if (got.target != "/v1/logs") continue;
    const std::string_view name = "event.name";  // once a record
    for (auto at = got.body.find(name); at != std::string::npos; at = got.body.find(name, at + 1)) {
      ++records;
    }
  }
  EXPECT_EQ(records, 2U);
}

}  // namespace
}  // namespace skein::test
