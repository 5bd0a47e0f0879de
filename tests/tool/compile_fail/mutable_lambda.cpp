// Must not compile: a callable that changes itself, while calls may run at the same time.
#include <skein/tool/tool.hpp>

skein::tool made() {
  return skein::tool("f", "", [n = 0]() mutable { return ++n; });
}
