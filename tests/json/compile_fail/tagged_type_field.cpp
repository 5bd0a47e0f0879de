// Must not compile: the key of the tag is taken by a field.
#include <string>
#include <string_view>
#include <variant>

#include <skein/json/reflect.hpp>

struct shape {
  std::string type;
  static constexpr std::string_view tag = "shape";
};

skein::json::value written() { return skein::json::to_json(std::variant<shape>{}); }
