// What does not fit, where, and in which words.
#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <ostream>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include <gtest/gtest.h>

#include <skein/json/reflect.hpp>

#include "json_text.hpp"

namespace {

namespace json = skein::json;

enum class sky : unsigned char { clear, overcast };

struct item {
  std::string name = {};
  int count = 0;
};

struct order {
  std::optional<int> days = {};
  std::vector<item> items = {};
  std::map<std::string, item> by_key = {};
  static constexpr auto defaults = skein::defaults{"items", "by_key"};
};

struct nothing {};

template <class T>
json::mismatch why_not(std::string_view text) {
  const auto result = json::from_json<T>(json_of(text));
  return result ? json::mismatch{"fits", std::string(text)} : result.error();
}

struct expectation {
  json::mismatch (*read)(std::string_view);
  std::string text;
  json::mismatch mismatch;
  friend void PrintTo(const expectation& self, std::ostream* out) { *out << self.text; }
};

class mismatches : public testing::TestWithParam<expectation> {};

TEST_P(mismatches, says_where_and_what) {
  const json::mismatch found = GetParam().read(GetParam().text);
  EXPECT_EQ(found.path, GetParam().mismatch.path) << GetParam().text;
  EXPECT_EQ(found.message, GetParam().mismatch.message) << GetParam().text;
}

const expectation scalars[] = {
    {why_not<bool>, "1", {"$", "expected true or false, got 1"}},
    {why_not<int>, R"("two")", {"$", R"(expected an integer, got "two")"}},
    {why_not<int>, "1.5", {"$", "expected an integer, got 1.5"}},
    {why_not<int>, "true", {"$", "expected an integer, got true"}},
    {why_not<int>, "[1,2]", {"$", "expected an integer, got an array of 2"}},
    {why_not<int>, R"({"secret":1})", {"$", "expected an integer, got an object"}},
    {why_not<std::int8_t>, "128", {"$", "expected an integer from -128 to 127, got 128"}},
    {why_not<std::uint8_t>, "-1", {"$", "expected an integer from 0 to 255, got -1"}},
    {why_not<std::uint8_t>, "256", {"$", "expected an integer from 0 to 255, got 256"}},
    {why_not<std::int64_t>,
     "9223372036854775808.0",
     {"$",
      "expected an integer from -9223372036854775808 to 9223372036854775807, got "
      "9223372036854775808.0"}},
    {why_not<unsigned>, "-1.0", {"$", "expected an integer from 0 to 4294967295, got -1.0"}},
    {why_not<std::int64_t>,
     "9223372036854775808",
     {"$",
      "expected an integer from -9223372036854775808 to 9223372036854775807, got "
      "9223372036854775808"}},
    {why_not<std::uint64_t>,
     "18446744073709551616",
     {"$", "expected an integer from 0 to 18446744073709551615, got 18446744073709551616.0"}},
    {why_not<double>, "null", {"$", "expected a number, got null"}},
    {why_not<float>, "1e300", {"$", "expected a number within range, got 1e+300"}},
    {why_not<std::string>, "5", {"$", "expected a string, got 5"}},
    {why_not<std::monostate>, "0", {"$", "expected null, got 0"}},
    {why_not<sky>, R"("blue")", {"$", R"(expected one of "clear", "overcast", got "blue")"}},
    {why_not<sky>, "1", {"$", R"(expected one of "clear", "overcast", got 1)"}},
};
INSTANTIATE_TEST_SUITE_P(scalars, mismatches, testing::ValuesIn(scalars));

const expectation containers[] = {
    {why_not<std::vector<int>>, "{}", {"$", "expected an array, got an object"}},
    {why_not<std::vector<int>>, R"([1,"x"])", {"$[1]", R"(expected an integer, got "x")"}},
    {why_not<std::set<int>>, "[1,2,1]", {"$[2]", "expected an element not listed before, got 1"}},
    {why_not<std::array<int, 2>>, "[1]", {"$", "expected an array of 2, got an array of 1"}},
    {why_not<std::array<int, 2>>, "[1,null]", {"$[1]", "expected an integer, got null"}},
    {why_not<std::pair<int, bool>>,
     "[1,true,2]",
     {"$", "expected an array of 2, got an array of 3"}},
    {why_not<std::tuple<int, bool>>, "[1,1]", {"$[1]", "expected true or false, got 1"}},
    {why_not<std::map<std::string, int>>, "[]", {"$", "expected an object, got an array of 0"}},
    {why_not<std::map<std::string, int>>,
     R"({"a b":"x"})",
     {R"($["a b"])", R"(expected an integer, got "x")"}},
    {why_not<json::object>, "[]", {"$", "expected an object, got an array of 0"}},
    {why_not<json::array>, "3", {"$", "expected an array, got 3"}},
};
INSTANTIATE_TEST_SUITE_P(containers, mismatches, testing::ValuesIn(containers));

const expectation structs[] = {
    {why_not<order>, R"({"days":"two"})", {"$.days", R"(expected an integer, got "two")"}},
    {why_not<order>,
     R"({"items":[{"name":"a","count":1},{"name":2,"count":1}]})",
     {"$.items[1].name", "expected a string, got 2"}},
    {why_not<order>, R"({"items":[{"name":"a"}]})", {"$.items[0].count", "missing, but required"}},
    {why_not<order>,
     R"({"by_key":{"x":{"name":"a","count":"b"}}})",
     {"$.by_key.x.count", R"(expected an integer, got "b")"}},
    {why_not<order>,
     R"({"dayz":1})",
     {"$", R"(unknown key "dayz", expected one of "days", "items", "by_key")"}},
    {why_not<order>, "null", {"$", "expected an object, got null"}},
    {why_not<item>, R"({"count":1})", {"$.name", "missing, but required"}},
    {why_not<item>, R"({"name":null,"count":1})", {"$.name", "expected a string, got null"}},
    {why_not<nothing>, R"({"a":1})", {"$", R"(unknown key "a", expected no keys)"}},
};
INSTANTIATE_TEST_SUITE_P(structs, mismatches, testing::ValuesIn(structs));

TEST(mismatch_text, quotes_no_more_than_forty_bytes) {
  const std::string long_text(1000, 'a');
  EXPECT_EQ(why_not<int>('"' + long_text + '"').message,
            "expected an integer, got \"" + std::string(40, 'a') + "…\"");
  EXPECT_EQ(why_not<item>("{\"" + long_text + "\":1}").message,
            "unknown key \"" + std::string(40, 'a') + "…\", expected one of \"name\", \"count\"");
  EXPECT_EQ((why_not<std::map<std::string, int>>("{\"" + long_text + "\":null}").path),
            "$[\"" + std::string(40, 'a') + "…\"]");
}

TEST(mismatch_text, cuts_between_characters) {
  std::string text = "a";
  for (int i = 0; i < 30; ++i) text += "ø";
  std::string kept = "a";
  for (int i = 0; i < 19; ++i) kept += "ø";
  EXPECT_EQ(why_not<int>('"' + text + '"').message, "expected an integer, got \"" + kept + "…\"");
}

TEST(mismatch_text, a_cut_survives_text_that_is_not_utf8) {
  const json::value raw(std::string(100, '\x80'));
  const auto result = json::from_json<int>(raw);
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(json::valid_utf8(result.error().message), result.error().message);
}

TEST(decode, throws_with_path_and_message) {
  try {
    static_cast<void>(json::decode<order>(json_of(R"({"days":"two"})")));
    FAIL() << "decoded";
  } catch (const skein::schema_error& failure) {
    EXPECT_EQ(failure.path(), "$.days");
    EXPECT_STREQ(failure.what(), R"($.days: expected an integer, got "two")");
  }
}

}  // namespace
