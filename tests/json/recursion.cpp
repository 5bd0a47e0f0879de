// Types that contain themselves.
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include <gtest/gtest.h>

#include <skein/json/reflect.hpp>
#include <skein/json/schema.hpp>

#include "json_text.hpp"

namespace first {
struct node {
  std::string name = {};
  std::vector<node> children = {};
  static constexpr auto docs = skein::docs{{"children", "Below this one"}};
};
}  // namespace first
namespace second {
struct node {
  std::unique_ptr<node> next = {};
};
}  // namespace second

namespace {

namespace json = skein::json;

struct two_kinds {
  first::node a = {};
  second::node b = {};
  first::node again = {};
};

struct right;
struct left {
  std::vector<right> rights;
};
struct right {
  std::vector<left> lefts;
};

template <class T>
struct tree {
  T label = {};
  std::vector<tree<T>> below = {};
};
struct forest {
  std::vector<tree<int>> numbers = {};
};

struct sum;
struct number {
  int is = 0;
  static constexpr std::string_view tag = "number";
};
struct sum {
  std::vector<std::variant<number, sum>> of = {};
  static constexpr std::string_view tag = "sum";
};
using term = std::variant<number, sum>;

TEST(recursion, the_root_is_referred_to_as_itself) {
  EXPECT_EQ(json::write_text(json::schema_of<first::node>()),
            R"({"type":"object","properties":{"name":{"type":"string"},)"
            R"("children":{"type":"array","items":{"$ref":"#"},"description":"Below this one"}},)"
            R"("required":["name","children"],"additionalProperties":false})");
}

TEST(recursion, below_the_root_it_goes_to_definitions_with_names_of_their_own) {
  EXPECT_EQ(json::schema_of<two_kinds>(), json_of(R"({
    "type":"object",
    "properties":{"a":{"$ref":"#/$defs/node"},"b":{"$ref":"#/$defs/node_2"},
                  "again":{"$ref":"#/$defs/node"}},
    "required":["a","b","again"],"additionalProperties":false,
    "$defs":{
      "node":{"type":"object",
        "properties":{"name":{"type":"string"},
          "children":{"type":"array","items":{"$ref":"#/$defs/node"},"description":"Below this one"}},
        "required":["name","children"],"additionalProperties":false},
      "node_2":{"type":"object","properties":{"next":{"$ref":"#/$defs/node_2"}},
        "additionalProperties":false}}})"));
}

TEST(recursion, a_root_that_is_no_struct_has_definitions) {
  EXPECT_EQ(json::schema_of<std::vector<first::node>>().at("items"),
            json_of(R"({"$ref":"#/$defs/node"})"));
  EXPECT_TRUE(json::schema_of<std::optional<first::node>>().as_object().contains("$defs"));
}

TEST(recursion, mutual) {
  EXPECT_EQ(json::write_text(json::schema_of<left>()),
            R"({"type":"object","properties":{"rights":{"type":"array","items":)"
            R"({"type":"object","properties":{"lefts":{"type":"array","items":{"$ref":"#"}}},)"
            R"("required":["lefts"],"additionalProperties":false}}},)"
            R"("required":["rights"],"additionalProperties":false})");
  const std::string text = R"({"rights":[{"lefts":[{"rights":[]}]}]})";
  EXPECT_EQ(json::write_text(json::to_json(json::decode<left>(json_of(text)))), text);
}

TEST(recursion, a_template_is_named_after_its_arguments) {
  EXPECT_TRUE(json::schema_of<forest>().at("$defs").as_object().contains("tree_int"));
}

TEST(recursion, through_a_tagged_variant) {
  const std::string text =
      R"({"type":"sum","of":[{"type":"number","is":1},{"type":"sum","of":[]}]})";
  EXPECT_EQ(json::write_text(json::to_json(json::decode<term>(json_of(text)))), text);
  EXPECT_EQ(json::schema_of<term>().at("anyOf").at(1), json_of(R"({"$ref":"#/$defs/sum"})"));
  EXPECT_EQ(json::schema_of<term>().at_pointer("/$defs/sum/properties/of/items/anyOf/1"),
            json_of(R"({"$ref":"#/$defs/sum"})"));
}

TEST(recursion, mismatches_show_the_whole_path) {
  const auto result = json::from_json<first::node>(
      json_of(R"({"name":"a","children":[{"name":"b","children":[{"name":1,"children":[]}]}]})"));
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().path, "$.children[0].children[0].name");
}

}  // namespace
