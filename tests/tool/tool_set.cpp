// Names, and the tools of one run.
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <skein/core/error.hpp>
#include <skein/tool/tool_set.hpp>

#include "tool/worlds.hpp"

namespace skein::test {
namespace {

tool named(std::string name) {
  return tool(std::move(name), "", [] { return 1; });
}

TEST(names, are_what_every_provider_takes) {
  for (const std::string& good :
       {std::string("a"), std::string("Get_forecast-2"), std::string(64, 'x')}) {
    EXPECT_EQ(named(good).name(), good);
  }
  for (const std::string& bad :
       {std::string(), std::string(65, 'x'), std::string("get forecast"), std::string("a.b"),
        std::string("v\xC3\xA6r"), std::string("a\0b", 3)}) {
    EXPECT_THROW(named(bad), usage_error) << bad;
  }
  try {
    named("get forecast");
    FAIL() << "must throw";
  } catch (const usage_error& e) {
    EXPECT_STREQ(
        e.what(),
        "tool name \"get forecast\": providers take 1 to 64 of the characters A-Z a-z 0-9 _ -");
  }
}

TEST(tool_set, keeps_the_order_of_adding) {
  tool_set tools{named("zulu"), named("alpha")};
  tools.add(named("mike"));
  std::vector<std::string> told;
  for (const tool_definition& each : tools.definitions()) told.push_back(each.name);
  EXPECT_EQ(told, (std::vector<std::string>{"zulu", "alpha", "mike"}));
  told.clear();
  for (const tool& each : tools) told.push_back(each.name());
  EXPECT_EQ(told, (std::vector<std::string>{"zulu", "alpha", "mike"}));
  EXPECT_EQ(tools.size(), 3U);
}

TEST(tool_set, finds_by_the_whole_name) {
  const tool_set tools{named("alpha"), named("alphabet")};
  ASSERT_NE(tools.find("alphabet"), nullptr);
  EXPECT_EQ(tools.find("alphabet")->name(), "alphabet");
  EXPECT_EQ(tools.find("alph"), nullptr);
  EXPECT_EQ(tools.find(""), nullptr);
  EXPECT_EQ(tool_set().find("alpha"), nullptr);
  EXPECT_TRUE(tool_set().empty());
}

TEST(tool_set, refuses_a_name_that_comes_twice) {
  try {
    const tool_set tools{named("alpha"), named("beta"), named("alpha")};
    FAIL() << "must throw";
  } catch (const usage_error& e) {
    EXPECT_STREQ(e.what(),
                 "there are two tools named \"alpha\": a model calls tools by name, so give one of "
                 "them another");
  }
  tool_set tools{named("alpha")};
  EXPECT_THROW(tools.add(named("alpha")), usage_error);
  EXPECT_EQ(tools.size(), 1U);
}

}  // namespace
}  // namespace skein::test
