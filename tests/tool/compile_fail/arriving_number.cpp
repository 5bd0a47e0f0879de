// Must not compile: what arrives is an object with fields.
#include <skein/tool/tool.hpp>

skein::tool made() {
  return skein::tool("f", "", [](skein::arriving<int>) -> skein::task<> { co_return; });
}
