// A type with a shape of its own.
#include <expected>
#include <string>
#include <type_traits>
#include <vector>

#include <gtest/gtest.h>

#include <skein/json/reflect.hpp>
#include <skein/json/schema.hpp>

#include "json_text.hpp"

namespace trade {

class money {
 public:
  money() = default;
  explicit money(int cents) : cents_(cents) {}
  [[nodiscard]] int cents() const { return cents_; }

 private:
  int cents_ = 0;
};

skein::json::value skein_to_json(const money& from) { return {{"cents", from.cents()}}; }
skein::json::read_outcome skein_from_json(const skein::json::value& in, money& out) {
  const auto* cents = in.is_object() ? in.as_object().if_contains("cents") : nullptr;
  if (cents == nullptr) return std::unexpected(skein::json::mismatch{"$.cents", "missing"});
  out = money(static_cast<int>(cents->as_int64()));
  return {};
}
skein::json::object skein_json_schema(std::type_identity<money>) {
  return {{"type", "object"}, {"title", "money"}};
}

struct cart {
  std::vector<money> prices = {};
};

}  // namespace trade

namespace {

namespace json = skein::json;

TEST(hooks, write_read_and_describe) {
  const std::string text = R"({"prices":[{"cents":5}]})";
  const auto cart = json::decode<trade::cart>(json_of(text));
  EXPECT_EQ(cart.prices.at(0).cents(), 5);
  EXPECT_EQ(json::write_text(json::to_json(cart)), text);
  EXPECT_EQ(json::schema_of<trade::cart>().at_pointer("/properties/prices/items/title"), "money");
}

TEST(hooks, their_mismatches_take_the_place_of_the_value) {
  const auto result = json::from_json<trade::cart>(json_of(R"({"prices":[{"cents":5},{}]})"));
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().path, "$.prices[1].cents");
}

}  // namespace
