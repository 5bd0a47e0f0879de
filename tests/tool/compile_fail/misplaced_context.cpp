// Must not compile: the tool_context in the middle.
#include <skein/tool/tool.hpp>

skein::tool made() {
  return skein::tool("f", "", skein::params{{"a"}, {"b"}}, [](int, skein::tool_context&, int) {});
}
