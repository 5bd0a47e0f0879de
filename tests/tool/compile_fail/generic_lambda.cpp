// Must not compile: no one signature.
#include <skein/tool/tool.hpp>

skein::tool made() {
  return skein::tool("f", "", [](auto) {});
}
