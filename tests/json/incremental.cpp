// JSON while it arrives: at every prefix and however it is cut, the value so far is the one that
// another way of finding it gives.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <skein/json/incremental.hpp>

#include "json_text.hpp"

namespace {

namespace json = skein::json;

constexpr std::string_view documents[] = {
    R"({"title":"Soup","minutes":20,"steps":[{"what":"chop","done":true},{"what":"boil"}]})",
    R"([])",
    R"({})",
    R"( [ [ ] , { } , [ { } ] ] )",
    R"("")",
    R"("a \"quoted\" \\ \/ \b\f\n\r\t \u0041\u00e6\u20ac\ud83e\uddf6 end")",
    "\"æøå 漢字 🧶 \u0080\uFFFF\"",
    R"({"":"","a b":"c","\u00e6\n":[1,-2,3.5,1e3,-1.25E-2,0,18446744073709551615]})",
    R"(-12)",
    R"( 0.1 )",
    R"(true)",
    R"([null,true,false,"null"])",
    R"({"deep":[[[[[[[["x"]]]]]]],{"y":{"z":{}}}]})",
    R"({"code":"{\"not\":[\"json\"]}","n":[1,22,333,4444.5]})",
};

// What a reader shows: the value with a mark at every open place.
void show(std::string& to, const json::incremental& reader, const json::value& v) {
  if (const auto* object = v.if_object()) {
    char before = '{';
    for (const auto& member : *object) {
      to += before + json::write_text(json::value(member.key())) + ':';
      show(to, reader, member.value());
      before = ',';
    }
    to += object->empty() ? "{}" : "}";
  } else if (const auto* array = v.if_array()) {
    char before = '[';
    for (const auto& element : *array) {
      to += before;
      show(to, reader, element);
      before = ',';
    }
    to += array->empty() ? "[]" : "]";
  } else {
    to += json::write_text(v);
  }
  if (!reader.complete(v)) to += "...";
}
std::string show(const json::incremental& reader) {
  std::string text;
  if (reader.root() != nullptr) show(text, reader, *reader.root());
  if (reader.failure()) text += " failed: " + reader.failure()->message;
  return text;
}

// The same by brute force: the longest part of the prefix that is JSON once it is closed. A string
// without a character is not there yet, and a number at the end may go on.
std::string closed(std::string_view prefix) {
  std::string brackets;
  bool in_string = false;
  std::size_t opened = 0;
  for (std::size_t i = 0; i < prefix.size(); ++i) {
    const char c = prefix[i];
    if (in_string && c == '\\') {
      ++i;
    } else if (c == '"') {
      in_string = !in_string;
      opened = i + 1;
    } else if (!in_string && (c == '[' || c == '{')) {
      brackets.insert(brackets.begin(), c == '[' ? ']' : '}');
    } else if (!in_string && (c == ']' || c == '}')) {
      brackets.erase(0, 1);
    }
  }
  std::string text(prefix);
  if (in_string && opened == prefix.size()) return {};
  if (!in_string && text.find_last_of("0123456789") == text.size() - 1) return {};
  if (!in_string && text.ends_with(',')) text.pop_back();
  return text + (in_string ? "\"" : "") + brackets;
}
std::string brute_force(std::string_view prefix) {
  for (; !prefix.empty(); prefix.remove_suffix(1)) {
    const auto text = closed(prefix);
    if (auto found = json::parse_text(text); !text.empty() && found) {
      return json::write_text(*found);
    }
  }
  return {};
}
std::string without_marks(std::string text) {
  for (auto at = text.find("..."); at != text.npos; at = text.find("...")) text.erase(at, 3);
  return text;
}

json::incremental fed(std::string_view text, std::size_t piece = std::string_view::npos) {
  json::incremental reader;
  for (; !text.empty(); text.remove_prefix(std::min(piece, text.size()))) {
    // From memory of its own, so that nothing may hold on to it.
    reader.feed(std::string(text.substr(0, piece)));
  }
  return reader;
}

