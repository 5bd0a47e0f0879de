// Tools that somebody else runs.
#include <string>

#include <gtest/gtest.h>

#include <skein/core/error.hpp>

#include "tool/worlds.hpp"

namespace skein::test {
namespace {

TEST(declared, tools_have_a_definition_and_nothing_to_run) {
  const json::value schema = json::object{{"type", "object"}, {"properties", json::object{}}};
  const tool one = tool_declared("ask_user", "Asks the person at the keyboard", schema);
  EXPECT_TRUE(one.declared_only());
  EXPECT_EQ(one.name(), "ask_user");
  EXPECT_EQ(one.description(), "Asks the person at the keyboard");
  EXPECT_EQ(one.definition().parameters, schema);
  EXPECT_FALSE(tool("now", "", [] { return 1; }).declared_only());
}

TEST(declared, tools_cannot_be_called) {
  const tool one = tool_declared("ask_user", "", json::object{{"type", "object"}});
  try {
    static_cast<void>(one.bind(""));
    FAIL() << "must throw";
  } catch (const usage_error& e) {
    EXPECT_STREQ(e.what(),
                 "tool \"ask_user\" is only declared: hand its call back to the caller instead of "
                 "running it");
  }
  EXPECT_THROW(call(one), usage_error);
}

TEST(declared, tools_take_the_schema_of_an_object) {
  for (const json::value& wrong :
       {json::value(nullptr), json::value("{}"), json::value(json::array()),
        json::value(json::object{{"type", "string"}})}) {
    EXPECT_THROW(static_cast<void>(tool_declared("f", "", wrong)), usage_error);
  }
  EXPECT_NO_THROW(static_cast<void>(tool_declared("f", "", json::object{})));
}

}  // namespace
}  // namespace skein::test
