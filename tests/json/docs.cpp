#include <string>

#include <gtest/gtest.h>

#include <skein/json/docs.hpp>

namespace {

struct query {
  std::string city;
  int days = 0;
  static constexpr auto docs = skein::docs{{"city", "City name, e.g. Oslo"}, {"days", "1 to 7"}};
};

struct single {
  std::string city;
  static constexpr auto docs = skein::docs{{"city", "City name"}};
  static constexpr auto defaults = skein::defaults{"city"};
};

static_assert(query::docs.size() == 2);
static_assert(query::docs.find("city") == "City name, e.g. Oslo");
static_assert(query::docs.find("days") == "1 to 7");
static_assert(query::docs.find("none").empty());
static_assert(single::docs.size() == 1);
static_assert(single::docs.find("city") == "City name");
static_assert(single::defaults.size() == 1);
static_assert(single::defaults.contains("city"));
static_assert(!single::defaults.contains("City name"));

TEST(docs, are_read_at_run_time_too) { EXPECT_EQ(query::docs.find("days"), "1 to 7"); }

}  // namespace
