// Tokens in buckets, buckets at their prices: exact, or unknown.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>

#include <gtest/gtest.h>

#include <skein/chat/cost.hpp>
#include <skein/core/error.hpp>

namespace skein {
namespace {

using namespace std::chrono_literals;
constexpr auto day = std::chrono::sys_days(2026y / 11 / 1);

TEST(Usd, IsReadAndWrittenExactly) {
  for (auto same : {"0", "1", "0.25", "3.75", "0.000000000001", "1234567.000001"}) {
    EXPECT_EQ(usd::parse(same).value().to_string(), same);
  }
  EXPECT_EQ(usd::parse("2.50").value().to_string(), "2.5");
  EXPECT_EQ(usd(-1'500'000'000'000).to_string(), "-1.5");
  for (auto wrong : {"", ".5", "1.", "-1", "+1", "1e3", "1,5", " 1", "0.0000000000001", "1.2.3",
                     "0.-5", "99999999999"}) {
    EXPECT_FALSE(usd::parse(wrong)) << wrong;
  }
}

TEST(Buckets, AreDisjointAndSumToTheTotal) {
  std::minstd_rand random(7);
  for (int i = 0; i < 1000; ++i) {
    auto some = [&](std::int64_t most) { return static_cast<std::int64_t>(random()) % (most + 1); };
    usage u{.input = some(100'000), .output = some(10'000)};
    if (i % 2 == 0) u.cache_read = some(*u.input);
    if (i % 3 == 0) u.cache_write = some(*u.input - u.cache_read.value_or(0));
    if (i % 5 == 0) u.reasoning = some(*u.output);
    auto b = buckets_of(u);
    ASSERT_TRUE(b);
    EXPECT_EQ(b->total(), u.total());
    EXPECT_EQ(b->cache_read, u.cache_read.value_or(0));
  }
}

TEST(Buckets, AreUnknownWhenTheyCannotBeRight) {
  EXPECT_FALSE(buckets_of({}));
  EXPECT_FALSE(buckets_of({.input = 1}));
  EXPECT_FALSE(buckets_of({.input = 1, .output = 1, .cache_read = 2}));
  EXPECT_FALSE(buckets_of({.input = 3, .output = 1, .cache_read = 2, .cache_write = 2}));
  EXPECT_FALSE(buckets_of({.input = 3, .output = 1, .reasoning = 2}));
  EXPECT_FALSE(buckets_of({.input = -1, .output = 1}));
}

price sonnet() {
  return {.provider = "p",
          .model = "m",
          .input = *usd::parse("3"),
          .output = *usd::parse("15"),
          .cache_read = usd::parse("0.3"),
          .cache_write = usd::parse("3.75")};
}

TEST(Cost, IsExact) {
  EXPECT_EQ(cost_of({.input = 1, .output = 0}, sonnet())->to_string(), "0.000003");
  EXPECT_EQ(cost_of({.input = 1000, .output = 100, .cache_read = 900}, sonnet())->to_string(),
            "0.00207");
  EXPECT_EQ(
      cost_of({.input = 1003, .output = 7, .cache_read = 900, .cache_write = 100, .reasoning = 3},
              sonnet())
          ->to_string(),
      "0.000759");
  // Ten thousand small ones are one large one: nothing is rounded.
  usd sum;
  for (int i = 0; i < 10'000; ++i) sum += *cost_of({.input = 7, .output = 3}, sonnet());
  EXPECT_EQ(sum, *cost_of({.input = 70'000, .output = 30'000}, sonnet()));
}

TEST(Cost, IsUnknownRatherThanWrong) {
  auto p = sonnet();
  p.cache_write.reset();
  EXPECT_TRUE(cost_of({.input = 10, .output = 1}, p));
  EXPECT_FALSE(cost_of({.input = 10, .output = 1, .cache_write = 1}, p));
  EXPECT_FALSE(cost_of({.output = 1}, p));
  EXPECT_FALSE(cost_of({.input = std::numeric_limits<std::int64_t>::max(), .output = 0}, p));
}

TEST(Prices, OfThisReleaseAreSoundAndFound) {
  auto table = price_table::load();
  EXPECT_GT(table.prices().size(), 10U);
  for (const auto& p : table.prices()) {
    EXPECT_EQ(table.find(p.provider, p.model, day), &p) << p.model << " is listed twice";
    // Embeddings have no output.
    if (!p.model.starts_with("text-embedding-")) {
      EXPECT_GT(p.output, p.input) << p.model;
    }
    EXPECT_LE(p.from, day);
  }
  const auto* mini = table.find("openai", "gpt-5-mini-2025-08-07", day);
  ASSERT_NE(mini, nullptr);
  EXPECT_EQ(mini->model, "gpt-5-mini");
  EXPECT_EQ(table.find("openai", "gpt-5-mini-tuned", day), nullptr);
  EXPECT_EQ(table.find("openai", "gpt-5-min", day), nullptr);
  EXPECT_EQ(table.find("someone", "gpt-5-mini", day), nullptr);
}

TEST(Prices, ThoseOfTheDayCount) {
  auto older = sonnet(), newer = sonnet();
  older.from = 2025y / 1 / 1;
  newer.from = 2026y / 1 / 1;
  newer.input = *usd::parse("2");
  price_table table({newer, older});
  EXPECT_EQ(table.find("p", "m", 2025y / 12 / 31)->input, older.input);
  EXPECT_EQ(table.find("p", "m", 2026y / 1 / 1)->input, newer.input);
  EXPECT_EQ(table.find("p", "m", 2024y / 12 / 31), nullptr);
}

TEST(Prices, AWrongEntryIsNamed) {
  auto says = [](const std::string& entry) {
    try {
      (void)price_table::parse(R"({"prices":[)" + entry + "]}");
      return std::string("nothing");
    } catch (const usage_error& e) {
      return std::string(e.what());
    }
  };
  const std::string good =
      R"("provider":"p","model":"m","from":"2026-01-31","input":"1","output":"2")";
  EXPECT_EQ(says("{" + good + "}"), "nothing");
  EXPECT_EQ(says("{" + good + R"(,"cached":"1"})"), "prices: entry 1, `cached`: is not known");
  EXPECT_NE(says("{" + good + R"(,"cache_read":0.5})").find("`cache_read`"), std::string::npos);
  EXPECT_NE(says("{" + good + R"(,"cache_read":"0.0000001"})").find("at most six"),
            std::string::npos);
  EXPECT_NE(says(R"({"provider":"p","model":"m","from":"2026-02-30","input":"1","output":"2"})")
                .find("`from`"),
            std::string::npos);
  EXPECT_NE(says("7").find("must be an object"), std::string::npos);
  EXPECT_THROW((void)price_table::parse("[]"), usage_error);
  EXPECT_THROW((void)price_table::parse("{"), usage_error);
}

TEST(Prices, OfTheUsersOwnFile) {
  auto file = std::filesystem::temp_directory_path() / "skein_prices_test.json";
  std::ofstream(file) << R"({"prices":[{"provider":"p","model":"own","from":"2026-01-31",)"
                      << R"("input":"1","output":"2"}]})";
  ::setenv("SKEIN_PRICES", file.c_str(), 1);
  auto own = price_table::load();
  EXPECT_EQ(own.prices().size(), 1U);
  ::setenv("SKEIN_PRICES", "/nowhere/prices.json", 1);
  EXPECT_THROW((void)price_table::load(), usage_error);
  ::unsetenv("SKEIN_PRICES");
  std::filesystem::remove(file);
}

}  // namespace
}  // namespace skein
