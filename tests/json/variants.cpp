// Untagged variants take the first alternative that fits, tagged ones go by "type".
#include <string>
#include <variant>
#include <vector>

#include <gtest/gtest.h>

#include <skein/json/reflect.hpp>
#include <skein/json/schema.hpp>

#include "json_text.hpp"

namespace {

namespace json = skein::json;

using scalar = std::variant<std::monostate, bool, int, double, std::string>;

struct circle {
  double radius = 0;
  static constexpr std::string_view tag = "circle";
  friend bool operator==(const circle&, const circle&) = default;
};
struct square {
  double side = 0;
  std::optional<std::string> label = {};
  static constexpr std::string_view tag = "square";
  friend bool operator==(const square&, const square&) = default;
};
using shape = std::variant<circle, square>;

struct untagged_a {
  int a = 0;
};
struct untagged_b {
  int b = 0;
};

TEST(untagged_variants, go_round) {
  const std::pair<scalar, std::string> cases[] = {
      {std::monostate{}, "null"}, {true, "true"}, {3, "3"}, {2.5, "2.5"}, {"x", R"("x")"}};
  for (const auto& [held, text] : cases) {
    EXPECT_EQ(json::write_text(json::to_json(held)), text);
    EXPECT_EQ(json::decode<scalar>(json_of(text)), held) << text;
  }
}

TEST(untagged_variants, take_the_first_that_fits) {
  EXPECT_EQ((json::decode<std::variant<double, int>>(json_of("3")).index()), 0U);
  EXPECT_EQ((json::decode<std::variant<int, double>>(json_of("3")).index()), 0U);
  EXPECT_EQ((json::decode<std::variant<int, int>>(json_of("3")).index()), 0U);
  EXPECT_EQ((json::decode<std::variant<untagged_a, untagged_b>>(json_of(R"({"b":1})")).index()),
            1U);
}

TEST(untagged_variants, say_why_no_alternative_fits) {
  const auto result = json::from_json<std::variant<int, std::vector<bool>>>(json_of("[true,0]"));
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().path, "$");
  EXPECT_EQ(result.error().message,
            "fits none of the 2 alternatives ($: expected an integer, got an array of 2; "
            "$[1]: expected true or false, got 0)");
}

TEST(tagged_variants, go_round) {
  const std::pair<shape, std::string> cases[] = {
      {circle{1.5}, R"({"type":"circle","radius":1.5})"},
      {square{2.0, "big"}, R"({"type":"square","side":2.0,"label":"big"})"}};
  for (const auto& [held, text] : cases) {
    EXPECT_EQ(json::write_text(json::to_json(held)), text);
    EXPECT_EQ(json::decode<shape>(json_of(text)), held) << text;
  }
}

TEST(tagged_variants, find_the_tag_at_any_position) {
  EXPECT_EQ(json::decode<shape>(json_of(R"({"side":1,"type":"square"})")), shape(square{1, {}}));
}

TEST(tagged_variants, mismatches_are_those_of_the_named_alternative) {
  const std::pair<std::string, json::mismatch> cases[] = {
      {R"({"radius":1})", {"$.type", "missing, but required"}},
      {R"({"type":"cube"})", {"$.type", R"(expected one of "circle", "square", got "cube")"}},
      {R"({"type":3})", {"$.type", R"(expected one of "circle", "square", got 3)"}},
      {R"({"type":"circle","radius":"r"})", {"$.radius", R"(expected a number, got "r")"}},
      {R"({"type":"circle","radius":1,"side":2})",
       {"$", R"(unknown key "side", expected one of "radius")"}},
      {"[]", {"$", "expected an object, got an array of 0"}}};
  for (const auto& [text, mismatch] : cases) {
    const auto result = json::from_json<shape>(json_of(text));
    ASSERT_FALSE(result.has_value()) << text;
    EXPECT_EQ(result.error().path, mismatch.path) << text;
    EXPECT_EQ(result.error().message, mismatch.message) << text;
  }
}

TEST(tagged_variants, a_tagged_struct_by_itself_has_no_tag) {
  EXPECT_EQ(json::write_text(json::to_json(circle{1})), R"({"radius":1.0})");
  EXPECT_EQ(json::from_json<circle>(json_of(R"({"type":"circle","radius":1})")).error().path, "$");
}

TEST(variants, schema_is_any_of) {
  EXPECT_EQ(json::write_text(json::schema_of<std::variant<int, std::string>>()),
            R"({"anyOf":[{"type":"integer"},{"type":"string"}]})");
  EXPECT_EQ(json::schema_of<shape>(), json_of(R"({"anyOf":[
        {"type":"object",
         "properties":{"type":{"type":"string","const":"circle"},"radius":{"type":"number"}},
         "required":["type","radius"],"additionalProperties":false},
        {"type":"object",
         "properties":{"type":{"type":"string","const":"square"},"side":{"type":"number"},
                       "label":{"type":"string"}},
         "required":["type","side"],"additionalProperties":false}]})"));
}

}  // namespace
