// Must not compile: a parameter to write to.
#include <string>

#include <skein/tool/tool.hpp>

struct query {
  std::string city;
};

skein::tool made() {
  return skein::tool("f", "", [](query&) {});
}
