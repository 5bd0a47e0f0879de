// What streams and whole answers of Gemini add up to, at any chunking, cut anywhere, damaged.
#include <gtest/gtest.h>

#include "gemini_codec.hpp"
#include "recorded.hpp"

namespace skein::gemini::test {
namespace {

using providers::test::recorded_row;

constexpr const char* signature =
    R"({"gemini":{"thoughtSignature":"EvcBCvQBAXLI2nwUr4c0qQ1mTz8="}})";

const std::vector<recorded_row>& rows() {
  static const std::vector<recorded_row> table = {
      {.name = "signed_text",
       .model = "gemini-3-flash-preview",
       .text = "The answer is 42.",
       .reasoning = "**Checking**\n\nIt is short.",
       .finish_raw = "STOP",
       .usage = {.input = 31, .output = 70, .reasoning = 64}},
      {.name = "parallel_calls",
       .model = "gemini-3-flash-preview",
       .reasoning = "Both cities.",
       .calls = {{"qm1x", "get_weather", R"({"city":"Oslo","days":[1,2]})", signature},
                 {"call_1_pWvmZ8iMFuLdxN8P1oGDkQE", "get_weather", R"({"city":"Rome"})",
                  R"({"gemini":{"id":"qm1x"}})"},
                 {"call_2_pWvmZ8iMFuLdxN8P1oGDkQE", "get_time", "", R"({"gemini":{"id":""}})"}},
       .finish_raw = "STOP",
       .usage = {.input = 90, .output = 30, .reasoning = 8}},
      {.name = "code_execution",
       .model = "gemini-3-flash-preview",
       .text = "Let me compute.It is 42.",
       .finish_raw = "STOP",
       .usage = {.input = 120, .output = 30},
       .raw_updates = 2},
      {.name = "blocked",
       .model = "gemini-2.5-flash",
       .finish = finish_reason::content_filter,
       .finish_raw = "PROHIBITED_CONTENT",
       .usage = {.input = 7},
       .raw_updates = 1},
      {.name = "malformed_call",
       .model = "gemini-3-flash-preview",
       .text = "I will call it.",
       .finish = finish_reason::other,
       .finish_raw = "MALFORMED_FUNCTION_CALL",
       .usage = {.input = 44, .output = 5}},
      {.name = "usage_after_finish",
       .model = "gemini-3-flash-preview",
       .text = "Hi there.",
       .finish_raw = "STOP",
       .usage = {.input = 3, .output = 2}},
      {.name = "two_candidates",
       .model = "gemini-2.5-flash",
       .text = "One.",
       .finish_raw = "STOP",
       .usage = {.input = 3, .output = 4},
       .raw_updates = 1},
  };
  return table;
}

class gemini_recorded : public ::testing::TestWithParam<recorded_row> {};

TEST_P(gemini_recorded, adds_up_at_every_chunk_size) {
  const std::string body = recording(GetParam().name);
  providers::test::expect_adds_up(GetParam(), body, decode);
  EXPECT_FALSE(decode(body).response.id.empty());
}

TEST_P(gemini_recorded, cut_at_every_byte_is_complete_only_after_its_end) {
  const std::string body = recording(GetParam().name);
  providers::test::expect_ends_only_after(end_of_answer(body), GetParam(), body, decode);
}

TEST_P(gemini_recorded, with_any_member_damaged_gives_a_result_or_a_typed_error) {
  providers::test::expect_one_end_of_damaged(recording(GetParam().name), decode);
}

INSTANTIATE_TEST_SUITE_P(streams, gemini_recorded, ::testing::ValuesIn(rows()),
                         [](const auto& r) { return std::string(r.param.name); });

// ---- Parts

TEST(gemini_stream, keeps_signatures_where_they_came) {
  const decoded d = decode(recording("signed_text"));
  EXPECT_EQ(
      d.response.message.parts,
      (std::vector<part>{
          reasoning_part{"**Checking**\n\nIt is short.", R"({"gemini":{"thought":true}})"},
          text_part{"The answer is 4"},
          reasoning_part{"", R"({"gemini":{"thoughtSignature":"c2lnbmF0dXJlLW9m","text":4}})"},
          text_part{"2."},
          reasoning_part{"",
                         R"({"gemini":{"thoughtSignature":"bGFzdC1zaWduYXR1cmU=","text":0}})"}}));
}

TEST(gemini_stream, keeps_a_signed_thought_apart) {
  const decoded d = decode_parts(
      R"({"text":"a","thought":true},{"text":"b","thought":true},)"
      R"({"text":"c","thought":true,"thoughtSignature":"s"},{"text":"d","thought":true})");
  EXPECT_EQ(d.response.message.parts,
            (std::vector<part>{
                reasoning_part{"ab", R"({"gemini":{"thought":true}})"},
                reasoning_part{"c", R"({"gemini":{"thought":true,"thoughtSignature":"s"}})"},
                reasoning_part{"d", R"({"gemini":{"thought":true}})"}}));
}

TEST(gemini_stream, keeps_parts_that_it_does_not_know) {
  const decoded d = decode(recording("code_execution"));
  const auto& parts = d.response.message.parts;
  ASSERT_EQ(parts.size(), 6U);
  EXPECT_EQ(
      std::get<raw_part>(parts[1]),
      (raw_part{"gemini",
                json::parse(R"({"executableCode":{"language":"PYTHON","code":"print(6*7)\n"},)"
                            R"("thoughtSignature":"EvcBCvQBAXLI2nwUr4c0qQ1mTz8="})")}));
  EXPECT_TRUE(std::holds_alternative<raw_part>(parts[2]));
  EXPECT_EQ(std::get<media_part>(parts[3]), (media_part{.kind = media_kind::image,
                                                        .media_type = "image/png",
                                                        .bytes = "\x89PNG\r\n\x1A\n"}));
  EXPECT_EQ(std::get<reasoning_part>(parts[4]).opaque,
            R"({"gemini":{"thoughtSignature":"aW1hZ2U="}})");
}

TEST(gemini_stream, reads_every_kind_of_part) {
  struct row {
    std::string part;
    std::vector<part_update> parts = {};
    std::size_t raw_updates = 0;
  };
  const auto raw = [](const std::string& text) {
    return part_update{raw_part{"gemini", json::parse(text)}};
  };
  for (const auto& r : std::vector<row>{
           {R"({})"},
           {R"({"text":""})"},
           {R"({"text":null})"},
           {R"({"thought":true})"},
           {R"(null)"},
           {R"(7)", {}, 1},
           {R"({"fileData":{"mimeType":"video/mp4","fileUri":"https://e.org/v"}})",
            {part_update{media_part{
                .kind = media_kind::video, .media_type = "video/mp4", .uri = "https://e.org/v"}}}},
           {R"({"inlineData":{"mimeType":"image/png","data":"?"}})",
            {raw(R"({"inlineData":{"mimeType":"image/png","data":"?"}})")}},
           {R"({"inlineData":{"data":"YQ=="},"thought":true})",
            {raw(R"({"inlineData":{"data":"YQ=="},"thought":true})")}},
           {R"({"functionCall":{"args":{}}})", {raw(R"({"functionCall":{"args":{}}})")}},
           {R"({"toolCall":{"id":"1"},"thoughtSignature":"s"})",
            {raw(R"({"toolCall":{"id":"1"},"thoughtSignature":"s"})")}},
           {R"({"text":"a","partMetadata":{"k":1}})", {}, 1}}) {
    const decoded d = decode_parts(r.part);
    EXPECT_FALSE(d.error) << r.part;
    EXPECT_EQ(d.all<part_update>(), r.parts) << r.part;
    EXPECT_EQ(d.all<raw_update>().size(), r.raw_updates) << r.part;
  }
}

TEST(gemini_stream, keeps_what_the_server_says_of_a_failed_call) {
  const decoded d = decode(recording("malformed_call"));
  EXPECT_EQ(d.all<part_update>(),
            (std::vector<part_update>{
                {error_part{"MALFORMED_FUNCTION_CALL",
                            "Malformed function call: print(default_api.get_weather(city=)"}}}));
}

// ---- Ends

TEST(gemini_stream, names_every_reason) {
  struct row {
    std::string word;
    finish_reason reason;
  };
  using enum finish_reason;
  for (const auto& [word, reason] : std::vector<row>{{"STOP", stop},
                                                     {"MAX_TOKENS", length},
                                                     {"SAFETY", content_filter},
                                                     {"RECITATION", content_filter},
                                                     {"BLOCKLIST", content_filter},
                                                     {"PROHIBITED_CONTENT", content_filter},
                                                     {"SPII", content_filter},
                                                     {"IMAGE_SAFETY", content_filter},
                                                     {"MALFORMED_FUNCTION_CALL", other},
                                                     {"LANGUAGE", other},
                                                     {"OTHER", other},
                                                     {"SOMETHING_NEW", other}}) {
    const decoded d = decode_chunks({R"({"candidates":[{"finishReason":")" + word + "\"}]}"});
    EXPECT_EQ(d.response.finish, reason) << word;
    EXPECT_EQ(d.response.finish_raw, word);
  }
}

TEST(gemini_stream, is_not_over_because_a_reason_is_unspecified) {
  EXPECT_EQ(decode_chunks({R"({"candidates":[{"finishReason":"FINISH_REASON_UNSPECIFIED"}]})"})
                .error_type(),
            "stream_cut");
  EXPECT_EQ(decode_chunks({R"({"promptFeedback":{"blockReason":"BLOCK_REASON_UNSPECIFIED"}})"})
                .error_type(),
            "stream_cut");
}

TEST(gemini_stream, goes_on_after_a_reason) {
  const decoded d = decode_chunks(
      {R"({"candidates":[{"content":{"parts":[{"text":"a"}]},"finishReason":"STOP"}]})",
       R"({"candidates":[{"content":{"parts":[{"text":"b"}]},"finishReason":"MAX_TOKENS"}]})"});
  EXPECT_EQ(d.response.text(), "ab");
  EXPECT_EQ(d.response.finish, finish_reason::length);
  EXPECT_EQ(d.all<response_finished>().size(), 1U);
}

TEST(gemini_stream, gives_out_thoughts_before_it_fails) {
  for (const char* last : {R"({"error":{"code":500,"message":"m","status":"INTERNAL"}})", ""}) {
    const decoded d = decode_chunks(
        {R"({"candidates":[{"content":{"parts":[{"text":"t","thought":true}]}}]})", last});
    EXPECT_EQ(d.response.message.parts,
              (std::vector<part>{reasoning_part{"t", R"({"gemini":{"thought":true}})"}}));
    EXPECT_EQ(d.error_type(), *last ? "500" : "stream_cut") << d.what();
  }
}

TEST(gemini_stream, counts_as_usage_does) {
  struct row {
    std::string counts;
    skein::usage usage;
  };
  for (const auto& r : std::vector<row>{
           {R"("promptTokenCount":5)", {.input = 5}},
           {R"("promptTokenCount":5,"toolUsePromptTokenCount":7)", {.input = 12}},
           {R"("thoughtsTokenCount":4)", {.output = 4, .reasoning = 4}},
           {R"("candidatesTokenCount":3,"thoughtsTokenCount":4)", {.output = 7, .reasoning = 4}},
           {R"("promptTokenCount":9,"cachedContentTokenCount":8)", {.input = 9, .cache_read = 8}},
           {R"("promptTokenCount":-1,"candidatesTokenCount":"3")", {}}}) {
    const decoded d =
        decode_chunks({R"({"usageMetadata":{)" + r.counts + "}}",
                       R"({"candidates":[{"finishReason":"STOP"}],"usageMetadata":{}})"});
    EXPECT_EQ(d.response.usage, r.usage) << r.counts;
  }
}

// ---- Whole answers

TEST(gemini_whole, is_read_as_an_object_or_as_the_array_of_all_chunks) {
  const std::string one =
      R"({"candidates":[{"content":{"parts":[{"text":"a"}]},"finishReason":"STOP"}]})";
  const std::string open = R"({"candidates":[{"content":{"parts":[{"text":"b"}]}}]})";
  EXPECT_EQ(decode_whole(one).response.text(), "a");
  EXPECT_EQ(decode_whole("[" + open + "," + one + "]").response.text(), "ba");
  EXPECT_EQ(decode_whole("[" + open + "]").error_type(), "stream_cut");
  EXPECT_EQ(decode_whole("[" + open + R"(,{"error":{"code":500,"message":"m"}}])").error_type(),
            "500");
  EXPECT_EQ(decode_whole(open).response.finish, finish_reason::none);
  EXPECT_EQ(decode_whole(R"({"promptFeedback":{"blockReason":"SAFETY"}})").response.finish,
            finish_reason::content_filter);
  EXPECT_EQ(decode_whole(R"({"usageMetadata":{"promptTokenCount":1}})").error_type(), "malformed");
  EXPECT_EQ(decode_whole("{").error_type(), "malformed");
}

}  // namespace
}  // namespace skein::gemini::test
