// Content in the size that it may have: cut where it is longest, marked, and JSON still.
#include <random>
#include <string>

#include <gtest/gtest.h>

#include <skein/json/text.hpp>

#include "telemetry/shape.hpp"

namespace skein::telemetry {
namespace {

json::value parsed(std::string_view text) {
  auto v = json::parse_text(text);
  EXPECT_TRUE(v) << text.substr(0, 200);
  return v ? *v : json::value();
}

json::object text_part(std::string text) {
  return {{"type", "text"}, {"content", std::move(text)}};
}
json::object says(std::string text) {
  return {{"role", "user"}, {"parts", json::array{text_part(std::move(text))}}};
}

TEST(ContentSize, WhatFitsStaysAsItIs) {
  std::size_t cut = 0;
  json::array all{says("hi"), says("日本")};
  const auto text = attribute_text(all);
  EXPECT_EQ(attribute_text_within(text.size(), all, cut), text);
  EXPECT_EQ(cut, 0u);
}

TEST(ContentSize, TheLongestTextIsCutAndSaysSo) {
  std::size_t cut = 0;
  const std::string longest(10'000, 'x');
  const auto text = attribute_text_within(2'000, json::array{says("short"), says(longest)}, cut);
  EXPECT_LE(text.size(), 2'000u);
  EXPECT_GT(text.size(), 1'800u) << "as much as has room is kept";
  const auto v = parsed(text);
  EXPECT_EQ(v.at(0), json::value(says("short")));
  const auto kept = std::string(v.at(1).at("parts").at(0).at("content").as_string());
  EXPECT_TRUE(kept.starts_with("xxxx"));
  EXPECT_TRUE(kept.contains(" of 10000 bytes kept, sha256 " + sha256(longest) + "]")) << kept;
  EXPECT_GT(cut, 8'000u);
}

TEST(ContentSize, HashesAreThoseOfSha256) {
  EXPECT_EQ(sha256("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(ContentSize, CharactersAreNotTakenApart) {
  for (std::size_t limit = 600; limit < 620; ++limit) {
    std::size_t cut = 0;
    std::string text;
    for (int i = 0; i < 1'000; ++i) text += "日";
    const auto out = attribute_text_within(limit, json::value(text), cut);
    EXPECT_EQ(json::valid_utf8(out), out) << limit;
    EXPECT_LE(out.size(), limit);
  }
}

TEST(ContentSize, OfBytesNothingIsKept) {
  std::size_t cut = 0;
  json::object blob{{"type", "blob"}, {"modality", "image"}, {"content", std::string(9'000, 'A')}};
  const auto v = parsed(attribute_text_within(
      2'000, json::array{json::object{{"role", "user"}, {"parts", json::array{blob}}}}, cut));
  EXPECT_TRUE(std::string(v.at(0).at("parts").at(0).at("content").as_string())
                  .starts_with("…[cut: 0 of 9000 bytes kept"));
}

TEST(ContentSize, OfManyMessagesTheNewestAreKept) {
  std::size_t cut = 0;
  json::array all;
  for (int i = 0; i < 500; ++i) all.push_back(says("message " + std::to_string(i)));
  const auto text = attribute_text_within(3'000, all, cut);
  EXPECT_LE(text.size(), 3'000u);
  const auto v = parsed(text);
  const auto& kept = v.as_array();
  EXPECT_EQ(kept.back(), json::value(says("message 499")));
  const auto& instead = kept.at(0).at("parts").at(0);
  EXPECT_EQ(instead.at("generic_type"), "skein.cut");
  EXPECT_EQ(instead.at("messages").to_number<std::size_t>(), 500 - (kept.size() - 1));
  const json::array dropped(all.begin(), all.end() - static_cast<std::ptrdiff_t>(kept.size() - 1));
  EXPECT_EQ(instead.at("sha256"), json::value(sha256(json::write_text(dropped))));
}

TEST(ContentSize, WithoutRoomForAMarkThereIsNothing) {
  std::size_t cut = 0;
  EXPECT_EQ(attribute_text_within(0, json::array{says("hello")}, cut), "");
  EXPECT_EQ(cut, attribute_text(json::array{says("hello")}).size());
}

// Any value, any limit: never larger, never broken, and nothing is said to be cut that was not.
TEST(ContentSize, HoldsForWhateverComes) {
  std::mt19937 random(7);
  auto below = [&](unsigned n) { return random() % n; };
  auto some_text = [&] {
    std::string s;
    const auto size = below(3) == 0 ? below(2'000) : below(40);
    while (s.size() < size) {
      constexpr std::array pieces{"a", "\"", "\\", "\n", "\x01", "é", "日", "😀"};
      s += pieces.at(below(pieces.size()));
    }
    return s;
  };
  auto some = [&](auto& self, unsigned depth) -> json::value {
    switch (depth == 0 ? below(3) : below(5)) {
      case 0:
        return json::value(some_text());
      case 1:
        return json::value(below(1000));
      case 2:
        return json::value(nullptr);
      case 3: {
        json::array a;
        for (auto n = below(12); n > 0; --n) a.push_back(self(self, depth - 1));
        return a;
      }
      default: {
        json::object o;
        for (auto n = below(6); n > 0; --n) o[some_text()] = self(self, depth - 1);
        return o;
      }
    }
  };
  for (int i = 0; i < 3'000; ++i) {
    const auto v = some(some, 4);
    const auto limit = below(4'000);
    std::size_t cut = 0;
    const auto text = attribute_text_within(limit, v, cut);
    const auto whole = attribute_text(v);
    ASSERT_LE(text.size(), limit) << "case " << i;
    ASSERT_EQ(cut == 0, text == whole) << "case " << i;
    ASSERT_TRUE(v.is_string() || text.empty() || json::parse_text(text)) << "case " << i;
    ASSERT_EQ(json::valid_utf8(text), text) << "case " << i;
  }
}

}  // namespace
}  // namespace skein::telemetry
