// A provider of the user's own, and one that fails.
#include <memory>

#include <gtest/gtest.h>
#include <opentelemetry/sdk/trace/processor.h>
#include <opentelemetry/sdk/trace/sampler.h>
#include <opentelemetry/sdk/trace/simple_processor.h>
#include <opentelemetry/sdk/trace/tracer_provider.h>
#include <opentelemetry/trace/provider.h>

#include "support.hpp"

namespace skein::test {
namespace {

using telemetry::operation;
using telemetry::outcome;
namespace sdk = opentelemetry::sdk;
namespace nostd = opentelemetry::nostd;
namespace trace = opentelemetry::trace;

class own_provider {
 public:
  explicit own_provider(std::unique_ptr<sdk::trace::SpanProcessor> processor)
      : previous_(trace::Provider::GetTracerProvider()) {
    trace::Provider::SetTracerProvider(nostd::shared_ptr<trace::TracerProvider>(
        new sdk::trace::TracerProvider(std::move(processor))));
  }
  ~own_provider() { trace::Provider::SetTracerProvider(previous_); }

 private:
  nostd::shared_ptr<trace::TracerProvider> previous_;
};

void run_something() {
  operation outer("outer", operation::kind::internal, {}, {});
  operation inner("inner", operation::kind::internal, outer.inside(), {});
  inner.set("key", true);
  inner.fail("broken", content<std::string_view>("text"), telemetry::capture::on);
  outer.end(outcome::ok);
}

TEST(OperationProvider, IsTheOneInstalledWhenASpanStarts) {
  run_something();  // nobody is there
  telemetry::span_ledger first;
  telemetry::span_ledger second;
  {
    own_provider theirs(first.processor());
    run_something();
    {
      own_provider other(second.processor());
      run_something();
    }
    run_something();
  }
  run_something();
  EXPECT_EQ(first.ended(), 4U);
  EXPECT_EQ(second.ended(), 2U);
}

TEST(OperationProvider, MayChangeWhileASpanIsOpen) {
  telemetry::span_ledger first;
  telemetry::span_ledger second;
  operation op;
  {
    own_provider theirs(first.processor());
    op = operation("op", operation::kind::internal, {}, {});
  }
  own_provider other(second.processor());
  op.end(outcome::ok);
  EXPECT_EQ(first.ended(), 1U);
  EXPECT_EQ(second.ended(), 0U);
}

TEST(OperationProvider, WithoutOneSpansAreNothing) {
  operation op("op", operation::kind::internal, {}, {});
  EXPECT_FALSE(op.recording());
  EXPECT_FALSE(op.ended());
  op.set("key", 1);
  op.end(outcome::ok);
  EXPECT_TRUE(op.ended());
}

struct failing_exporter final : sdk::trace::SpanExporter {
  std::unique_ptr<sdk::trace::Recordable> MakeRecordable() noexcept override {
    return std::make_unique<sdk::trace::SpanData>();
  }
  sdk::common::ExportResult Export(
      const nostd::span<std::unique_ptr<sdk::trace::Recordable>>&) noexcept override {
    return sdk::common::ExportResult::kFailure;
  }
  bool ForceFlush(std::chrono::microseconds) noexcept override { return false; }
  bool Shutdown(std::chrono::microseconds) noexcept override { return false; }
};

TEST(OperationProvider, MayFailToExport) {
  own_provider theirs(
      std::make_unique<sdk::trace::SimpleSpanProcessor>(std::make_unique<failing_exporter>()));
  EXPECT_NO_THROW(run_something());
}

TEST(OperationProvider, MaySampleEverythingOut) {
  telemetry::span_ledger ledger;
  struct nothing final : sdk::trace::Sampler {
    sdk::trace::SamplingResult ShouldSample(
        const trace::SpanContext&, trace::TraceId, nostd::string_view, trace::SpanKind,
        const opentelemetry::common::KeyValueIterable&,
        const trace::SpanContextKeyValueIterable&) noexcept override {
      return {sdk::trace::Decision::DROP, nullptr, {}};
    }
    nostd::string_view GetDescription() const noexcept override { return "nothing"; }
  };
  auto previous = trace::Provider::GetTracerProvider();
  trace::Provider::SetTracerProvider(
      nostd::shared_ptr<trace::TracerProvider>(new sdk::trace::TracerProvider(
          ledger.processor(), sdk::resource::Resource::GetEmpty(), std::make_unique<nothing>())));
  operation op("op", operation::kind::internal, {}, {});
  EXPECT_FALSE(op.recording());
  op.end(outcome::ok);
  trace::Provider::SetTracerProvider(previous);
  EXPECT_EQ(ledger.started(), 0U);
}

}  // namespace
}  // namespace skein::test
