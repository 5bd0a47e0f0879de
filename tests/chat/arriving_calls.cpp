// Tool calls while they are written.
#include <string>

#include <gtest/gtest.h>

#include <skein/chat/arriving_calls.hpp>
#include <skein/json/partial.hpp>

namespace skein {
namespace {

struct arriving_query {
  std::string city;
  int days = 0;
};

std::string cities(const arriving_calls& calls) {
  std::string text;
  for (const auto& call : calls.all()) {
    const auto city = json::partial<arriving_query>(call.arguments)[&arriving_query::city];
    text += call.id + ' ' + call.name + ' ' + std::string(city.text()) +
            (city.complete() ? ".\n" : "...\n");
  }
  return text;
}

TEST(ArrivingCalls, ShowTheirFieldsAsTheyClose) {
  arriving_calls calls;
  calls.add({.call = 0, .id = "a", .name = "t", .arguments = R"({"city":"Os)"});
  EXPECT_EQ(cities(calls), "a t Os...\n");
  calls.add({.call = 0, .arguments = R"(lo","days")"});
  EXPECT_EQ(cities(calls), "a t Oslo.\n");
  EXPECT_FALSE(calls.all().at(0).arguments.complete());
  calls.add({.call = 0, .arguments = ":2}"});
  EXPECT_TRUE(calls.all().at(0).arguments.complete());
}

TEST(ArrivingCalls, MayComeInterleavedAndMalformed) {
  arriving_calls calls;
  calls.add({.call = 7, .id = "a", .name = "t"});
  calls.add({.call = 3, .id = "b", .name = "u", .arguments = R"({"city":"X"})"});
  calls.add({.call = 7, .arguments = R"({"city":"Y", oops)"});
  EXPECT_EQ(cities(calls), "a t Y.\nb u X.\n");
  EXPECT_TRUE(calls.all().at(0).arguments.failure().has_value());
}

TEST(ArrivingCalls, OfTheNextAnswerReplaceThoseOfTheLast) {
  arriving_calls calls;
  calls.add({.call = 0, .id = "a", .name = "t", .arguments = R"({"city":"X"})"});
  calls.add({.call = 1, .id = "b", .name = "t", .arguments = R"({"city":"Y"})"});
  calls.add({.call = 0, .id = "c", .name = "t", .arguments = R"({"ci)"});
  EXPECT_EQ(cities(calls), "c t ...\n");
}

}  // namespace
}  // namespace skein
