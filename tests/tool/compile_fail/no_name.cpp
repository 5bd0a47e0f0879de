// Must not compile: one parameter that is no object has no name.
#include <string>

#include <skein/tool/tool.hpp>

skein::tool made() {
  return skein::tool("f", "", [](std::string) {});
}
