// Must compile: what the failing ones look like without their mistake.
#include <string>

#include <skein/tool/tool.hpp>

struct query {
  std::string city;
  static constexpr auto docs = skein::docs{{"city", "City name"}};
};

skein::tool whole() {
  return skein::tool("f", "", [](query) {});
}
skein::tool named() {
  return skein::tool("f", "", skein::params{{"a", "First"}, {"b", "Second"}}, [](int, int) {});
}
skein::tool with_context() {
  return skein::tool("f", "", [](query, skein::tool_context&) {});
}
skein::tool arriving() {
  return skein::tool("f", "", [](skein::arriving<query>) -> skein::task<> { co_return; });
}