// `later` has what `earlier` had, and more at its open places only.
bool extends(const json::incremental& at_earlier, const json::value& earlier,
             const json::value& later) {
  if (at_earlier.complete(earlier)) return earlier == later;
  if (earlier.kind() != later.kind()) return false;
  if (const auto* text = earlier.if_string()) return later.get_string().starts_with(*text);
  if (const auto* elements = earlier.if_array()) {
    const auto& more = later.get_array();
    for (std::size_t i = 0; i < elements->size(); ++i) {
      if (i >= more.size() || !extends(at_earlier, (*elements)[i], more[i])) return false;
    }
    return true;
  }
  for (const auto& member : earlier.get_object()) {
    const auto* more = later.get_object().if_contains(member.key());
    if (more == nullptr || !extends(at_earlier, member.value(), *more)) return false;
  }
  return true;
}

// Documents of every shape, of a seed.
class writer {
 public:
  explicit writer(std::uint32_t seed) : random_(seed) {}
  std::string document() {
    text_.clear();
    write(0);
    return text_;
  }
  std::size_t below(std::size_t n) { return random_() % n; }

 private:
  void blanks() { text_.append(below(4) == 0 ? below(3) : 0, " \n\t"[below(3)]); }
  void string(std::string_view start, std::size_t length) {
    static constexpr std::string_view pieces[] = {
        "a", "Z ", "\\n",  "\\\"", "æ",       "漢", "🧶",  "\\u00e6", "\\ud83e\\uddf6",
        "{", "]",  "\\\\", ",",    "\\u20AC", ":",  "xyz", "\\/"};
    text_.append(1, '"').append(start);
    for (std::size_t i = 0; i < length; ++i) text_ += pieces[below(std::size(pieces))];
    text_ += '"';
  }
  void write(std::size_t depth) {
    static constexpr std::string_view plain[] = {"null", "true", "false", "0",
                                                 "-7",   "12.5", "1e-3",  "123456789012345678901"};
    blanks();
    const auto kind = below(depth < 5 ? 6 : 3);
    if (kind < 2) {
      text_ += plain[below(std::size(plain))];
    } else if (kind == 2) {
      string("", below(12));
    } else {
      const bool is_object = kind == 3;
      text_ += is_object ? '{' : '[';
      const auto size = below(5);
      for (std::size_t i = 0; i < size; ++i) {
        if (i != 0) text_ += ',';
        blanks();
        if (is_object) {
          string(std::to_string(i), below(4));  // a repeated key would replace its value
          blanks();
          text_ += ':';
        }
        write(depth + 1);
      }
      text_ += is_object ? '}' : ']';
    }
    blanks();
  }

  std::mt19937 random_;
  std::string text_;
};

// The three properties of a document's prefixes.
void expect_consistent(const std::string& text) {
  SCOPED_TRACE(text);
  const auto whole = json::parse_text(text);
  ASSERT_TRUE(whole.has_value()) << whole.error().message;
  auto end = fed(text);
  end.finish();
  ASSERT_EQ(end.failure(), std::nullopt);
  EXPECT_TRUE(end.complete());
  EXPECT_EQ(show(end), json::write_text(*whole));

  json::incremental growing;
  std::string last;
  for (std::size_t size = 0; size <= text.size(); ++size) {
    if (size != 0) growing.feed(text.substr(size - 1, 1));
    const auto at_once = fed(text.substr(0, size));
    const auto now = show(at_once);
    ASSERT_EQ(now, show(growing)) << "cut at every byte, of " << size;
    ASSERT_EQ(without_marks(now), brute_force(text.substr(0, size))) << "of " << size;
    if (at_once.root() == nullptr) {
      ASSERT_EQ(last, "") << "of " << size;
      continue;
    }
    ASSERT_TRUE(extends(at_once, *at_once.root(), *whole)) << "of " << size;
    last = now;
  }
}

TEST(incremental, is_consistent_at_every_prefix_of_the_corpus) {
  for (const auto text : documents) expect_consistent(std::string(text));
}

TEST(incremental, is_consistent_at_every_prefix_of_generated_documents) {
  for (std::uint32_t seed = 0; seed < 300; ++seed) {
    SCOPED_TRACE(seed);
    expect_consistent(writer(seed).document());
  }
}

