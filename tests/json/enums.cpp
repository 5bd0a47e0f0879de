// Enums go by name, described or not.
#include <cstdint>
#include <string>
#include <vector>

#include <boost/describe/enum.hpp>
#include <gtest/gtest.h>

#include <skein/json/reflect.hpp>
#include <skein/json/schema.hpp>

#include "json_text.hpp"

namespace outer::inner {
enum class level : std::uint8_t { low = 1, mid, high = 127 };
}  // namespace outer::inner

namespace {

namespace json = skein::json;

enum class signed_level { lowest = -8, below = -1, zero, last = 127, beyond = 128 };
enum plain { plain_red, plain_green = 5 };
enum plain_negative { minus_two = -2, plus_one = 1 };
enum fixed : short { fixed_a = 3 };
enum class flag : bool { off, on };
enum class far { near_by = 0, distant = 5000, minus = -5000 };
BOOST_DESCRIBE_ENUM(far, near_by, distant, minus)
enum class unreachable { at = 1000 };
BOOST_DESCRIBE_ENUM(unreachable, at)
enum class alias { first = 1, again = 1, second = 2 };

template <class A, class B>
struct templated {
  enum kind_of_it { one, two };
};

template <class E>
std::string names() {
  std::string all;
  for (const auto& each : json::detail::enumerators<E>()) {
    all.append(each.name).append("=").append(std::to_string(each.value)).append(" ");
  }
  return all;
}

TEST(enums, names_are_found) {
  EXPECT_EQ(names<outer::inner::level>(), "low=1 mid=2 high=127 ");
  EXPECT_EQ(names<signed_level>(), "lowest=-8 below=-1 zero=0 last=127 ");
  EXPECT_EQ(names<plain>(), "plain_red=0 plain_green=5 ");
  EXPECT_EQ(names<plain_negative>(), "minus_two=-2 plus_one=1 ");
  EXPECT_EQ(names<fixed>(), "fixed_a=3 ");
  EXPECT_EQ(names<flag>(), "off=0 on=1 ");
  EXPECT_EQ((names<templated<int, char>::kind_of_it>()), "one=0 two=1 ");
}

TEST(enums, a_local_enum_has_names) {
  enum class local { up, down };
  EXPECT_EQ(names<local>(), "up=0 down=1 ");
}

TEST(enums, descriptions_win_and_reach_any_value) {
  EXPECT_EQ(names<far>(), "near_by=0 distant=5000 minus=-5000 ");
  EXPECT_EQ(names<unreachable>(), "at=1000 ");
  EXPECT_EQ(json::decode<far>(json_of(R"("minus")")), far::minus);
  EXPECT_EQ(json::to_json(far::distant), "distant");
}

TEST(enums, go_round_by_name) {
  EXPECT_EQ(json::to_json(outer::inner::level::high), "high");
  EXPECT_EQ(json::decode<outer::inner::level>(json_of(R"("mid")")), outer::inner::level::mid);
  EXPECT_EQ(json::decode<signed_level>(json_of(R"("below")")), signed_level::below);
  EXPECT_EQ(json::to_json(plain_green), "plain_green");
  EXPECT_EQ(json::to_json(std::vector{flag::on, flag::off}), json_of(R"(["on","off"])"));
}

TEST(enums, of_two_names_for_a_value_one_is_used) {
  EXPECT_EQ(json::decode<alias>(json::to_json(alias::again)), alias::first);
}

TEST(enums, a_value_without_a_name_is_not_written) {
  EXPECT_THROW(static_cast<void>(json::to_json(signed_level{42})), skein::schema_error);
  EXPECT_THROW(static_cast<void>(json::to_json(signed_level::beyond)), skein::schema_error);
}

TEST(enums, schema_lists_the_names) {
  EXPECT_EQ(json::write_text(json::schema_of<outer::inner::level>()),
            R"({"type":"string","enum":["low","mid","high"]})");
}

}  // namespace
