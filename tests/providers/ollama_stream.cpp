// What streams and whole answers of Ollama add up to, at any chunking, cut anywhere, damaged.
#include <gtest/gtest.h>

#include "ollama_codec.hpp"
#include "recorded.hpp"

namespace skein::ollama::test {
namespace {

using providers::test::recorded_row;

const std::vector<recorded_row>& rows() {
  static const std::vector<recorded_row> table = {
      {.name = "thinking_and_calls",
       .model = "qwen3:4b",
       .text = "Looking.",
       .reasoning = "Two cities.",
       .calls = {{"call_0_2026-03-02T09_14_07_196820Z", "get_weather",
                  R"({"city":"Oslo","days":[1,2.5]})"},
                 {"call_1_2026-03-02T09_14_07_196820Z", "get_time", ""},
                 {"call_x", "get_weather", R"({"city":"Rome"})"},
                 {"call_3_2026-03-02T09_14_07_196820Z", "get_weather", R"({"city":"Bonn"})"}},
       .usage = {.input = 200, .output = 61}},
      {.name = "logprobs",
       .model = "qwen3:4b",
       .text = "Hi",
       .usage = {.input = 5, .output = 1},
       .raw_updates = 1},
      {.name = "cloud",
       .model = "gpt-oss:120b-cloud",
       .text = "Hello there!",
       .usage = {.input = 8, .output = 3}},
      {.name = "unload",
       .model = "qwen3:4b",
       .finish = finish_reason::other,
       .finish_raw = "unload"},
  };
  return table;
}

class ollama_recorded : public ::testing::TestWithParam<recorded_row> {};

TEST_P(ollama_recorded, adds_up_at_every_chunk_size) {
  providers::test::expect_adds_up(GetParam(), recording(GetParam().name), decode);
}

TEST_P(ollama_recorded, cut_at_every_byte_is_complete_only_after_its_end) {
  const std::string body = recording(GetParam().name);
  providers::test::expect_ends_only_after(end_of_answer(body), GetParam(), body, decode);
}

TEST_P(ollama_recorded, with_any_member_damaged_gives_a_result_or_a_typed_error) {
  providers::test::expect_one_end_of_damaged(recording(GetParam().name), decode);
}

INSTANTIATE_TEST_SUITE_P(streams, ollama_recorded, ::testing::ValuesIn(rows()),
                         [](const auto& r) { return std::string(r.param.name); });

TEST(ollama_stream, ends_the_thinking_with_a_mark_of_its_own) {
  EXPECT_EQ(std::get<reasoning_part>(
                decode(recording("thinking_and_calls")).response.message.parts.at(0)),
            (reasoning_part{"Two cities.", R"({"ollama":{}})"}));
  const decoded cut = decode(R"({"message":{"thinking":"t"}})"
                             "\n");
  EXPECT_EQ(cut.error_type(), "stream_cut");
  EXPECT_EQ(cut.response.message.parts,
            (std::vector<part>{reasoning_part{"t", R"({"ollama":{}})"}}));
}

TEST(ollama_stream, keeps_what_it_does_not_know) {
  const std::string end = "\n{\"done\":true}\n";
  for (const char* line :
       {R"({"message":{"content":"","audio":"x"}})", R"({"message":{"tool_calls":[{"a":1}]}})",
        R"({"message":{"tool_calls":[7]}})", R"({"status":"loading"})", "7", R"("x")"}) {
    const decoded d = decode(line + end);
    EXPECT_FALSE(d.error) << line;
    EXPECT_EQ(d.all<raw_update>().size(), 1U) << line;
  }
}

TEST(ollama_stream, says_what_failed) {
  const decoded d = decode(
      "{\"message\":{\"content\":\"Par\"}}\n"
      "{\"error\":\"an error was encountered while running the model\"}\n");
  EXPECT_EQ(d.response.text(), "Par");
  EXPECT_EQ(d.what(),
            "ollama: the server reported an error in its answer: an error was encountered while "
            "running the model");
  EXPECT_EQ(decode("no json\n").error_type(), "malformed");
}

TEST(ollama_stream, is_done_only_by_the_word_true) {
  for (const char* done : {"false", "null", "1", "\"true\"", "{}"}) {
    EXPECT_EQ(decode("{\"done\":" + std::string(done) + "}\n").error_type(), "stream_cut") << done;
  }
  EXPECT_EQ(decode("{\"done\":true}\n").response.finish, finish_reason::none);
}

TEST(ollama_whole, is_the_last_line_alone) {
  const decoded d = decode_whole(
      R"({"model":"m","message":{"thinking":"t","content":"a"},"done":true,"done_reason":"length"})");
  EXPECT_FALSE(d.error) << d.what();
  EXPECT_EQ(d.response.text(), "a");
  EXPECT_EQ(d.response.finish, finish_reason::length);
  EXPECT_EQ(decode_whole(R"({"message":{"content":"a"},"done":false})").error_type(), "stream_cut");
  EXPECT_EQ(decode_whole("{").error_type(), "malformed");
}

}  // namespace
}  // namespace skein::ollama::test
