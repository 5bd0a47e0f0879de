// How a C++ value becomes text for a model.
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <gtest/gtest.h>

#include "tool/worlds.hpp"

namespace skein::test {
namespace {

enum class sky { clear, grey };

TEST(results, strings_are_text_and_everything_else_is_json) {
  const struct {
    tool one;
    const char* content;
  } table[] = {
      {tool("f", "", [] { return std::string("as \"it\" is\n"); }), "as \"it\" is\n"},
      {tool("f", "", [] { return std::string_view("view"); }), "view"},
      {tool("f", "", [] { return "literal"; }), "literal"},
      {tool("f", "", [] { return json::string("json::string"); }), "json::string"},
      {tool("f", "", [] { return std::string("a\xFFz"); }), "a\xEF\xBF\xBDz"},
      {tool("f", "", [] { return 21.5; }), "21.5"},
      {tool("f", "", [] { return true; }), "true"},
      {tool("f", "", [] { return sky::grey; }), "\"grey\""},
      {tool("f", "", [] { return std::optional<int>(); }), "null"},
      {tool("f", "", [] { return std::monostate(); }), "null"},
      {tool("f", "", [] { return std::vector<int>{1, 2}; }), "[1,2]"},
      {tool("f", "", [] { return std::map<std::string, int>{{"b", 2}, {"a", 1}}; }),
       R"({"a":1,"b":2})"},
      {tool("f", "", [] { return json::value("a value"); }), "\"a value\""},
      {tool("f", "", [] { return json::value(nullptr); }), "null"},
      {tool("f", "", [] { return json::object{{"k", 1.25}}; }), R"({"k":1.25})"},
      {tool("f", "", [] { return json::array{1, "two"}; }), R"([1,"two"])"},
  };
  for (const auto& [one, content] : table) EXPECT_EQ(content_of(one), content);
}

TEST(results, may_be_referred_to) {
  const std::string kept = "kept elsewhere";
  EXPECT_EQ(content_of(tool("f", "", [&kept]() -> const std::string& { return kept; })), kept);
  EXPECT_EQ(content_of(tool("f", "", [&kept]() -> task<const std::string&> { co_return kept; })),
            kept);
}

TEST(results, that_cannot_be_written_are_failures) {
  const auto result = call(tool("f", "", [] { return static_cast<sky>(77); }));
  ASSERT_TRUE(result.failure.has_value());
  EXPECT_EQ(result.failure->kind, "schema_error");
  EXPECT_EQ(result.content, "Error: Function failed.");
}

}  // namespace
}  // namespace skein::test
