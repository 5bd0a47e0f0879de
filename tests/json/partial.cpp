// A struct while it arrives.
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include <skein/json/partial.hpp>

namespace {

namespace json = skein::json;

enum class skill { novice, cook, chef };
struct step {
  std::string what;
  std::optional<int> minutes;
};
struct recipe {
  std::string title;
  std::string summary;
  double litres = 0;
  skill needs = skill::novice;
  std::vector<step> steps;
  std::optional<std::string> note;
  std::map<std::string, int> amounts;
  bool vegan = false;
};
struct node {
  std::string name;
  std::vector<node> children;
  std::unique_ptr<node> next;
};

constexpr std::string_view soup =
    R"({"title":"Soup","summary":"Hot","litres":1.5,"needs":"cook","steps":[{"what":"chop",)"
    R"("minutes":3},{"what":"boil"}],"note":"salt","amounts":{"leek":2},"vegan":true})";

json::incremental up_to(std::string_view end) {
  json::incremental reader;
  reader.feed(soup.substr(0, soup.find(end) + end.size()));
  return reader;
}

TEST(partial, of_nothing_has_nothing) {
  const json::partial<recipe> none;
  EXPECT_FALSE(none.begun());
  EXPECT_FALSE(none.complete());
  EXPECT_EQ(none.value(), std::nullopt);
  EXPECT_EQ(none.json(), nullptr);
  EXPECT_EQ(none[&recipe::title].text(), "");
  EXPECT_EQ(none[&recipe::steps].size(), 0U);
  EXPECT_FALSE(none[&recipe::steps][0][&step::what].begun());
}

TEST(partial, shows_a_text_that_grows) {
  const auto reader = up_to("Sou");
  const json::partial<recipe> so_far(reader);
  EXPECT_TRUE(so_far.begun());
  EXPECT_EQ(so_far[&recipe::title].text(), "Sou");
  EXPECT_FALSE(so_far[&recipe::title].complete());
  EXPECT_EQ(so_far[&recipe::title].value(), std::nullopt);
  EXPECT_FALSE(so_far[&recipe::summary].begun()) << "a field of the same type is another";
}

TEST(partial, gives_a_field_as_soon_as_it_is_complete) {
  const auto reader = up_to(R"("needs":"cook")");
  const json::partial<recipe> so_far(reader);
  EXPECT_EQ(so_far[&recipe::title].value(), "Soup");
  EXPECT_EQ(so_far[&recipe::summary].value(), "Hot");
  EXPECT_EQ(so_far[&recipe::litres].value(), 1.5);
  EXPECT_EQ(so_far[&recipe::needs].value(), skill::cook);
  EXPECT_FALSE(so_far.complete());
}

TEST(partial, shows_a_number_only_when_it_is_whole) {
  const auto cut = up_to(R"("litres":1.5)");
  EXPECT_FALSE(json::partial<recipe>(cut)[&recipe::litres].begun());
  const auto whole = up_to(R"("litres":1.5,)");
  EXPECT_EQ(json::partial<recipe>(whole)[&recipe::litres].value(), 1.5);
}

TEST(partial, looks_into_lists) {
  const auto reader = up_to(R"("what":"bo)");
  const json::partial<recipe> so_far(reader);
  const auto steps = so_far[&recipe::steps];
  ASSERT_EQ(steps.size(), 2U);
  EXPECT_EQ(steps[0].value().value().what, "chop");
  EXPECT_EQ(steps[0][&step::minutes].value().value(), 3);
  EXPECT_FALSE(steps[1].complete());
  EXPECT_EQ(steps[1][&step::what].text(), "bo");
  EXPECT_FALSE(steps[2].begun());
  EXPECT_FALSE(steps.complete());
}

TEST(partial, looks_into_what_is_optional) {
  const auto reader = up_to(R"("note":"sa)");
  EXPECT_EQ(json::partial<recipe>(reader)[&recipe::note].text(), "sa");
  json::incremental null;
  null.feed(R"({"note":null,)");
  const json::partial<recipe> without(null);
  EXPECT_EQ(without[&recipe::note].text(), "");
  const auto note = without[&recipe::note].value();
  ASSERT_TRUE(note.has_value());
  EXPECT_FALSE(note->has_value());
}

TEST(partial, gives_the_whole_at_the_end) {
  const auto whole = up_to("true}");
  const auto read = json::partial<recipe>(whole).value();
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->amounts.at("leek"), 2);
  EXPECT_EQ(json::write_text(json::to_json(*read)), soup);
}

TEST(partial, has_no_value_of_what_does_not_fit) {
  json::incremental reader;
  reader.feed(R"({"title":12,"steps":"none","litres":)");
  const json::partial<recipe> so_far(reader);
  EXPECT_TRUE(so_far[&recipe::title].complete());
  EXPECT_EQ(so_far[&recipe::title].value(), std::nullopt);
  EXPECT_EQ(so_far[&recipe::title].text(), "");
  EXPECT_EQ(*so_far[&recipe::title].json(), 12);
  EXPECT_EQ(so_far[&recipe::steps].size(), 0U);
}

TEST(partial, goes_as_deep_as_the_type) {
  json::incremental reader;
  reader.feed(R"({"name":"a","children":[{"name":"b","children":[]}],"next":{"name":"c)");
  const json::partial<node> so_far(reader);
  EXPECT_EQ(so_far[&node::children][0][&node::name].text(), "b");
  EXPECT_TRUE(so_far[&node::children][0][&node::children].complete());
  EXPECT_EQ(so_far[&node::next][&node::name].text(), "c");
}

}  // namespace
