// Fields named in `defaults` may be absent and keep what their initialisers gave.
#include <optional>
#include <string>

#include <gtest/gtest.h>

#include <skein/json/reflect.hpp>

#include "json_text.hpp"

namespace {

namespace json = skein::json;

struct query {
  std::string city = "Oslo";
  int days = 3;
  std::string unit = "celsius";
  static constexpr auto defaults = skein::defaults{"days", "unit"};
};

struct one_default {
  int days = 3;
  static constexpr auto defaults = skein::defaults{"days"};
};

// Data that happens to be called like the statements.
struct confusing {
  std::string docs = {};
  std::string defaults = {};
  std::string description = {};
  std::string tag = {};
};

TEST(defaults, absent_keeps_the_initialiser) {
  const auto read = json::decode<query>(json_of(R"({"city":"Bergen"})"));
  EXPECT_EQ(read.city, "Bergen");
  EXPECT_EQ(read.days, 3);
  EXPECT_EQ(read.unit, "celsius");
  EXPECT_EQ(json::decode<one_default>(json_of("{}")).days, 3);
}

TEST(defaults, present_is_read_and_checked) {
  EXPECT_EQ(json::decode<query>(json_of(R"({"city":"","days":7})")).days, 7);
  EXPECT_EQ(json::from_json<query>(json_of(R"({"city":"","days":null})")).error().path, "$.days");
}

TEST(defaults, other_fields_stay_required_even_with_an_initialiser) {
  EXPECT_EQ(json::from_json<query>(json_of("{}")).error().path, "$.city");
}

TEST(defaults, defaulted_fields_are_written) {
  EXPECT_EQ(json::write_text(json::to_json(one_default{})), R"({"days":3})");
}

TEST(defaults, fields_of_those_names_are_only_fields) {
  const std::string text = R"({"docs":"a","defaults":"b","description":"c","tag":"d"})";
  EXPECT_EQ(json::write_text(json::to_json(json::decode<confusing>(json_of(text)))), text);
}

}  // namespace
