// Must not compile: two parameters, one name.
#include <skein/tool/tool.hpp>

skein::tool made() {
  return skein::tool("f", "", skein::params{{"a", "First"}}, [](int, int) {});
}
