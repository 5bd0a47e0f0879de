// One file of a spool.
#include <atomic>
#include <chrono>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "otlp/spool_file.hpp"
#include "trace/support.hpp"

namespace skein::test {
namespace {

using otlp::spool_error;
using otlp::spool_file;

class SpoolFile : public ::testing::Test {
 protected:
  [[nodiscard]] static std::vector<std::string> bytes_of(spool_file& f, std::size_t most = 100) {
    std::vector<std::string> out;
    for (auto& i : f.oldest(most, 1'000'000)) out.push_back(i.bytes);
    return out;
  }
  temporary_folder folder_;
  std::string path_ = folder_.file("spool.db");
};
using texts = std::vector<std::string>;
constexpr std::uint64_t roomy = 1'000'000;

TEST_F(SpoolFile, KeepsWhatItWasGivenInOrder) {
  const std::string binary("\0\xff\x0a", 3);
  {
    spool_file f(path_, roomy);
    const auto from = f.origin_of("r", "s");
    EXPECT_EQ(f.origin_of("r", "s"), from);
    EXPECT_NE(f.origin_of("r", "t"), from);
    for (const auto& b : {std::string("one"), binary, std::string()}) f.put(from, b);
  }
  spool_file f(path_, roomy);
  EXPECT_EQ(f.count(), 3U);
  EXPECT_EQ(bytes_of(f), (texts{"one", binary, ""}));
  const auto origin = f.origin_at(f.oldest(1, 1).at(0).origin);
  EXPECT_EQ(origin.resource, "r");
  EXPECT_EQ(origin.scope, "s");
}

TEST_F(SpoolFile, ForgetsForGood) {
  {
    spool_file f(path_, roomy);
    for (const auto* b : {"one", "two", "three"}) f.put(1, b);
    f.forget(f.oldest(2, roomy).back().id);
    EXPECT_EQ(f.count(), 1U);
    EXPECT_EQ(bytes_of(f), texts{"three"});
  }
  {
    spool_file f(path_, roomy);
    EXPECT_EQ(bytes_of(f), texts{"three"});
    f.forget(f.oldest(1, roomy).back().id);
    f.put(1, "four");
    EXPECT_EQ(bytes_of(f), texts{"four"}) << "although nothing was left with a greater number";
  }
  EXPECT_EQ(spool_file(path_, roomy).count(), 1U);
}

TEST_F(SpoolFile, GivesBatchesOfLimitedSize) {
  spool_file f(path_, roomy);
  for (int i = 0; i < 10; ++i) f.put(1, std::string(100, 'x'));
  EXPECT_EQ(f.oldest(4, roomy).size(), 4U);
  EXPECT_EQ(f.oldest(10, 250).size(), 3U);
  EXPECT_EQ(f.oldest(10, 1).size(), 1U) << "one always";
}

TEST_F(SpoolFile, BelongsToOneAtATime) {
  {
    spool_file f(path_, roomy);
    try {
      spool_file second(path_, roomy);
      FAIL();
    } catch (const spool_error& e) {
      EXPECT_EQ(e.kind(), sqlite::failure::locked);
    }
    f.put(1, "still writable");
  }
  EXPECT_EQ(spool_file(path_, roomy).count(), 1U);
}

TEST_F(SpoolFile, WhenItIsFullTheOldestGo) {
  spool_file f(path_, 200'000);
  std::size_t gone = 0;
  for (int i = 0; i < 1000; ++i) gone += f.put(1, std::to_string(i) + std::string(1000, 'x')).gone;
  EXPECT_GT(gone, 700U);
  EXPECT_LT(gone, 900U);
  EXPECT_EQ(f.count(), 1000 - gone);
  EXPECT_TRUE(bytes_of(f, 1).at(0).starts_with(std::to_string(gone) + "x")) << "the oldest went";
  EXPECT_LT(std::filesystem::file_size(path_), 210'000U);
}

TEST_F(SpoolFile, WhatIsBeingSentDoesNotGo) {
  spool_file f(path_, 200'000);
  for (int i = 0; i < 20; ++i) f.put(1, std::to_string(i) + std::string(1000, 'x'));
  const auto sending = f.oldest(5, roomy);
  std::size_t gone = 0;
  for (int i = 20; i < 1000; ++i) gone += f.put(1, std::to_string(i) + std::string(1000, 'x')).gone;
  EXPECT_GT(gone, 700U);
  EXPECT_TRUE(bytes_of(f, 1).at(0).starts_with("0x"));
  f.forget(sending.back().id);
  EXPECT_EQ(f.count(), 1000 - gone - 5);
}

TEST_F(SpoolFile, WhatIsTooLargeForItIsRefusedAndTheRestStays) {
  spool_file f(path_, 100'000);
  f.put(1, "small");
  EXPECT_FALSE(f.put(1, std::string(200'000, 'x')).kept);
  f.put(1, "another");
  EXPECT_EQ(bytes_of(f), (texts{"small", "another"}));
}

TEST_F(SpoolFile, WhatIsTooOldGoes) {
  spool_file f(path_, roomy);
  f.put(1, "one");
  EXPECT_EQ(f.forget_older_than(std::chrono::hours(1)), 0U);
  EXPECT_EQ(f.forget_older_than(std::chrono::hours(-1)), 1U);
  EXPECT_EQ(f.count(), 0U);
  EXPECT_EQ(f.forget_older_than(std::chrono::hours(-1)), 0U);
}

TEST_F(SpoolFile, IsForItsOwnerAlone) {
  spool_file f(path_, roomy);
  using std::filesystem::perms;
  for (const auto& file :
       std::filesystem::directory_iterator(std::filesystem::path(path_).parent_path())) {
    EXPECT_EQ(file.status().permissions() & (perms::group_all | perms::others_all), perms::none)
        << file.path();
  }
}

TEST_F(SpoolFile, IsNoOtherFile) {
  std::ofstream(path_) << std::string(5000, 'x');
  try {
    spool_file f(path_, roomy);
    FAIL();
  } catch (const spool_error& e) {
    EXPECT_EQ(e.kind(), sqlite::failure::damaged);
  }
}

TEST_F(SpoolFile, CountsNothingThatCameWhileItForgot) {
  constexpr std::size_t all = 5'000;
  spool_file f(path_, 100'000'000);
  f.put(1, "the first");
  std::atomic<bool> done = false;
  std::jthread other([&] {
    for (std::size_t i = 1; i < all; ++i) f.put(1, "x");
    done = true;
  });
  std::size_t aged = 0;
  std::size_t sent = 0;
  while (!done) {
    aged += f.forget_older_than(std::chrono::hours(1));
    const auto some = f.oldest(100, roomy);
    if (!some.empty()) f.forget(some.back().id);
    sent += some.size();
  }
  other.join();
  EXPECT_EQ(aged, 0U);
  EXPECT_EQ(sent + f.count(), all);
}

TEST_F(SpoolFile, GivesRoomBack) {
  {
    spool_file f(path_, 100'000'000);
    for (int i = 0; i < 6000; ++i) f.put(1, std::string(1000, 'x'));
    f.forget(6000);
  }
  EXPECT_LT(std::filesystem::file_size(path_), 100'000U);
}

}  // namespace
}  // namespace skein::test
