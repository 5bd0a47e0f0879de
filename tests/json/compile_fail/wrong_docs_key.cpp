// Must not compile: `docs` documents a field that does not exist.
#include <string>

#include <skein/json/schema.hpp>

struct query {
  std::string city;
  static constexpr auto docs = skein::docs{{"citty", "City name"}};
};

skein::json::value schema() { return skein::json::schema_of<query>(); }
