// Must compile: what the failing ones look like without their mistake.
#include <string>

#include <skein/json/reflect.hpp>
#include <skein/json/schema.hpp>

struct query {
  std::string city;
  int days = 3;
  static constexpr auto docs = skein::docs{{"city", "City name"}};
  static constexpr auto defaults = skein::defaults{"days"};
};

skein::json::value schema() { return skein::json::schema_of<query>(); }
skein::json::value written() { return skein::json::to_json(query{}); }
