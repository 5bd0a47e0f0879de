// What a model is told of a tool.
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include <skein/json/text.hpp>

#include "tool/worlds.hpp"

namespace skein::test {
namespace {

enum class unit { celsius, fahrenheit };
struct query {
  std::string city;
  std::optional<int> days;
  static constexpr auto docs = skein::docs{{"city", "City name, e.g. Oslo"}, {"days", "1 to 7"}};
};
struct tree {
  std::string name;
  std::vector<tree> children;
};

std::string parameters(const tool& one) { return json::write_text(one.definition().parameters); }

TEST(schema, of_a_struct_is_the_struct_s) {
  const tool one("get_forecast", "Weather forecast for a city", [](query) {});
  EXPECT_EQ(one.definition().name, "get_forecast");
  EXPECT_EQ(one.definition().description, "Weather forecast for a city");
  EXPECT_EQ(parameters(one), R"({"type":"object","properties":{)"
                             R"("city":{"type":"string","description":"City name, e.g. Oslo"},)"
                             R"("days":{"type":"integer","description":"1 to 7"}},)"
                             R"("required":["city"],"additionalProperties":false})");
}

TEST(schema, of_named_parameters_has_names_texts_order_and_what_is_required) {
  const tool one(
      "f", "", params{{"zone", "Time zone"}, {"days", "1 to 7"}, {"in", "Unit"}, {"at"}},
      [](std::string_view, std::optional<unsigned>, unit, const query&, tool_context&) {});
  EXPECT_EQ(parameters(one),
            R"({"type":"object","properties":{)"
            R"("zone":{"type":"string","description":"Time zone"},)"
            R"("days":{"type":"integer","minimum":0,"description":"1 to 7"},)"
            R"("in":{"type":"string","enum":["celsius","fahrenheit"],"description":"Unit"},)"
            R"("at":{"type":"object","properties":{)"
            R"("city":{"type":"string","description":"City name, e.g. Oslo"},)"
            R"("days":{"type":"integer","description":"1 to 7"}},)"
            R"("required":["city"],"additionalProperties":false}},)"
            R"("required":["zone","in","at"],"additionalProperties":false})");
}

TEST(schema, of_nothing_is_a_closed_empty_object) {
  const char* expected = R"({"type":"object","properties":{},"additionalProperties":false})";
  EXPECT_EQ(parameters(tool("f", "", [] {})), expected);
  EXPECT_EQ(parameters(tool("f", "", [](tool_context&) {})), expected);
}

TEST(schema, of_a_parameter_that_contains_itself_has_definitions) {
  const tool one("f", "", params{{"root", "The root"}}, [](tree) {});
  const json::object& schema = one.definition().parameters.as_object();
  EXPECT_EQ(schema.at("properties").at("root").at("$ref").as_string(), "#/$defs/tree");
  EXPECT_TRUE(schema.at("$defs").as_object().contains("tree"));
}

TEST(schema, may_be_given) {
  const json::value given = json::parse(
      R"({"type": "object", "properties": {"q": {"type": "string"}}, "required": ["q"]})");
  const tool one("f", "", given, [](json::object in) { return in; });
  EXPECT_EQ(one.definition().parameters, given);
  // The owner of the schema checks it: a remote server, say.
  EXPECT_EQ(content_of(one, R"({"other": 1})"), R"({"other":1})");
  EXPECT_THROW(tool("f", "", json::value("text"), [](json::object) {}), usage_error);
}

TEST(schema, is_the_same_every_time) {
  const auto make = [] { return tool("f", "", params{{"b"}, {"a"}}, [](int, int) {}); };
  EXPECT_EQ(parameters(make()), parameters(make()));
}

}  // namespace
}  // namespace skein::test
