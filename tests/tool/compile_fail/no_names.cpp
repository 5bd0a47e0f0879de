// Must not compile: parameters without names.
#include <skein/tool/tool.hpp>

skein::tool made() {
  return skein::tool("f", "", [](int, int) {});
}
