// Secrets and content are never printed, and are read only on purpose.
#include <format>
#include <sstream>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include <skein/core/secret.hpp>

namespace skein {
namespace {

struct options {
  secret<std::string> key = {};
};

TEST(Secret, IsMadeOfThePlainValueAndReadByName) {
  options o{.key = "sk-1"};
  EXPECT_EQ(o.key.reveal(), "sk-1");
  o.key = std::string("sk-2");
  EXPECT_EQ(o.key.reveal(), "sk-2");
  EXPECT_FALSE(o.key.empty());
  EXPECT_EQ(o.key, secret<std::string>(std::string_view("sk-2")));
  o.key = {};
  EXPECT_TRUE(o.key.empty());
}

TEST(Secret, PrintsNothingOfItself) {
  secret<std::string> key = "canary";
  std::ostringstream out;
  out << key << std::format(" {}", key);
  EXPECT_EQ(out.str(), "[secret] [secret]");
  EXPECT_EQ(::testing::PrintToString(key), "[secret]");
}

TEST(Content, PrintsNothingOfItself) {
  content<std::string> said("canary");
  std::ostringstream out;
  out << said << std::format(" {}", said);
  EXPECT_EQ(out.str(), "[content] [content]");
  EXPECT_EQ(::testing::PrintToString(said), "[content]");
  EXPECT_EQ(said.reveal(), "canary");
  EXPECT_EQ(std::move(said).reveal(), "canary");
}
static_assert(!std::is_convertible_v<std::string, content<std::string>>);
static_assert(!std::is_convertible_v<content<std::string>, std::string>);

}  // namespace
}  // namespace skein
