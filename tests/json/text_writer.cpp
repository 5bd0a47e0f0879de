#include "json/text_writer.hpp"

#include <gtest/gtest.h>

#include "json_text.hpp"

namespace json = skein::json;
using json::detail::text_writer;

TEST(text_writer, separates_members_and_elements) {
  text_writer out;
  out.open_object();
  out.string_member("a\"", "b\n");
  out.array_member("c");
  out.value(1);
  out.text("{}");
  out.base64("\x01\xFF");
  out.close_array();
  out.object_member("d");
  out.close_object();
  out.members(json_of(R"({"e":null,"f":[true]})").as_object());
  out.close_object();
  EXPECT_EQ(std::move(out).take(), R"({"a\"":"b\n","c":[1,{},"Af8="],"d":{},"e":null,"f":[true]})");
}

TEST(text_writer, takes_back_what_was_written) {
  text_writer out;
  out.open_array();
  const auto empty = out.here();
  out.string("x");
  out.back_to(empty);
  out.value(1);
  const auto one = out.here();
  out.open_object();
  out.back_to(one);
  out.value(2);
  out.close_array();
  EXPECT_EQ(std::move(out).take(), "[1,2]");
}

TEST(text_writer, writes_whole_numbers_as_integers) {
  text_writer out;
  out.value(json_of("[100.0,0.5,-3.0,100000.0,1e300]"));
  EXPECT_EQ(std::move(out).take(), "[100,0.5,-3,100000,1e+300]");
}

TEST(text_writer, is_valid_utf8_wherever_text_is_cut) {
  const std::string text = "eight ASCII and … more, \xF0\x9F\x98\x80\xFF";
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    text_writer out;
    out.string(text.substr(cut));
    EXPECT_EQ(std::move(out).take(), '"' + json::valid_utf8(text.substr(cut)) + '"');
  }
}
