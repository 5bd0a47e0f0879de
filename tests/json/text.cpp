// Text in, text out.
#include <limits>
#include <string>

#include <gtest/gtest.h>

#include <skein/json/text.hpp>

#include "json_text.hpp"

namespace {

namespace json = skein::json;

std::string nested(std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); }

TEST(parse_text, reads_one_value_with_space_around) {
  EXPECT_EQ(json::parse_text(" {\"a\":[1,2.5,\"x\"]}\r\n").value().at("a").as_array().size(), 3U);
  EXPECT_EQ(json::parse_text("12").value(), 12);
}

TEST(parse_text, says_where_it_failed) {
  const std::pair<std::string, std::size_t> cases[] = {
      {"", 0},     {"{", 1},    {R"({"a":})", 5}, {"[1,2", 4},     {"1 2", 2},
      {"nul", 3},  {"[1,]", 3}, {"{'a':1}", 1},   {"\"a\nb\"", 2}, {"\"\xFF\"", 1},
      {"[01]", 2}, {"NaN", 0},  {"// c\n1", 0}};
  for (const auto& [text, offset] : cases) {
    const auto result = json::parse_text(text);
    ASSERT_FALSE(result.has_value()) << text;
    EXPECT_EQ(result.error().offset, offset) << text << ": " << result.error().message;
    EXPECT_FALSE(result.error().message.empty()) << text;
  }
}

TEST(parse_text, holds_the_depth_limit) {
  EXPECT_TRUE(json::parse_text(nested(64)).has_value());
  EXPECT_FALSE(json::parse_text(nested(65)).has_value());
  EXPECT_FALSE(json::parse_text(std::string(1'000'000, '[')).has_value());
  EXPECT_TRUE(json::parse_text(nested(3), {.max_depth = 3}).has_value());
  EXPECT_FALSE(json::parse_text(nested(4), {.max_depth = 3}).has_value());
}

TEST(parse_text, holds_the_size_limit) {
  EXPECT_TRUE(json::parse_text("[1,2]", {.max_bytes = 5}).has_value());
  const auto result = json::parse_text("[1,2] ", {.max_bytes = 5});
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error(), (json::parse_failure{5, "longer than the limit of 5 bytes (6)"}));
}

TEST(parse_text, rounds_numbers_correctly) {
  EXPECT_EQ(json::parse_text("845.76673551092713").value(), 845.76673551092713);
  EXPECT_EQ(json::parse_text("1919029105.1003547").value(), 1919029105.1003547);
}

TEST(parse_text, keeps_the_last_of_repeated_keys) {
  EXPECT_EQ(json::parse_text(R"({"a":1,"a":2})").value().at("a"), 2);
}

TEST(write_text, writes_numbers_as_people_do) {
  const std::pair<json::value, std::string> cases[] = {
      {21.5, "21.5"},
      {3.0, "3.0"},
      {-0.0, "-0.0"},
      {1e21, "1e+21"},
      {0.1, "0.1"},
      {-12, "-12"},
      {12ULL, "12"},
      {5e-324, "5e-324"},
      {100000.0, "100000.0"},
      {1e16, "10000000000000000.0"},
      {1e17, "1e+17"},
      {1e-5, "0.00001"},
      {1e-6, "1e-06"},
      {-0.000012345678901234567, "-0.000012345678901234568"},
      {std::numeric_limits<double>::infinity(), "null"},
      {std::numeric_limits<double>::quiet_NaN(), "null"}};
  for (const auto& [number, text] : cases) EXPECT_EQ(json::write_text(number), text);
}

TEST(write_text, parses_back_to_the_same_value) {
  const std::string text =
      R"({"z":[],"a":{},"n":[null,true,false,0.30000000000000004,1.7976931348623157e+308,)"
      R"(2.2250738585072014e-308,-9223372036854775808,18446744073709551615],"s":"\"\\/\u0001\t"})";
  const json::value first = json_of(text);
  EXPECT_EQ(json_of(json::write_text(first)), first);
  EXPECT_EQ(json::write_text(first),
            R"({"z":[],"a":{},"n":[null,true,false,0.30000000000000004,1.7976931348623157e+308,)"
            R"(2.2250738585072014e-308,-9223372036854775808,18446744073709551615],)"
            R"("s":"\"\\/\u0001\t"})");
}

TEST(write_text, escapes_what_json_demands_and_nothing_else) {
  EXPECT_EQ(json::write_text(json::value("\b\f\n\r\t\x01\x1f\"\\/\x7f")),
            "\"\\u0008\\u000c\\n\\r\\t\\u0001\\u001f\\\"\\\\/\x7f\"");
  EXPECT_EQ(json::write_text(json::value("æøå 漢字 🧶")), "\"æøå 漢字 🧶\"");
  EXPECT_EQ(json::write_text(json::value(std::string_view("a\0b", 3))), R"("a\u0000b")");
}

TEST(write_text, is_valid_utf8_whatever_the_strings) {
  EXPECT_EQ(json::write_text(json::value("a\xFF\"\xC3")), "\"a\uFFFD\\\"\uFFFD\"");
  json::object keyed;
  keyed.emplace("\x80", 1);
  EXPECT_EQ(json::write_text(keyed), "{\"\uFFFD\":1}");
}

TEST(valid_utf8, leaves_valid_text_alone) {
  for (const std::string& text :
       {std::string(), std::string("plain"), std::string("æøå 漢字 🧶"), std::string("\0x", 2),
        std::string("\u0080\u07FF\u0800\uD7FF\uE000\uFFFF\U00010000\U0010FFFF")}) {
    EXPECT_EQ(json::valid_utf8(text), text);
  }
}

TEST(valid_utf8, replaces_each_maximal_subpart) {
  const std::string r = "\uFFFD";
  const std::pair<std::string, std::string> cases[] = {
      {"\x80", r},
      {"\xC3", r},
      {"\xC3(", r + "("},
      {"\xC0\xAF", r + r},                  // overlong
      {"\xE0\x80\xAF", r + r + r},          // overlong
      {"\xED\xA0\x80", r + r + r},          // a surrogate
      {"\xF4\x90\x80\x80", r + r + r + r},  // beyond U+10FFFF
      {"\xF0\x9F\xA7", r},                  // cut short
      {"\xF0\x9F\xA7Z", r + "Z"},
      {"\xE6\xBC\xE6\xBC\xA2", r + "漢"},
      {"\xFE\xFF", r + r},
      // Table 3-11 of the Unicode Standard
      {"\x61\xF1\x80\x80\xE1\x80\xC2\x62\x80\x63\x80\xBF\x64",
       "a" + r + r + r + "b" + r + "c" + r + r + "d"}};
  for (const auto& [text, valid] : cases) EXPECT_EQ(json::valid_utf8(text), valid);
}

}  // namespace
