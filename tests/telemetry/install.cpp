// Whose context storage OpenTelemetry uses. Each case in a process of its own, where nothing is
// installed yet.
#include <cstdlib>
#include <iostream>

#include <gtest/gtest.h>
#include <opentelemetry/context/runtime_context.h>

#include <skein/core/error.hpp>
#include <skein/telemetry/install.hpp>

namespace skein::test {
namespace {

namespace contexts = opentelemetry::context;
namespace nostd = opentelemetry::nostd;
using telemetry::installed_storage;
using telemetry::storage;

struct foreign_storage final : contexts::RuntimeContextStorage {
  contexts::Context GetCurrent() noexcept override { return {}; }
  bool Detach(contexts::Token&) noexcept override { return true; }
  nostd::unique_ptr<contexts::Token> Attach(const contexts::Context& c) noexcept override {
    return CreateToken(c);
  }
};

void use_foreign() {
  contexts::RuntimeContext::SetRuntimeContextStorage(
      nostd::shared_ptr<contexts::RuntimeContextStorage>(new foreign_storage));
}

// Ends this process with 0 if all of it holds.
void expect(bool first, bool second = true) { std::_Exit(first && second ? 0 : 1); }

class InstallDeathTest : public ::testing::Test {
 protected:
  InstallDeathTest() { GTEST_FLAG_SET(death_test_style, "threadsafe"); }
};
const auto well = ::testing::ExitedWithCode(0);

TEST_F(InstallDeathTest, StartsFromTheDefault) {
  EXPECT_EXIT(expect(installed_storage() == storage::opentelemetry_default), well, "");
}

TEST_F(InstallDeathTest, ReplacesTheDefaultOnce) {
  EXPECT_EXIT(
      {
        telemetry::install();
        telemetry::install();
        expect(installed_storage() == storage::skein);
      },
      well, "");
}

TEST_F(InstallDeathTest, RefusesAStorageOfSomebodyElse) {
  EXPECT_EXIT(
      {
        use_foreign();
        try {
          telemetry::install();
        } catch (const usage_error& e) {
          std::cerr << e.what();
          expect(installed_storage() == storage::foreign);
        }
        std::_Exit(2);
      },
      well, "already set an OpenTelemetry RuntimeContextStorage");
}

TEST_F(InstallDeathTest, TellsWhenItWasReplacedLater) {
  EXPECT_EXIT(
      {
        telemetry::install();
        use_foreign();
        expect(installed_storage() == storage::foreign);
      },
      well, "");
}

}  // namespace
}  // namespace skein::test
