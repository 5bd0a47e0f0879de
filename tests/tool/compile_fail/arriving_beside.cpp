// Must not compile: arguments that arrive beside one that has a name.
#include <skein/tool/tool.hpp>

struct query {
  int x;
};
skein::tool made() {
  return skein::tool("f", "", skein::params{{"a"}, {"b"}},
                     [](skein::arriving<query>, int) -> skein::task<> { co_return; });
}