TEST(incremental, is_the_same_however_it_is_cut) {
#ifdef NDEBUG
  constexpr std::uint32_t seeds = 300;
#else
  constexpr std::uint32_t seeds = 60;  // sanitized builds are a hundred times slower
#endif
  for (std::uint32_t seed = 0; seed < seeds; ++seed) {
    writer random(seed);
    const auto text = random.document();
    SCOPED_TRACE(text);
    for (std::size_t first = 0; first <= text.size(); ++first) {
      json::incremental reader;
      reader.feed(text.substr(0, first));
      for (std::size_t at = first; at < text.size();) {
        const auto size = 1 + random.below(7);
        reader.feed(text.substr(at, size));
        reader.feed("");
        at += size;
      }
      reader.finish();
      ASSERT_EQ(reader.failure(), std::nullopt) << "first cut at " << first;
      ASSERT_EQ(show(reader), json::write_text(json_of(text))) << "first cut at " << first;
    }
  }
}

TEST(incremental, knows_what_is_complete) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {R"()", ""},
      {R"({)", "{}..."},
      {R"({"a)", "{}..."},
      {R"({"a":)", "{}..."},
      {R"({"a":")", "{}..."},
      {R"({"a":"x)", R"({"a":"x"...}...)"},
      {R"({"a":"x\)", R"({"a":"x"...}...)"},
      {R"({"a":"x\ud83e)", R"({"a":"x"...}...)"},
      {R"({"a":"x\ud83e\uddf6)", R"({"a":"x🧶"...}...)"},
      {"{\"a\":\"x\xF0\x9F\xA7", R"({"a":"x"...}...)"},
      {R"({"a":"x")", R"({"a":"x"}...)"},
      {R"({"a":"")", R"({"a":""}...)"},
      {R"({"a":"x","b":12)", R"({"a":"x"}...)"},
      {R"({"a":"x","b":12,)", R"({"a":"x","b":12}...)"},
      {R"({"a":[[1],[2)", R"({"a":[[1],[]...]...}...)"},
      {R"({"a":[[1],[2]],"b":tru)", R"({"a":[[1],[2]]}...)"},
      {R"({"a":[[1],[2]],"b":true)", R"({"a":[[1],[2]],"b":true}...)"},
      {R"({"a":[]})", R"({"a":[]})"},
      {R"(12)", ""},
      {R"(12 )", "12"},
  };
  for (const auto& [text, shown] : cases) {
    EXPECT_EQ(show(fed(text)), shown) << text;
    EXPECT_EQ(show(fed(text, 1)), shown) << text;
  }
}

TEST(incremental, replaces_the_value_of_a_repeated_key) {
  const std::string_view text = R"({"a":1,"b":{"a":2},"a":["x"],"c":[{"a":3}],"b":0})";
  EXPECT_EQ(show(fed(text.substr(0, 24))), R"({"a":[]...,"b":{"a":2}}...)");
  EXPECT_EQ(show(fed(text)), json::write_text(json_of(text)));
}

TEST(incremental, fails_as_parse_text_does) {
  std::vector<std::string> wrong = {"",
                                    "{",
                                    R"({"a":})",
                                    "[1,2",
                                    "1 2",
                                    "nul",
                                    "[1,]",
                                    "{'a':1}",
                                    "\"a\nb\"",
                                    "\"\xFF\"",
                                    "[01]",
                                    "NaN",
                                    "// c\n1",
                                    "{}}",
                                    R"("\x")",
                                    "\"",
                                    R"("\u1")",
                                    R"("\uD800")",
                                    R"("\uD83E\u0041")",
                                    "1e",
                                    "-",
                                    "[1 2]",
                                    R"({"a" 1})",
                                    R"({"a":1,})",
                                    "\"\xC3(\"",
                                    "\"\xF0\x9F\xA7\"",
                                    "\"\xED\xA0\x80\"",
                                    "tru3"};
  for (std::uint32_t seed = 0; seed < 400; ++seed) {
    writer random(seed);
    auto text = random.document();
    text[random.below(text.size())] = static_cast<char>(random.below(256));
    wrong.push_back(std::move(text));
  }
  std::size_t failed = 0;
  for (const auto& text : wrong) {
    SCOPED_TRACE(text);
    const auto whole = json::parse_text(text);
    for (std::size_t piece : {text.size() + 1, std::size_t{1}, std::size_t{3}}) {
      auto reader = fed(text, piece);
      reader.finish();
      ASSERT_EQ(reader.failure().has_value(), !whole.has_value());
      EXPECT_EQ(reader.complete() && !reader.failure(), whole.has_value());
      if (whole) continue;
      ++failed;
      EXPECT_EQ(reader.failure()->message, whole.error().message);
      if (piece > text.size()) {
        EXPECT_EQ(reader.failure()->offset, whole.error().offset);
      }
      EXPECT_GE(reader.failure()->offset + 12, whole.error().offset);
      EXPECT_LE(reader.failure()->offset, whole.error().offset + 12);
      EXPECT_LE(reader.failure()->offset, text.size());
    }
  }
  EXPECT_GT(failed, wrong.size());
}

