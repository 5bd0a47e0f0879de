// Every kind of type goes to the JSON text beside it and comes back equal.
#include <array>
#include <cstdint>
#include <deque>
#include <limits>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <unordered_map>
#include <unordered_set>
#include <variant>
#include <vector>

#include <gtest/gtest.h>

#include <skein/json/reflect.hpp>

#include "json_text.hpp"

namespace {

namespace json = skein::json;

template <class T>
void goes_round(const T& from, std::string_view text) {
  EXPECT_EQ(json::write_text(json::to_json(from)), text);
  const auto back = json::from_json<T>(json_of(text));
  ASSERT_TRUE(back.has_value()) << text << " " << back.error().path << ": " << back.error().message;
  EXPECT_EQ(*back, from) << text;
}

struct nothing {
  friend bool operator==(const nothing&, const nothing&) = default;
};

struct wind {
  double speed = 0;
  std::string from = {};
  friend bool operator==(const wind&, const wind&) = default;
};

struct report {
  std::string city = {};
  std::optional<int> days = {};
  wind gusts = {};
  std::vector<wind> hours = {};
  bool certain = false;
  json::value extra = {};
  nothing reserved = {};
  static constexpr std::string_view description = "not a field";
  friend bool operator==(const report&, const report&) = default;
};

struct only_list {
  std::vector<only_list> children = {};
  friend bool operator==(const only_list&, const only_list&) = default;
};

TEST(round_trip, scalars) {
  goes_round(true, "true");
  goes_round(-7, "-7");
  goes_round(std::uint8_t{255}, "255");
  goes_round(std::int8_t{-128}, "-128");
  goes_round(std::numeric_limits<std::int64_t>::min(), "-9223372036854775808");
  goes_round(std::numeric_limits<std::uint64_t>::max(), "18446744073709551615");
  goes_round(21.5, "21.5");
  goes_round(3.0, "3.0");
  goes_round(0.1f, "0.10000000149011612");
  goes_round(1e300, "1e+300");
  goes_round(std::string("Tromsø \"N\"\n"), R"("Tromsø \"N\"\n")");
  goes_round(std::monostate{}, "null");
}

TEST(round_trip, nullables) {
  goes_round(std::optional<int>{}, "null");
  goes_round(std::optional<int>{4}, "4");
  goes_round(std::vector<std::optional<int>>{1, std::nullopt}, "[1,null]");
}

TEST(round_trip, sequences) {
  goes_round(std::vector<int>{3, 1, 2}, "[3,1,2]");
  goes_round(std::vector<int>{}, "[]");
  goes_round(std::vector<bool>{true, false}, "[true,false]");
  goes_round(std::list<std::string>{"a", "b"}, R"(["a","b"])");
  goes_round(std::deque<double>{0.5}, "[0.5]");
  goes_round(std::array<int, 3>{1, 2, 3}, "[1,2,3]");
  goes_round(std::array<int, 0>{}, "[]");
  goes_round(std::set<int>{2, 1}, "[1,2]");
  goes_round(std::multiset<int>{2, 1, 2}, "[1,2,2]");
}

TEST(round_trip, products) {
  goes_round(std::pair<int, std::string>{1, "x"}, R"([1,"x"])");
  goes_round(std::tuple<bool, double, std::string>{true, 1.5, "y"}, R"([true,1.5,"y"])");
  goes_round(std::tuple<>{}, "[]");
}

TEST(round_trip, maps) {
  goes_round(std::map<std::string, int>{{"b", 2}, {"a", 1}}, R"({"a":1,"b":2})");
  goes_round(std::map<std::string, std::vector<int>>{{"", {1}}}, R"({"":[1]})");
}

TEST(round_trip, hash_containers_are_written_sorted) {
  goes_round(std::unordered_map<std::string, int>{{"c", 3}, {"a", 1}, {"d", 4}, {"b", 2}},
             R"({"a":1,"b":2,"c":3,"d":4})");
  goes_round(std::unordered_set<std::string>{"c", "a", "d", "b"}, R"(["a","b","c","d"])");
}

TEST(round_trip, values_pass_through) {
  goes_round(json_of(R"({"z":1,"a":[null]})"), R"({"z":1,"a":[null]})");
  goes_round(json_of(R"({"k":true})").as_object(), R"({"k":true})");
  goes_round(json_of("[1]").as_array(), "[1]");
}

TEST(round_trip, structs_keep_the_declaration_order) {
  goes_round(nothing{}, "{}");
  goes_round(report{.city = "Oslo",
                    .days = 2,
                    .gusts = {9.5, "N"},
                    .hours = {{1, "S"}},
                    .certain = true,
                    .extra = 1,
                    .reserved = {}},
             R"({"city":"Oslo","days":2,"gusts":{"speed":9.5,"from":"N"},)"
             R"("hours":[{"speed":1.0,"from":"S"}],"certain":true,"extra":1,"reserved":{}})");
}

TEST(round_trip, an_empty_optional_field_is_left_out) {
  goes_round(report{}, R"({"city":"","gusts":{"speed":0.0,"from":""},"hours":[],"certain":false,)"
                       R"("extra":null,"reserved":{}})");
}

TEST(round_trip, a_struct_may_hold_itself) {
  goes_round(only_list{{only_list{}, only_list{{only_list{}}}}},
             R"({"children":[{"children":[]},{"children":[{"children":[]}]}]})");
}

TEST(round_trip, a_local_struct_has_names_too) {
  struct local {
    int number = 0;
    std::string word = {};
  };
  EXPECT_EQ(json::write_text(json::to_json(local{1, "x"})), R"({"number":1,"word":"x"})");
  EXPECT_EQ(json::decode<local>(json_of(R"({"word":"y","number":2})")).word, "y");
}

struct chain {
  int link = 0;
  std::unique_ptr<chain> next = {};
};

TEST(round_trip, a_unique_pointer_is_its_pointee_or_absent) {
  const std::string text = R"({"link":1,"next":{"link":2}})";
  const chain back = json::decode<chain>(json_of(text));
  ASSERT_NE(back.next, nullptr);
  EXPECT_EQ(back.next->link, 2);
  EXPECT_EQ(back.next->next, nullptr);
  EXPECT_EQ(json::write_text(json::to_json(back)), text);
  EXPECT_EQ(json::decode<chain>(json_of(R"({"link":1,"next":null})")).next, nullptr);
}

TEST(round_trip, a_view_is_written) {
  struct labelled {
    std::string_view label;
  };
  EXPECT_EQ(json::write_text(json::to_json(labelled{"x"})), R"({"label":"x"})");
}

TEST(round_trip, what_json_cannot_spell_is_null) {
  EXPECT_TRUE(json::to_json(std::numeric_limits<double>::infinity()).is_null());
  EXPECT_TRUE(json::to_json(std::numeric_limits<double>::quiet_NaN()).is_null());
}

TEST(round_trip, an_integer_takes_a_whole_floating_point_number) {
  EXPECT_EQ(json::decode<int>(json_of("3.0")), 3);
  EXPECT_EQ(json::decode<unsigned>(json_of("1e2")), 100U);
  EXPECT_EQ(json::decode<double>(json_of("3")), 3.0);
  EXPECT_EQ(json::decode<std::int64_t>(json_of("-9223372036854775808.0")),
            std::numeric_limits<std::int64_t>::min());
}

TEST(round_trip, what_was_in_a_container_is_replaced) {
  struct listing {
    std::vector<int> items = {9, 9};
    std::optional<int> count = 5;
  };
  const auto read = json::decode<listing>(json_of(R"({"items":[1],"count":null})"));
  EXPECT_EQ(read.items, std::vector<int>{1});
  EXPECT_EQ(read.count, std::nullopt);
}

}  // namespace
