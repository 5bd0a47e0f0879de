// Arguments as models write them, and what is said of those that do not fit.
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "tool/worlds.hpp"

namespace skein::test {
namespace {

struct nothing_needed {
  std::optional<int> days;
};
struct city_needed {
  std::string city;
};

// "" stands for a call that has run, anything else for the reason that it has not.
std::string reason(const tool& one, std::string_view arguments) {
  const auto bound = one.bind(arguments);
  if (bound) return "";
  EXPECT_EQ(bound.error().kind, "invalid_arguments");
  EXPECT_EQ(bound.error().for_model,
            "Error: Argument parsing failed: " + bound.error().message + ".");
  return bound.error().message;
}

TEST(arguments, empty_blank_and_null_are_none) {
  const tool none("f", "", [] { return "ran"; });
  const tool optional("f", "", [](nothing_needed) { return "ran"; });
  const tool named("f", "", params{{"days"}}, [](std::optional<int>) { return "ran"; });
  const tool required("f", "", [](city_needed) { return "ran"; });

  for (const char* absent : {"", " ", "\t\r\n", "{}", " { } ", "null", " null\n"}) {
    SCOPED_TRACE(absent);
    for (const tool& one : {none, optional, named}) {
      EXPECT_EQ(reason(one, absent), "");
      EXPECT_EQ(content_of(one, absent), "ran");
    }
    EXPECT_EQ(reason(required, absent), "$.city: missing, but required");
  }
  // A view of nothing at all.
  EXPECT_EQ(reason(none, std::string_view()), "");

  for (const tool& one : {none, optional, named, required}) {
    EXPECT_EQ(reason(one, "["), "malformed JSON at byte 1: incomplete JSON");
    EXPECT_EQ(reason(one, "[]"), "$: expected an object, got an array of 0");
    EXPECT_EQ(reason(one, "nul"), "malformed JSON at byte 3: incomplete JSON");
    EXPECT_EQ(reason(one, "null null"), "malformed JSON at byte 5: extra data");
    EXPECT_EQ(reason(one, "\"{}\""), "$: expected an object, got \"{}\"");
  }
}

TEST(arguments, that_are_cut_off_anywhere_are_malformed) {
  const std::string whole = R"({"city": "Os\u006co", "days": 12})";
  struct query {
    std::string city;
    int days;
  };
  int runs = 0;
  const tool one("f", "", [&runs](query) { ++runs; });
  for (std::size_t length = 1; length < whole.size(); ++length) {
    SCOPED_TRACE(length);
    EXPECT_EQ(reason(one, whole.substr(0, length)),
              "malformed JSON at byte " + std::to_string(length) + ": incomplete JSON");
  }
  EXPECT_EQ(runs, 0);
  EXPECT_EQ(content_of(one, whole), "");
  EXPECT_EQ(runs, 1);
}

TEST(arguments, that_do_not_fit_are_named_with_their_path) {
  struct place {
    std::string name;
    std::vector<int> days;
  };
  const tool whole("f", "", [](place) {});
  const tool named("f", "", params{{"where", "The place"}, {"days", "How many"}},
                   [](place, std::optional<unsigned>) {});
  const struct {
    const tool& one;
    const char* arguments;
    const char* reason;
  } table[] = {
      {whole, R"({"name": "Oslo", "days": [1, "two"]})",
       "$.days[1]: expected an integer, got \"two\""},
      {whole, R"({"name": "Oslo"})", "$.days: missing, but required"},
      {whole, R"({"name": 7, "days": []})", "$.name: expected a string, got 7"},
      {whole, R"({"nam": "Oslo", "days": []})",
       "$: unknown key \"nam\", expected one of \"name\", \"days\""},
      {named, R"({})", "$.where: missing, but required"},
      {named, R"({"where": {"name": "Oslo", "days": [0.5]}})",
       "$.where.days[0]: expected an integer, got 0.5"},
      {named, R"({"where": {"name": "Oslo", "days": []}, "days": -1})",
       "$.days: expected an integer from 0 to 4294967295, got -1"},
      {named, R"({"where": {"name": "Oslo", "days": []}, "day": 1})",
       "$: unknown key \"day\", expected one of \"where\", \"days\""},
      {named, R"({"where": {"name": "Oslo", "days": []}, "days": null})", ""},
  };
  for (const auto& each : table) EXPECT_EQ(reason(each.one, each.arguments), each.reason);
}

TEST(arguments, that_do_not_fit_are_a_failed_result_for_those_who_call) {
  const auto result = call(tool("f", "", [](city_needed) {}), R"({"city": 1})");
  ASSERT_TRUE(result.failure.has_value());
  EXPECT_EQ(result.content, "Error: Argument parsing failed: $.city: expected a string, got 1.");
  EXPECT_EQ(result.failure->for_model, result.content);
}

struct even {
  int number = 0;
};
json::object skein_json_schema(std::type_identity<even>) { return {{"type", "object"}}; }
json::read_outcome skein_from_json(const json::value& from, even& out) {
  out.number = json::decode<int>(from.at("n"));
  if (out.number == 13) throw std::domain_error("a secret");
  if (out.number == 14) throw 14;
  if (out.number % 2 != 0) return std::unexpected(json::mismatch{"$.n", "expected an even number"});
  return {};
}

TEST(arguments, may_have_a_shape_of_their_own) {
  const tool one("f", "", [](even e) { return e.number; });
  EXPECT_EQ(content_of(one, R"({"n": 4})"), "4");
  EXPECT_EQ(reason(one, R"({"n": 5})"), "$.n: expected an even number");
  EXPECT_EQ(reason(one, R"({"n": "x"})"), "$: expected an integer, got \"x\"");
  EXPECT_EQ(one.bind(R"({"n": 13})").error(),
            (tool_failure{"std::domain_error", "a secret", "Error: Argument parsing failed."}));
  EXPECT_EQ(one.bind(R"({"n": 14})").error(),
            (tool_failure{"int", "threw int", "Error: Argument parsing failed."}));
}

}  // namespace
}  // namespace skein::test