TEST(incremental, takes_nothing_after_a_failure_and_keeps_what_it_read) {
  auto reader = fed(R"({"a":[1,"x"],"b":})");
  const auto why = reader.failure();
  ASSERT_TRUE(why.has_value());
  reader.feed(R"("c":1})");
  reader.finish();
  EXPECT_EQ(reader.failure(), why);
  EXPECT_EQ(json::write_text(*reader.root()), R"({"a":[1,"x"]})");
}

TEST(incremental, holds_the_limits) {
  const auto outcome = [](std::string_view text, const json::parse_limits& limits,
                          std::size_t piece) {
    json::incremental reader(limits);
    for (; !text.empty(); text.remove_prefix(std::min(piece, text.size()))) {
      reader.feed(text.substr(0, piece));
    }
    reader.finish();
    return reader.failure();
  };
  for (std::size_t piece : {1UZ, 2UZ, 100UZ}) {
    EXPECT_FALSE(outcome("[[[]]]", {.max_depth = 3}, piece));
    EXPECT_TRUE(outcome("[[[[]]]]", {.max_depth = 3}, piece));
    EXPECT_FALSE(outcome("[1,2]", {.max_bytes = 5}, piece));
    EXPECT_EQ(outcome("[1,2] ", {.max_bytes = 5}, piece),
              (json::parse_failure{5, "longer than the limit of 5 bytes"}));
    EXPECT_TRUE(outcome(std::string(1000, '['), {}, piece));
  }
}

TEST(incremental, can_be_moved_on_its_way) {
  json::incremental first;
  first.feed(R"({"a":["x)");
  const json::value* root = first.root();
  auto second = std::move(first);
  EXPECT_EQ(second.root(), root);
  second.feed("y\"]}");
  EXPECT_EQ(show(second), R"({"a":["xy"]})");
}

TEST(incremental, passes_over_what_models_write_around_an_object) {
  const std::string_view object = R"({"a":"{\"b\"}","c":[1]})";
  for (const std::string_view before : {"", "  ", "```json\n", "Here is your [answer]:\n\n"}) {
    for (const std::string_view after : {"", "\n", "\n```\nAnything else? {", "}"}) {
      const auto text = std::string(before).append(object).append(after);
      for (std::size_t piece : {1UZ, 3UZ, text.size()}) {
        json::incremental reader({}, json::surroundings::prose);
        for (std::size_t at = 0; at < text.size(); at += piece) {
          reader.feed(text.substr(at, piece));
        }
        EXPECT_TRUE(reader.complete()) << text;
        reader.finish();
        EXPECT_EQ(reader.failure(), std::nullopt) << text;
        EXPECT_EQ(show(reader), object) << text;
      }
    }
  }
}

TEST(incremental, fails_in_prose_without_an_object) {
  const std::pair<std::string_view, json::parse_failure> cases[] = {
      {"", {0, "there is no JSON object in the text"}},
      {"I cannot say. [1]", {17, "there is no JSON object in the text"}},
      {R"(So: {"a":1)", {10, "incomplete JSON"}},
      {"So: {so}", {5, "syntax error"}},
  };
  for (const auto& [text, failure] : cases) {
    json::incremental reader({}, json::surroundings::prose);
    reader.feed(text);
    reader.finish();
    EXPECT_EQ(reader.failure(), failure) << text << reader.failure()->message;
  }
  json::incremental reader({.max_bytes = 10}, json::surroundings::prose);
  reader.feed("All these words ");
  EXPECT_EQ(reader.failure(), (json::parse_failure{10, "longer than the limit of 10 bytes"}));
}

}  // namespace
