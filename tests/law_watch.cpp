#include "law_watch.hpp"

#include <gtest/gtest.h>

#include <skein/telemetry/law.hpp>

namespace skein::test {

namespace {

std::uint64_t expected = 0;

class watch : public ::testing::EmptyTestEventListener {
  void OnTestStart(const ::testing::TestInfo&) override { expected = telemetry::law_violations(); }
  void OnTestEnd(const ::testing::TestInfo&) override {
    EXPECT_EQ(telemetry::law_violations(), expected) << "a law was broken: see the log above";
  }
};

const bool watching = [] {
  ::testing::UnitTest::GetInstance()->listeners().Append(new watch);
  return true;
}();

}  // namespace

void expect_violations(std::uint64_t times) { expected += times; }

}  // namespace skein::test
