// Must not compile: `defaults` names a field that does not exist.
#include <string>

#include <skein/json/reflect.hpp>

struct query {
  std::string city;
  int days = 3;
  static constexpr auto defaults = skein::defaults{"dayz"};
};

skein::json::value written() { return skein::json::to_json(query{}); }
