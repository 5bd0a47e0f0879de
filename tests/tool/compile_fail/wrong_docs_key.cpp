// Must not compile: `docs` documents a field that does not exist.
#include <string>

#include <skein/tool/tool.hpp>

struct query {
  std::string city;
  static constexpr auto docs = skein::docs{{"citty", "City name"}};
};

skein::tool made() {
  return skein::tool("f", "", [](query) {});
}
