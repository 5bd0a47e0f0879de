// The schema of every kind of type, to the byte.
#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <ostream>
#include <set>
#include <string>
#include <tuple>
#include <unordered_map>
#include <vector>

#include <gtest/gtest.h>

#include <skein/json/schema.hpp>
#include <skein/json/text.hpp>

namespace {

namespace json = skein::json;

struct nothing {};

struct place {
  double latitude = 0;
  double longitude = 0;
  static constexpr std::string_view description = "A point on Earth";
};

struct query {
  std::string city;
  std::optional<int> days;
  place near;
  std::optional<place> home;
  unsigned hours = 1;
  static constexpr auto docs = skein::docs{{"city", "City name, e.g. Tromsø"},
                                           {"days", "Days ahead, 1 to 7"},
                                           {"home", "Where you live"}};
  static constexpr auto defaults = skein::defaults{"hours"};
};

struct anything {
  json::value value;
  static constexpr auto docs = skein::docs{{"value", "Whatever"}};
};

struct expectation {
  json::value schema;
  std::string text;
  friend void PrintTo(const expectation& self, std::ostream* out) { *out << self.text; }
};

class schemas : public testing::TestWithParam<expectation> {};

TEST_P(schemas, are_spelled) { EXPECT_EQ(json::write_text(GetParam().schema), GetParam().text); }

const expectation each_kind[] = {
    {json::schema_of<bool>(), R"({"type":"boolean"})"},
    {json::schema_of<int>(), R"({"type":"integer"})"},
    {json::schema_of<std::uint16_t>(), R"({"type":"integer","minimum":0})"},
    {json::schema_of<float>(), R"({"type":"number"})"},
    {json::schema_of<std::string>(), R"({"type":"string"})"},
    {json::schema_of<std::string_view>(), R"({"type":"string"})"},
    {json::schema_of<std::monostate>(), R"({"type":"null"})"},
    {json::schema_of<json::value>(), "{}"},
    {json::schema_of<json::object>(), R"({"type":"object"})"},
    {json::schema_of<json::array>(), R"({"type":"array"})"},
    {json::schema_of<std::optional<int>>(), R"({"anyOf":[{"type":"integer"},{"type":"null"}]})"},
    {json::schema_of<std::vector<std::optional<bool>>>(),
     R"({"type":"array","items":{"anyOf":[{"type":"boolean"},{"type":"null"}]}})"},
    {json::schema_of<std::array<int, 3>>(),
     R"({"type":"array","items":{"type":"integer"},"minItems":3,"maxItems":3})"},
    {json::schema_of<std::set<std::string>>(),
     R"({"type":"array","items":{"type":"string"},"uniqueItems":true})"},
    {json::schema_of<std::multiset<int>>(), R"({"type":"array","items":{"type":"integer"}})"},
    {json::schema_of<std::unordered_map<std::string, int>>(),
     R"({"type":"object","additionalProperties":{"type":"integer"}})"},
    {json::schema_of<std::pair<int, bool>>(),
     R"({"type":"array","prefixItems":[{"type":"integer"},{"type":"boolean"}],"items":false,)"
     R"("minItems":2,"maxItems":2})"},
    {json::schema_of<std::tuple<>>(),
     R"({"type":"array","items":false,"minItems":0,"maxItems":0})"},
    {json::schema_of<nothing>(),
     R"({"type":"object","properties":{},"additionalProperties":false})"},
    {json::schema_of<anything>(),
     R"({"type":"object","properties":{"value":{"description":"Whatever"}},"required":["value"],)"
     R"("additionalProperties":false})"},
    {json::schema_of<std::unique_ptr<place>>(),
     R"({"anyOf":[{"type":"object","description":"A point on Earth","properties":)"
     R"({"latitude":{"type":"number"},"longitude":{"type":"number"}},)"
     R"("required":["latitude","longitude"],"additionalProperties":false},{"type":"null"}]})"},
};
INSTANTIATE_TEST_SUITE_P(each_kind, schemas, testing::ValuesIn(each_kind));

TEST(schema, of_a_struct_with_docs) {
  EXPECT_EQ(json::write_text(json::schema_of<query>()),
            R"({"type":"object","properties":{)"
            R"("city":{"type":"string","description":"City name, e.g. Tromsø"},)"
            R"("days":{"type":"integer","description":"Days ahead, 1 to 7"},)"
            R"("near":{"type":"object","description":"A point on Earth","properties":)"
            R"({"latitude":{"type":"number"},"longitude":{"type":"number"}},)"
            R"("required":["latitude","longitude"],"additionalProperties":false},)"
            R"("home":{"type":"object","description":"Where you live","properties":)"
            R"({"latitude":{"type":"number"},"longitude":{"type":"number"}},)"
            R"("required":["latitude","longitude"],"additionalProperties":false},)"
            R"("hours":{"type":"integer","minimum":0}},)"
            R"("required":["city","near"],"additionalProperties":false})");
}

}  // namespace
