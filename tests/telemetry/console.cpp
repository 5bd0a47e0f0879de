// Trees are printed when their root has ended, whole.
#include "telemetry/console.hpp"

#include <memory>
#include <sstream>
#include <string>
#include <utility>

#include <gtest/gtest.h>
#include <opentelemetry/sdk/trace/tracer_provider.h>
#include <opentelemetry/trace/provider.h>

#include "support.hpp"

namespace skein::test {
namespace {

using telemetry::console_processor;
using telemetry::golden_tree;
using telemetry::operation;
using telemetry::outcome;
namespace trace = opentelemetry::trace;
namespace nostd = opentelemetry::nostd;

class Console : public ::testing::Test {
 protected:
  void use(std::size_t limit = console_processor::default_limit) {
    provider_ = new opentelemetry::sdk::trace::TracerProvider(
        std::make_unique<console_processor>(out_, golden_tree, limit));
    trace::Provider::SetTracerProvider(nostd::shared_ptr<trace::TracerProvider>(provider_));
  }
  ~Console() override { trace::Provider::SetTracerProvider(previous_); }

  std::string printed() { return std::exchange(out_, std::ostringstream()).str(); }
  static operation begin(const char* name, const context& parent = {}) {
    return {name, operation::kind::internal, parent, {}};
  }
  static context remote_parent(std::uint8_t trace_id) {
    const std::uint8_t t[16] = {trace_id};
    const std::uint8_t s[8] = {2};
    nostd::shared_ptr<trace::Span> span(new trace::DefaultSpan(
        trace::SpanContext(trace::TraceId(t), trace::SpanId(s), trace::TraceFlags(1), true)));
    return context{}.SetValue(trace::kSpanKey, span);
  }

  std::ostringstream out_;
  opentelemetry::sdk::trace::TracerProvider* provider_ = nullptr;
  nostd::shared_ptr<trace::TracerProvider> previous_ = trace::Provider::GetTracerProvider();
};

TEST_F(Console, PrintsAtTheEndOfTheRoot) {
  use();
  auto root = begin("root");
  begin("child", root.inside()).end(outcome::ok);
  EXPECT_EQ(printed(), "");
  root.end(outcome::ok);
  EXPECT_EQ(printed(), "root\n└─ child\n\n");
}

TEST_F(Console, KeepsTracesApart) {
  use();
  auto a = begin("a");
  auto b = begin("b");
  begin("of a", a.inside()).end(outcome::ok);
  begin("of b", b.inside()).end(outcome::ok);
  b.end(outcome::ok);
  EXPECT_EQ(printed(), "b\n└─ of b\n\n");
  a.end(outcome::ok);
  EXPECT_EQ(printed(), "a\n└─ of a\n\n");
}

TEST_F(Console, ARequestFromAnotherProcessIsARoot) {
  use();
  // Two requests of one trace, at the same time.
  auto first = begin("first", remote_parent(7));
  auto second = begin("second", remote_parent(7));
  begin("of second", second.inside()).end(outcome::ok);
  begin("of first", first.inside()).end(outcome::ok);
  first.end(outcome::ok);
  EXPECT_EQ(printed(), "first\n└─ of first\n\n");
  second.end(outcome::ok);
  EXPECT_EQ(printed(), "second\n└─ of second\n\n");
}

TEST_F(Console, ForgetsTheOldestOfTooMany) {
  use(3);
  auto root = begin("root");
  for (const auto* name : {"1", "2", "3", "4", "5"}) begin(name, root.inside()).end(outcome::ok);
  root.end(outcome::ok);
  EXPECT_EQ(printed(),
            "root\n├─ 3\n├─ 4\n└─ 5\n\n"
            "(2 spans of unfinished trees were forgotten, more than 3 waited)\n");
}

TEST_F(Console, ShowsAtTheEndWhatNeverGotARoot) {
  use();
  auto root = begin("root");
  begin("child", root.inside()).end(outcome::ok);
  provider_->Shutdown();
  EXPECT_EQ(printed(), "(roots that never ended)\nchild  (parent missing)\n\n");
}

TEST(TerminalStyle, FollowsTheLocale) {
  struct row {
    const char* all;
    const char* lang;
    telemetry::tree_style::glyphs expected;
  };
  using enum telemetry::tree_style::glyphs;
  for (auto row :
       {row{"", "", utf8}, row{"", "en_US.UTF-8", utf8}, row{"", "de_DE.utf8", utf8},
        row{"", "C", ascii}, row{"POSIX", "en_US.UTF-8", ascii}, row{"C.UTF-8", "C", utf8}}) {
    with_environment e({{"LC_ALL", row.all}, {"LC_CTYPE", ""}, {"LANG", row.lang}});
    EXPECT_EQ(telemetry::style_of_terminal().drawn_with, row.expected) << row.all << row.lang;
  }
}

}  // namespace
}  // namespace skein::test
