// Must not compile: two parameters of one name.
#include <skein/tool/tool.hpp>

skein::tool made() {
  return skein::tool("f", "", skein::params{{"a", "First"}, {"a", "Second"}}, [](int, int) {});
}
