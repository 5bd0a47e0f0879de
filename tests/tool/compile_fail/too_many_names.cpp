// Must not compile: the tool_context is not named.
#include <skein/tool/tool.hpp>

skein::tool made() {
  return skein::tool("f", "", skein::params{{"a", "First"}, {"ctx", "The context"}},
                     [](int, skein::tool_context&) {});
}
